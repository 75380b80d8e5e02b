import { CHAINS } from '../iptables/chains';
import { MARKS, MATCH_NOT_REMOTE, TRANSLATED } from '../iptables/marks';
import type { Table } from '../iptables/table';
import type { KernelFeature } from './feature';
import { clampSegmentSize } from './segment-size';
import { isPortWay, markOf, type Way } from './ways';

/** filter: accepts the connections of forwards to other hosts. */
export const passage: KernelFeature = {
  iptables: ({ filter, ways }) => {
    const remote = ways.filter((way) => markOf(way) !== MARKS.none);
    if (remote.length > 0) writePassage(filter, remote);
  },
};

/**
 * Other software (docker, ufw) sets the policy of FORWARD to DROP. Untranslated connections do not belong to forwards.
 * A translated one is assured once both sides have answered: its packets pass a single match. Before that, its first
 * packet has a mark, and the next ones are recognized by being confirmed, which a connection is when its first packet
 * has passed all chains. ESTABLISHED would come too late: it needs a reply first.
 */
function writePassage(filter: Table, remote: readonly Way[]): void {
  filter.hook('FORWARD', `${TRANSLATED} --ctstatus ASSURED`, CHAINS.forward);
  filter.hook('FORWARD', TRANSLATED, CHAINS.new);
  filter.remark(CHAINS.forward, 'to targets on other hosts, and back');
  filter.addCommon(CHAINS.forward, '', '-j ACCEPT');
  filter.remark(CHAINS.new, "first packets of other software's connections");
  filter.addCommon(CHAINS.new, `${MATCH_NOT_REMOTE} -m conntrack ! --ctstatus CONFIRMED`, '-j RETURN');
  if (remote.some((way) => isPortWay(way) && way.forward.transport === 'tcp')) clampSegmentSize(filter, CHAINS.new);
  filter.addCommon(CHAINS.new, '', '-j ACCEPT');
}
