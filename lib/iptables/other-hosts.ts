import { type PortRules, writeByPort } from './by-port';
import { CHAINS } from './chains';
import { MARKS, MATCH_MARKED, MATCH_REMOTE, matchMark, UNMARK } from './marks';
import { matchOriginalPorts } from './rule';
import type { Table } from './table';
import { isPortWay, markOf, type PortWay, type Way } from './ways';

interface Tables {
  readonly nat: Table;
  readonly mangle: Table;
  readonly filter: Table;
}

/** nat, mangle and filter: what targets on other hosts need beside a destination. */
export function writeOtherHosts({ nat, mangle, filter }: Tables, ways: readonly Way[]): void {
  const marks = new Set(ways.map(markOf));
  if (marks.has(MARKS.answered)) writeAnswered(nat);
  const kept = ways.filter((way) => markOf(way) === MARKS.kept);
  if (kept.length > 0) writeKept(nat, kept);
  writeUnmarking(nat, ways);
  const remote = ways.filter((way) => markOf(way) !== MARKS.none);
  if (remote.length === 0) return;
  if (remote.some((way) => isPortWay(way) && way.forward.transport === 'tcp'))
    writeSegmentSize(mangle, '-m conntrack --ctstate DNAT');
  writePassage(filter);
}

/** A target must answer to the gateway, or its replies would reach the client from an address it never asked. */
function writeAnswered(nat: Table): void {
  nat.hook('POSTROUTING', matchMark(MARKS.answered), CHAINS.snat);
  nat.remark(CHAINS.snat, 'targets on other hosts answer to the gateway');
  nat.addCommon(CHAINS.snat, '', UNMARK);
  // A forward may have targets on the gateway as well, and the gateway may be its client.
  nat.addCommon(CHAINS.snat, '! -o lo', '-j MASQUERADE');
}

/** Where a target sees its clients, its own connections must still be the gateway's: an answer to itself would never leave it. */
function writeKept(nat: Table, ways: readonly Way[]): void {
  nat.hook('POSTROUTING', matchMark(MARKS.kept), CHAINS.keep);
  nat.remark(CHAINS.keep, 'targets on other hosts see the client, but not themselves');
  nat.addCommon(CHAINS.keep, '', UNMARK);
  const toItself = (way: Way): PortRules['write'] => {
    const hosts = new Set(way.targets.flatMap((t) => t.host ?? []));
    return (chain) => {
      for (const host of hosts) nat.add(chain, [`-s ${host} -d ${host}`], way.forward.name, '-j MASQUERADE');
    };
  };
  const rules = ways.filter(isPortWay).map((way: PortWay) => ({
    transport: way.forward.transport,
    ports: way.forward.listen,
    rules: way.targets.length,
    write: toItself(way),
  }));
  writeByPort(nat, CHAINS.keep, rules, matchOriginalPorts);
  for (const way of ways) if (!isPortWay(way)) toItself(way)(CHAINS.keep);
}

/** Marks that were not taken away by the chains above: of packets to the gateway itself. */
function writeUnmarking(nat: Table, ways: readonly Way[]): void {
  const stays = (way: Way) => way.targets.some((t) => t.kind === 'local');
  const isPlaced = (way: Way) => isPortWay(way) && way.forward.balance === 'source' && way.targets.length > 1;
  if (!ways.some((way) => stays(way) && (isPlaced(way) || markOf(way) !== MARKS.none))) return;
  for (const builtIn of ['INPUT', 'POSTROUTING']) nat.hook(builtIn, MATCH_MARKED, CHAINS.mark);
  nat.remark(CHAINS.mark, 'marks are for our own rules alone');
  nat.addCommon(CHAINS.mark, '', UNMARK);
}

/**
 * Other software (docker, ufw) sets the policy of FORWARD to DROP. A connection whose first packet passed is confirmed, and passes
 * from then on; not state ESTABLISHED, which it only has once it was answered. Connections that nobody translated are not ours.
 */
function writePassage(filter: Table): void {
  filter.hook('FORWARD', '-m conntrack --ctstate DNAT --ctstatus CONFIRMED', CHAINS.forward);
  filter.hook('FORWARD', MATCH_REMOTE, CHAINS.forward);
  filter.remark(CHAINS.forward, 'to targets on other hosts, and back');
  filter.addCommon(CHAINS.forward, '', '-j ACCEPT');
}

/**
 * Both sides of a connection are told to send no segment that is too large for the way through the gateway. They would find out by
 * themselves, but only where no firewall on the way keeps the notice from them.
 */
export function writeSegmentSize(mangle: Table, match: string): void {
  mangle.hook('FORWARD', '-p tcp --tcp-flags SYN,RST SYN', CHAINS.mss);
  if (mangle.isNew(CHAINS.mss)) mangle.remark(CHAINS.mss, 'no segment larger than the way through the gateway');
  mangle.addCommon(CHAINS.mss, `-p tcp ${match}`, '-j TCPMSS --clamp-mss-to-pmtu');
}
