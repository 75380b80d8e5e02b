import { mergeCidr } from 'cidr-tools';
import { type Cidr, mergeCidrs } from './cidr';
import { formatPorts, type PortRange } from './ports';
import type { Problems } from './problems';
import type { ResolvedForward } from './resolve';
import type { Target } from './target';
import { isToken } from './token';

/** One rule of a security group: traffic of a transport on ports, from (inbound) or to (outbound) a network. */
export interface TrafficRule {
  readonly transport: 'tcp' | 'udp';
  readonly ports: PortRange;
  readonly peer: Cidr;
  /** Which forwards, or which need of the gateway, this is for; several where rules were merged. */
  readonly reasons: readonly string[];
}

export const EVERYONE: Cidr = { text: '0.0.0.0/0', family: 4 };

/** What the security group lets in: each forward's listener from its sources, and port 22 from the admin CIDR. */
export function inboundTraffic(forwards: readonly ResolvedForward[], admin: Cidr): readonly TrafficRule[] {
  const listeners = forwards.flatMap((f) => {
    const peers = f.allowFrom.length > 0 ? f.allowFrom : [EVERYONE];
    return peers.map((peer): TrafficRule => ({ transport: f.transport, ports: f.listen, peer, reasons: [f.name] }));
  });
  return mergeTraffic([
    ...listeners,
    { transport: 'tcp', ports: { from: 22, to: 22 }, peer: admin, reasons: ['SSH of the admin'] },
  ]);
}

/** What every gateway needs of the world: names, time, packages, and AWS itself. */
const NEEDS: readonly TrafficRule[] = (
  [
    ['udp', 53, 'DNS'],
    ['tcp', 53, 'DNS'],
    ['udp', 123, 'NTP'],
    ['tcp', 80, 'HTTP: packages'],
    ['tcp', 443, 'HTTPS: packages, AWS'],
  ] as const
).map(([transport, port, reason]) => ({
  transport,
  ports: { from: port, to: port },
  peer: EVERYONE,
  reasons: [reason],
}));

/** What the security group lets out: the gateway's own needs, and targets as they are after the destination was changed. */
export function outboundTraffic(forwards: readonly ResolvedForward[]): readonly TrafficRule[] {
  const targets = forwards.flatMap((f) =>
    f.targets
      .filter((t) => t.kind !== 'local')
      .map((t): TrafficRule => ({ transport: f.transport, ports: t.ports, peer: targetNetwork(t), reasons: [f.name] })),
  );
  return mergeTraffic([...NEEDS, ...targets]);
}

/** A name may stand for any address. */
function targetNetwork({ kind, host }: Target): Cidr {
  if (kind === 'ipv6') return { text: `${host}/128`, family: 6 };
  return kind === 'ipv4' ? { text: `${host}/32`, family: 4 } : EVERYONE;
}

/**
 * The same traffic in fewer rules (AWS allows 60 per family and direction): networks of the same ports are joined, then
 * ports of the same network. Nothing more is let through than before.
 */
export function mergeTraffic(rules: readonly TrafficRule[]): readonly TrafficRule[] {
  const byPorts = group(rules, (r) => `${r.transport} ${formatPorts(r.ports)}`).flatMap(joinNetworks);
  return group(byPorts, (r) => `${r.transport} ${r.peer.text}`).flatMap(joinPorts);
}

function joinNetworks(rules: readonly [TrafficRule, ...TrafficRule[]]): readonly TrafficRule[] {
  return mergeCidrs(rules.map((r) => r.peer)).map((peer) => ({
    ...rules[0],
    peer,
    reasons: unique(rules.filter((r) => within(r.peer, peer)).flatMap((r) => r.reasons)),
  }));
}

function joinPorts(rules: readonly [TrafficRule, ...TrafficRule[]]): readonly TrafficRule[] {
  const joined: TrafficRule[] = [];
  for (const rule of rules.toSorted((a, b) => a.ports.from - b.ports.from)) {
    const last = joined.at(-1);
    if (last === undefined || rule.ports.from > last.ports.to + 1) {
      joined.push(rule);
      continue;
    }
    const ports = { from: last.ports.from, to: Math.max(last.ports.to, rule.ports.to) };
    joined[joined.length - 1] = { ...last, ports, reasons: unique([...last.reasons, ...rule.reasons]) };
  }
  return joined;
}

function within(inner: Cidr, outer: Cidr): boolean {
  if (isToken(inner.text) || isToken(outer.text)) return inner.text === outer.text;
  return inner.family === outer.family && mergeCidr([inner.text, outer.text]).join() === outer.text;
}

function group(
  rules: readonly TrafficRule[],
  key: (rule: TrafficRule) => string,
): (readonly [TrafficRule, ...TrafficRule[]])[] {
  const groups = new Map<string, [TrafficRule, ...TrafficRule[]]>();
  for (const rule of rules) {
    const found = groups.get(key(rule));
    if (found === undefined) groups.set(key(rule), [rule]);
    else found.push(rule);
  }
  return [...groups.values()];
}

function unique(values: readonly string[]): readonly string[] {
  return [...new Set(values)];
}

/** AWS counts rules for each direction and address family by itself; here it would show only in the middle of a deploy. */
export function checkTraffic(
  traffic: { readonly inbound: readonly TrafficRule[]; readonly outbound: readonly TrafficRule[] },
  limit: number,
  problems: Problems,
): void {
  for (const [direction, rules] of Object.entries(traffic)) {
    for (const family of [4, 6] as const) {
      const own = rules.filter((r) => r.peer.family === family);
      if (own.length <= limit) continue;
      const byReason = [...group(own, (r) => r.reasons.join(', '))].map(
        (g) => [g[0].reasons.join(', '), g.length] as const,
      );
      const largest = byReason.toSorted((a, b) => b[1] - a[1]).slice(0, 5);
      problems.add(
        'forwards',
        `must need at most ${limit} ${direction} IPv${family} security group rules (after merging; raise the quota at AWS and maxSecurityGroupRules, or allow larger networks); most are for ${largest.map(([reason, n]) => `${reason}: ${n}`).join('; ')}`,
        own.length,
      );
    }
  }
}
