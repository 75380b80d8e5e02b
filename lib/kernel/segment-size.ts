import type { Table } from '../iptables/table';

/**
 * Tells both ends of a connection to send no segments that are too large for the path through the gateway. Path MTU
 * discovery would find the limit too, but not if a firewall drops its messages. The rule must come before what accepts
 * the packets.
 *
 * @param matches a match for each rule, such as a network
 */
export function clampSegmentSize(filter: Table, chain: string, matches: readonly string[] = ['']): void {
  filter.remark(chain, 'no segment larger than the way through the gateway');
  for (const match of matches)
    filter.addCommon(chain, `${match} -p tcp --tcp-flags SYN,RST SYN`.trim(), '-j TCPMSS --clamp-mss-to-pmtu');
}
