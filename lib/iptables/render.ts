import { type Cidr, isEverything, mergeCidrs } from '../forward/cidr';
import { type GatewaySettings, NO_SETTINGS } from '../forward/gateway-settings';
import { formatPorts } from '../forward/ports';
import { isPortForward, type PortForward, type ResolvedForward } from '../forward/resolved';
import { formatTarget, type Target } from '../forward/target';
import { jumpTo, matchTranslated, type RuleFamily } from './rule';
import { Table } from './table';

/** The rules of both families, each as text for `iptables-restore --noflush` (see `Table` for its form). */
export interface IptablesRules {
  readonly v4: string;
  readonly v6: string;
}

/**
 * The chains that hold the rules; a forward with several targets has one of its own beside them (`PORTWAY-<name>`).
 * Names of chains hold at most 28 characters, and forwards may not take these three names.
 */
const CHAINS = { dnat: 'PORTWAY-DNAT', snat: 'PORTWAY-SNAT', forward: 'PORTWAY-FORWARD' } as const;

/**
 * Only packets addressed to the gateway itself are forwards' business. Without this match the host's own connections to
 * port 80 and 443 of other hosts (packages, AWS) would be led to the application, and so would routed traffic.
 */
const ADDRESSED_TO_GATEWAY = '-m addrtype --dst-type LOCAL';

/** The iptables-restore texts for the forwards that iptables carries; forwards of other engines are passed over. */
export function renderIptables(
  forwards: readonly ResolvedForward[],
  _settings: Pick<GatewaySettings, 'egress'> = NO_SETTINGS,
): IptablesRules {
  const own = forwards.filter(isPortForward).filter((f) => f.engine === 'iptables');
  return { v4: renderFamily(own, 4), v6: renderFamily(own, 6) };
}

function renderFamily(forwards: readonly PortForward[], family: RuleFamily): string {
  const nat = new Table('nat');
  const filter = new Table('filter');
  for (const forward of forwards) {
    const targets = forward.targets.filter((t) => reachable(t, family));
    const sources = sourceMatches(forward.allowFrom, family);
    if (targets.length === 0 || sources.length === 0) continue;
    addDestination(nat, forward, targets, sources);
    for (const target of targets.filter((t) => t.kind !== 'local')) {
      addReturnWay(nat, forward, target);
      addPassage(filter, forward, target);
    }
  }
  return `${[`# Portway: forwards carried by iptables, IPv${family}.`, nat.render(), filter.render()].join('\n')}\n`;
}

/** A port on the gateway is there in both families. */
function reachable(target: Target, family: RuleFamily): boolean {
  return target.kind === 'local' || target.kind === (family === 4 ? 'ipv4' : 'ipv6');
}

/** One match for each source network; an empty match where everyone is allowed; none where this family has no source. */
function sourceMatches(allowFrom: readonly Cidr[], family: RuleFamily): readonly string[] {
  if (allowFrom.length === 0) return [''];
  const sources = mergeCidrs(allowFrom).filter((c) => c.family === family);
  if (sources.some(isEverything)) return [''];
  // The gateway may always use its own forwards; otherwise a health check on the host would see another world.
  return sources.length === 0 ? [] : [...sources.map((c) => `-s ${c.text}`), '-m addrtype --src-type LOCAL'];
}

/** Where new connections are led: one rule for each source and, with several targets, a chain that draws lots. */
function addDestination(
  nat: Table,
  forward: PortForward,
  targets: readonly Target[],
  sources: readonly string[],
): void {
  nat.hook('PREROUTING', ADDRESSED_TO_GATEWAY, CHAINS.dnat);
  // Connections that the gateway makes to itself do not pass PREROUTING.
  nat.hook('OUTPUT', ADDRESSED_TO_GATEWAY, CHAINS.dnat);
  nat.remark(CHAINS.dnat, describe(forward, targets));
  const listener = `-p ${forward.transport} --dport ${formatPorts(forward.listen, ':')}`;
  const [only, ...others] = targets;
  if (only !== undefined && others.length === 0) {
    for (const source of sources) nat.add(CHAINS.dnat, [source, listener], forward.name, jumpTo(only, forward.listen));
    return;
  }
  const chain = `PORTWAY-${forward.name}`;
  for (const source of sources) nat.add(CHAINS.dnat, [source, listener], forward.name, `-j ${chain}`);
  for (const [i, target] of targets.entries()) {
    // Each rule sees only what the ones before it let pass: 1/n, 1/(n-1), ... and the last takes the rest.
    const left = targets.length - i;
    const lot = left > 1 ? `-m statistic --mode random --probability ${(1 / left).toFixed(8)}` : '';
    nat.add(chain, [`-p ${forward.transport}`, lot], forward.name, jumpTo(target, forward.listen));
  }
}

/** The target must answer to the gateway, or its replies would reach the client from an address it never asked. */
function addReturnWay(nat: Table, forward: PortForward, target: Target): void {
  nat.hook('POSTROUTING', '', CHAINS.snat);
  nat.add(CHAINS.snat, [matchTranslated(forward, target)], forward.name, '-j MASQUERADE');
}

/** Other software (docker, ufw) sets the policy of FORWARD to DROP. */
function addPassage(filter: Table, forward: PortForward, target: Target): void {
  if (!filter.has(CHAINS.forward)) {
    filter.hook('FORWARD', '', CHAINS.forward);
    filter.add(CHAINS.forward, ['-m conntrack --ctstate RELATED,ESTABLISHED'], '*', '-j ACCEPT');
  }
  filter.add(CHAINS.forward, [matchTranslated(forward, target)], forward.name, '-j ACCEPT');
}

function describe(forward: PortForward, targets: readonly Target[]): string {
  return `${forward.name}: ${forward.transport} ${formatPorts(forward.listen)} to ${targets.map(formatTarget).join(', ')}`;
}
