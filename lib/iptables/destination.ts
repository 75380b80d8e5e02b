import { type Cidr, type Family, isEverything, mergeCidrs } from '../forward/cidr';
import { formatPorts } from '../forward/ports';
import type { PortForward } from '../forward/resolved';
import { formatHost, formatTarget, type Target } from '../forward/target';
import { sharedChain, writeSharedChain, writeUnmarking } from './balance';
import { type PortRules, writeByPort } from './by-port';
import { CHAINS } from './chains';
import { jumpTo, matchPorts, type ProtocolWay, type Way } from './rule';
import type { Table } from './table';

/**
 * Only packets addressed to the gateway itself are forwards' business. Without this match the host's own connections to
 * port 80 and 443 of other hosts (packages, AWS) would be led to the application, and so would routed traffic.
 */
const ADDRESSED_TO_GATEWAY = '-m addrtype --dst-type LOCAL';

/** nat: where new connections are led. */
export function writeDestinations(nat: Table, ways: readonly Way[], protocols: readonly ProtocolWay[]): void {
  if (ways.length + protocols.length === 0) return;
  nat.hook('PREROUTING', ADDRESSED_TO_GATEWAY, CHAINS.dnat);
  // Connections that the gateway makes to itself do not pass PREROUTING.
  nat.hook('OUTPUT', ADDRESSED_TO_GATEWAY, CHAINS.dnat);
  writeByPort(
    nat,
    CHAINS.dnat,
    ways.map((way) => destination(nat, way)),
    matchPorts,
  );
  if (ways.some((way) => way.forward.balance === 'source' && way.targets.length > 1)) writeUnmarking(nat);
  for (const { forward, target } of protocols) {
    nat.remark(CHAINS.dnat, `${forward.name}: protocol ${forward.protocol} to ${target.host}`);
    const matches = [matchInterface(forward.interface), `-p ${forward.protocol}`];
    nat.add(CHAINS.dnat, matches, forward.name, `-j DNAT --to-destination ${formatHost(target)}`);
  }
}

function destination(nat: Table, way: Way): PortRules {
  const { forward, targets } = way;
  const { transport, listen, name } = forward;
  const shared = sharedChain(way);
  const jump = shared === undefined ? targets.map((t) => jumpTo(t, listen)).join() : `-j ${shared.chain}`;
  const sources = sourceMatches(forward.allowFrom, way.family);
  const write = (chain: string): void => {
    nat.remark(chain, describe(forward, targets));
    for (const source of sources)
      nat.add(chain, [source, matchInterface(forward.interface), matchPorts(transport, listen)], name, jump);
    if (shared !== undefined) writeSharedChain(nat, shared);
  };
  return { transport, ports: listen, rules: sources.length, write };
}

function matchInterface(name: string | undefined): string {
  return name === undefined ? '' : `-i ${name}`;
}

/** One match for each source network; an empty match where everyone is allowed. */
function sourceMatches(allowFrom: readonly Cidr[], family: Family): readonly string[] {
  if (allowFrom.length === 0) return [''];
  const sources = mergeCidrs(allowFrom).filter((c) => c.family === family);
  if (sources.some(isEverything)) return [''];
  // The gateway may always use its own forwards; otherwise a health check on the host would see another world.
  return [...sources.map((c) => `-s ${c.text}`), '-m addrtype --src-type LOCAL'];
}

function describe({ name, transport, listen }: PortForward, targets: readonly Target[]): string {
  const weighted = targets.some((t) => t.weight !== 1);
  const words = targets.map((t) => (weighted ? `${formatTarget(t)} (weight ${t.weight})` : formatTarget(t)));
  return `${name}: ${transport} ${formatPorts(listen)} to ${words.join(', ')}`;
}
