import { mergeCidrs } from '../forward/cidr';
import { CHAINS } from '../iptables/chains';
import type { Table } from '../iptables/table';
import type { IptablesInput, KernelFeature } from './feature';
import { clampSegmentSize } from './segment-size';

/**
 * `egress`, in nat, mangle and filter: private networks reach the internet under the gateway's address (dynamic NAT:
 * each connection gets one of its ports). Traffic between these networks is neither translated nor accepted.
 * Connections that are already translated belong to a forward.
 */
export const egress: KernelFeature = { iptables: writeEgress };

function writeEgress({ nat, mangle, filter, settings, family }: IptablesInput): void {
  const networks = mergeCidrs(settings.egress)
    .filter((c) => c.family === family)
    .map((c) => c.text);
  if (networks.length === 0) return;
  const add = (table: Table, match: string, jump: string) => table.addCommon(CHAINS.egress, match, jump);

  nat.hook('POSTROUTING', NOT_TRANSLATED, CHAINS.egress);
  nat.remark(CHAINS.egress, 'private networks share an address of the gateway, but not among themselves');
  for (const network of networks) add(nat, `-d ${network}`, '-j RETURN');
  for (const network of networks) add(nat, `-s ${network}`, '-j MASQUERADE');

  filter.hook('FORWARD', NOT_TRANSLATED, CHAINS.egress);
  filter.remark(CHAINS.egress, 'private networks on their way out, and answers to them');
  for (const network of networks) {
    add(filter, `-d ${network} -m conntrack --ctstate RELATED,ESTABLISHED`, '-j ACCEPT');
    add(filter, `-d ${network}`, '-j RETURN');
  }
  for (const network of networks) add(filter, `-s ${network}`, '-j ACCEPT');

  for (const network of networks) {
    clampSegmentSize(mangle, `-s ${network}`);
    clampSegmentSize(mangle, `-d ${network}`);
  }
}

const NOT_TRANSLATED = '-m conntrack ! --ctstate DNAT';
