import { CHAINS } from '../iptables/chains';
import { MARKS } from '../iptables/marks';
import type { Table } from '../iptables/table';
import type { KernelFeature } from './feature';
import { isPortWay, markOf } from './ways';

/** mangle: clamps the MSS of TCP connections to other hosts. */
export const segmentSize: KernelFeature = {
  iptables: ({ mangle, ways }) => {
    const remote = ways.filter((way) => markOf(way) !== MARKS.none);
    if (remote.some((way) => isPortWay(way) && way.forward.transport === 'tcp'))
      clampSegmentSize(mangle, '-m conntrack --ctstate DNAT');
  },
};

/**
 * Tells both ends of a connection to send no segments that are too large for the path through the gateway. Path MTU
 * discovery would find the limit too, but not if a firewall drops its messages.
 */
export function clampSegmentSize(mangle: Table, match: string): void {
  mangle.hook('FORWARD', '-p tcp --tcp-flags SYN,RST SYN', CHAINS.mss);
  if (mangle.isNew(CHAINS.mss)) mangle.remark(CHAINS.mss, 'no segment larger than the way through the gateway');
  mangle.addCommon(CHAINS.mss, `-p tcp ${match}`, '-j TCPMSS --clamp-mss-to-pmtu');
}
