import { CHAINS } from '../iptables/chains';
import { MARKS, MATCH_REMOTE } from '../iptables/marks';
import type { Table } from '../iptables/table';
import type { KernelFeature } from './feature';
import { markOf } from './ways';

/** filter: accepts the connections of forwards to other hosts. */
export const passage: KernelFeature = {
  iptables: ({ filter, ways }) => {
    if (ways.some((way) => markOf(way) !== MARKS.none)) writePassage(filter);
  },
};

/**
 * Other software (docker, ufw) sets the policy of FORWARD to DROP. A connection is confirmed when its first packet has
 * passed all chains. ESTABLISHED would come too late: it needs a reply first. Untranslated connections do not belong to
 * forwards.
 */
function writePassage(filter: Table): void {
  filter.hook('FORWARD', '-m conntrack --ctstate DNAT --ctstatus CONFIRMED', CHAINS.forward);
  filter.hook('FORWARD', MATCH_REMOTE, CHAINS.forward);
  filter.remark(CHAINS.forward, 'to targets on other hosts, and back');
  filter.addCommon(CHAINS.forward, '', '-j ACCEPT');
}
