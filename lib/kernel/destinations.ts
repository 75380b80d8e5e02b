import type { Family } from '../forward/cidr';
import { formatPorts } from '../forward/ports';
import { formatHost, formatTarget, type Target } from '../forward/target';
import { type PortRules, writeByPort } from '../iptables/by-port';
import { CHAINS } from '../iptables/chains';
import { MARKS, setMark } from '../iptables/marks';
import { jumpTo, matchPorts } from '../iptables/rule';
import type { Table } from '../iptables/table';
import { sharedChain, writeSharedChain } from './balance';
import type { KernelFeature } from './feature';
import { matchInterface } from './interface';
import { isPortWay, markOf, type PortWay, type ProtocolWay, type Way } from './ways';

/**
 * Forwards handle only packets addressed to the gateway. Without this match, the host's own connections to ports 80 and
 * 443 of other hosts (packages, AWS) would go to the application, and so would routed traffic.
 */
const ADDRESSED_TO_GATEWAY = '-m addrtype --dst-type LOCAL';

/**
 * Listeners never overlap, so forwards can be grouped. The first packets of a group carry its mark until they leave the
 * gateway.
 */
const GROUPS = [
  { mark: MARKS.kept, what: "to other hosts, which see the client's address" },
  { mark: MARKS.answered, what: 'to other hosts, which answer to the gateway' },
] as const;

/**
 * Other loopback addresses belong to other services (127.0.0.53 is systemd-resolved), so forwards do not listen there.
 * Programs on the gateway reach a forward through `own`.
 */
const LOOPBACK: Readonly<Record<Family, { readonly own: string; readonly all: string }>> = {
  4: { own: '127.0.0.1/32', all: '127.0.0.0/8' },
  6: { own: '::1/128', all: '::1/128' },
};

/** nat: sends new connections to their targets. */
export const destinations: KernelFeature = { iptables: ({ nat, ways }) => writeDestinations(nat, ways) };

function writeDestinations(nat: Table, ways: readonly Way[]): void {
  const [first] = ways;
  if (first === undefined) return;
  const { own, all } = LOOPBACK[first.family];
  const local = ways.filter((way) => markOf(way) === MARKS.none);
  nat.hook('PREROUTING', ADDRESSED_TO_GATEWAY, CHAINS.dnat);
  // The gateway's connections to itself do not pass PREROUTING.
  nat.hook('OUTPUT', `! -d ${all} ${ADDRESSED_TO_GATEWAY}`, CHAINS.dnat);
  if (local.length > 0) {
    nat.hook('OUTPUT', `-d ${own} ${ADDRESSED_TO_GATEWAY}`, CHAINS.dnat);
    if (local.length < ways.length) nat.remark(CHAINS.dnat, 'to the gateway itself');
    writeGroup(nat, local);
  }
  if (local.length === ways.length) return;
  if (local.length > 0) {
    nat.remark(CHAINS.dnat, 'nothing from a loopback address can leave the gateway');
    nat.addCommon(CHAINS.dnat, `-d ${own}`, '-j RETURN');
  }
  for (const { mark, what } of GROUPS) {
    const others = ways.filter((way) => markOf(way) === mark);
    if (others.length === 0) continue;
    nat.remark(CHAINS.dnat, what);
    nat.addCommon(CHAINS.dnat, '', setMark(mark));
    writeGroup(nat, others);
  }
  nat.remark(CHAINS.dnat, 'to nobody');
  nat.addCommon(CHAINS.dnat, '', setMark(MARKS.none));
}

function writeGroup(nat: Table, ways: readonly Way[]): void {
  const rules = ways.filter(isPortWay).map((way) => destination(nat, way));
  writeByPort(nat, CHAINS.dnat, rules, matchPorts);
  for (const way of ways) if (!isPortWay(way)) writeProtocol(nat, way);
}

function destination(nat: Table, way: PortWay): PortRules {
  const { forward, targets } = way;
  const { transport, listen, name } = forward;
  const shared = sharedChain(way);
  const jump = shared === undefined ? targets.map((t) => jumpTo(t, listen)).join() : `-j ${shared.chain}`;
  const write = (chain: string): void => {
    nat.remark(chain, `${name}: ${transport} ${formatPorts(listen)} to ${describe(targets)}`);
    nat.add(chain, [matchInterface(forward.interface), matchPorts(transport, listen)], name, jump);
    if (shared !== undefined) writeSharedChain(nat, shared);
  };
  return { transport, ports: listen, rules: 1, write };
}

function writeProtocol(nat: Table, { forward, targets: [target] }: ProtocolWay): void {
  nat.remark(CHAINS.dnat, `${forward.name}: protocol ${forward.protocol} to ${target.host}`);
  const matches = [matchInterface(forward.interface), `-p ${forward.protocol}`];
  nat.add(CHAINS.dnat, matches, forward.name, `-j DNAT --to-destination ${formatHost(target)}`);
}

function describe(targets: readonly Target[]): string {
  const weighted = targets.some((t) => t.weight !== 1);
  return targets.map((t) => (weighted ? `${formatTarget(t)} (weight ${t.weight})` : formatTarget(t))).join(', ');
}
