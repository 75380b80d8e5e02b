import { mergeCidr } from 'cidr-tools';
import { type Cidr, type Family, mergeCidrs } from './cidr';
import type { GatewaySettings } from './gateway-settings';
import { formatPorts, type PortRange } from './ports';
import type { Problems } from './problems';
import {
  isHealthChecked,
  isHttpsForward,
  isNginxForward,
  isPortForward,
  type ResolvedForward,
  transportsOf,
} from './resolved';
import type { Host } from './target';
import { isToken } from './token';

/** One rule of a security group: traffic from (inbound) or to (outbound) a network. */
export interface TrafficRule {
  /**
   * `icmp` and `icmpv6` mean echo requests, `all` means every protocol, and a number is an IP protocol without ports.
   */
  readonly protocol: 'tcp' | 'udp' | 'icmp' | 'icmpv6' | 'all' | number;
  /** Only for TCP and UDP. */
  readonly ports?: PortRange;
  readonly peer: Cidr;
  /** The forwards, or the need of the gateway, that this rule serves; several after merging. */
  readonly reasons: readonly string[];
  /** Whether a gateway needs it whatever its forwards are. Merged rules do not say so. */
  readonly always?: true;
}

const EVERYONE: Readonly<Record<Family, Cidr>> = {
  4: { text: '0.0.0.0/0', family: 4 },
  6: { text: '::/0', family: 6 },
};

function everyone({ ipv6 }: { readonly ipv6: boolean }): readonly Cidr[] {
  return ipv6 ? [EVERYONE[4], EVERYONE[6]] : [EVERYONE[4]];
}

/**
 * What the security group admits: each forward's listener from its sources, and port 22 from `admin`.
 * @param admin the admin CIDR, or `LOGIN_ENDPOINT`. Undefined: port 22 stays closed
 */
export function inboundTraffic(
  forwards: readonly ResolvedForward[],
  settings: GatewaySettings,
  admin: Cidr | undefined,
  join: JoinRules = mergeTraffic,
): readonly TrafficRule[] {
  const rule = (protocol: TrafficRule['protocol'], peer: Cidr, reason: string, ports?: PortRange): TrafficRule => ({
    protocol,
    ...(ports === undefined ? {} : { ports }),
    peer,
    reasons: [reason],
  });
  const listeners = forwards.flatMap((f) => {
    // A list may hold both IP versions, for others: on a gateway without IPv6 those rules would only count.
    const peers =
      connecting(f)?.filter((c) => c.list === undefined || c.family === 4 || settings.ipv6) ??
      everyone(settings).filter((c) => f.families.includes(c.family));
    return peers.flatMap((peer) =>
      isPortForward(f)
        ? transportsOf(f).map((transport) => rule(transport, peer, f.name, f.listen))
        : rule(f.protocol, peer, f.name),
    );
  });
  const { prometheus } = settings;
  return join([
    ...listeners,
    ...(admin === undefined ? [] : [rule('tcp', admin, 'SSH of the admin', { from: 22, to: 22 })]),
    ...(settings.ping === true
      ? everyone(settings).map((c) => rule(c.family === 4 ? 'icmp' : 'icmpv6', c, 'ping'))
      : []),
    ...(prometheus === undefined
      ? []
      : prometheus.from.map((c) => rule('tcp', c, 'metrics', { from: prometheus.port, to: prometheus.port }))),
    ...settings.egress.map((c) => rule('all', c, 'egress')),
  ]);
}

/**
 * The hosts that open a forward's connections; undefined is everyone. Behind proxies these are the proxies, not the
 * clients.
 */
function connecting(forward: ResolvedForward): readonly Cidr[] | undefined {
  const { admitted = forward.allowFrom } = forward;
  // To a fleet's own balancer the clients themselves connect.
  const trusted = isNginxForward(forward) ? forward.trustedProxies : undefined;
  const proxies = trusted?.balancer === true ? undefined : trusted;
  if (proxies?.by === 'proxy-protocol' || proxies?.only === true) return byPrefixList(proxies.from);
  return admitted.length === 0 ? undefined : byPrefixList([...admitted, ...(proxies?.from ?? [])]);
}

/** The networks, and in the place of some of them the prefix list that the group names. */
function byPrefixList(networks: readonly Cidr[]): readonly Cidr[] {
  const peers = new Map<string, Cidr>();
  for (const network of networks) {
    const { family, prefixList } = network;
    const peer = prefixList === undefined ? network : { text: prefixList.id, family, prefixList };
    peers.set(peer.text, peer);
  }
  return [...peers.values()];
}

/** As how many rules AWS counts one. */
function weightOf({ peer }: TrafficRule): number {
  return peer.prefixList?.weight ?? 1;
}

function countOf(rules: readonly TrafficRule[]): number {
  return rules.reduce((sum, rule) => sum + weightOf(rule), 0);
}

/** What every gateway itself needs: names, time, packages, and AWS. */
const NEEDS = [
  ['udp', 53, 'DNS'],
  ['tcp', 53, 'DNS'],
  ['udp', 123, 'NTP'],
  ['tcp', 80, 'HTTP: packages'],
  ['tcp', 443, 'HTTPS: packages, AWS'],
] as const;

/** What the security group lets out: the gateway's own needs, and connections to targets after translation. */
export function outboundTraffic(
  forwards: readonly ResolvedForward[],
  settings: GatewaySettings,
  join: JoinRules = mergeTraffic,
): readonly TrafficRule[] {
  // Private networks that go out may use any port, which includes everything else.
  if (settings.egress.length > 0)
    return everyone(settings).map((peer) => ({ protocol: 'all', peer, reasons: ['egress', 'forwards', 'packages'] }));
  const needs = everyone(settings).flatMap((peer) =>
    NEEDS.map(
      ([protocol, port, reason]): TrafficRule => ({
        protocol,
        ports: { from: port, to: port },
        peer,
        reasons: [reason],
        always: true,
      }),
    ),
  );
  const targets = forwards.flatMap((f): readonly TrafficRule[] => {
    if (!isPortForward(f)) return [{ protocol: f.protocol, peer: hostNetwork(f.target), reasons: [f.name] }];
    return f.targets
      .filter((t) => t.kind !== 'local')
      .map((t) => ({ protocol: f.transport, ports: t.ports, peer: hostNetwork(t), reasons: [f.name] }));
  });
  const pings = forwards
    .filter(isHealthChecked)
    .filter((f) => f.healthCheck.by === 'ping')
    .flatMap((f) => f.targets.filter((t) => t.kind === 'ipv4' || t.kind === 'ipv6').map((t) => [f, t] as const))
    .map(([f, t]): TrafficRule => {
      const peer = hostNetwork(t);
      return { protocol: peer.family === 4 ? 'icmp' : 'icmpv6', peer, reasons: [`health of ${f.name}`] };
    });
  // A TCP forward's own ports are open to it already.
  const checks = forwards
    .filter(isHealthChecked)
    .filter((f) => f.healthCheck.by !== 'ping')
    .filter((f) => f.healthCheck.port !== undefined || f.transport === 'udp')
    .flatMap(({ name, healthCheck, targets: all }) =>
      all
        .filter((t) => t.kind !== 'local')
        .map((t): TrafficRule => {
          const port = healthCheck.port ?? t.ports.from;
          return {
            protocol: 'tcp',
            ports: { from: port, to: port },
            peer: hostNetwork(t),
            reasons: [`health of ${name}`],
          };
        }),
    );
  return join([...needs, ...authorities(forwards, settings), ...targets, ...pings, ...checks]);
}

/** CAs that listen on another port than that of HTTPS. */
function authorities(forwards: readonly ResolvedForward[], settings: GatewaySettings): readonly TrafficRule[] {
  return forwards.filter(isHttpsForward).flatMap(({ name, tls }) => {
    const url = tls.source === 'acme' && !isToken(tls.server) ? new URL(tls.server) : undefined;
    if (url === undefined || url.port === '') return [];
    const port = Number(url.port);
    return everyone(settings).map(
      (peer): TrafficRule => ({ protocol: 'tcp', ports: { from: port, to: port }, peer, reasons: [`CA of ${name}`] }),
    );
  });
}

/** A name may stand for any address. */
function hostNetwork({ kind, host }: Host): Cidr {
  if (kind === 'ipv6') return { text: `${host}/128`, family: 6 };
  return kind === 'ipv4' ? { text: `${host}/32`, family: 4 } : EVERYONE[4];
}

/** Makes fewer rules of those that all forwards need. */
export type JoinRules = (rules: readonly TrafficRule[]) => readonly TrafficRule[];

/**
 * Joins only equal rules, so that adding or removing a forward leaves the rules of all others as they are: AWS changes a rule by taking
 * it away first. Merges them as `mergeTraffic` does where they are more than `limit` in a family.
 */
export function separateTraffic(limit: number): JoinRules {
  return (rules) => {
    const equal = group(rules, (r) => `${r.protocol} ${r.ports && formatPorts(r.ports)} ${r.peer.text}`);
    const separate = equal.map(
      (same) => same.find((r) => r.always) ?? { ...same[0], reasons: unique(same.flatMap((r) => r.reasons)) },
    );
    const isTooMany = ([4, 6] as const).some((f) => countOf(separate.filter((r) => r.peer.family === f)) > limit);
    return isTooMany ? mergeTraffic(rules) : separate;
  };
}

/**
 * The same traffic in fewer rules (AWS allows 60 per IP version and direction). First the networks with the same ports
 * are joined, then the ports of the same network. No further traffic is let through.
 */
export function mergeTraffic(rules: readonly TrafficRule[]): readonly TrafficRule[] {
  const isNetwork = ({ peer }: TrafficRule) => peer.prefixList === undefined && peer.endpoint === undefined;
  const named = rules.filter((r) => !isNetwork(r));
  const networks = rules.filter(isNetwork);
  const byPorts = group(networks, (r) => `${r.protocol} ${r.ports && formatPorts(r.ports)}`).flatMap(joinNetworks);
  return group([...byPorts, ...named], (r) => `${r.protocol} ${r.peer.text}`).flatMap(joinPorts);
}

function joinNetworks(rules: readonly [TrafficRule, ...TrafficRule[]]): readonly TrafficRule[] {
  const { always: _, ...first } = rules[0];
  return mergeCidrs(rules.map((r) => r.peer)).map((peer) => ({
    ...first,
    peer,
    reasons: unique(rules.filter((r) => within(r.peer, peer)).flatMap((r) => r.reasons)),
  }));
}

function joinPorts(rules: readonly [TrafficRule, ...TrafficRule[]]): readonly TrafficRule[] {
  const joined: [TrafficRule, ...TrafficRule[]][] = [];
  // The highest port of the rules that are joined last; undefined if they have no ports.
  let last: number | undefined;
  for (const rule of rules.toSorted((a, b) => (a.ports?.from ?? 0) - (b.ports?.from ?? 0))) {
    const { ports } = rule;
    const isNext = last !== undefined && ports !== undefined && ports.from <= last + 1;
    if (isNext) joined.at(-1)?.push(rule);
    else joined.push([rule]);
    last = isNext ? Math.max(last ?? 0, ports?.to ?? 0) : ports?.to;
  }
  return joined.map(asOneRule);
}

/** Rules of the same network with ports that follow on each other, in their order. */
function asOneRule(rules: readonly [TrafficRule, ...TrafficRule[]]): TrafficRule {
  const [first] = rules;
  if (rules.length === 1 || first.ports === undefined) return first;
  const to = rules.reduce((highest, { ports }) => Math.max(highest, ports?.to ?? 0), 0);
  return { ...first, ports: { from: first.ports.from, to }, reasons: unique(rules.flatMap((r) => r.reasons)) };
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

/**
 * AWS counts the rules of each direction and IP version. Without this check, the limit would show only in the middle of
 * a deploy.
 */
export function checkTraffic(
  traffic: { readonly inbound: readonly TrafficRule[]; readonly outbound: readonly TrafficRule[] },
  limit: number,
  problems: Problems,
): void {
  for (const [direction, rules] of Object.entries(traffic)) {
    for (const family of [4, 6] as const) {
      const own = rules.filter((r) => r.peer.family === family);
      if (countOf(own) <= limit) continue;
      const byReason = [...group(own, (r) => r.reasons.join(', '))].map(
        (g) => [g[0].reasons.join(', '), countOf(g)] as const,
      );
      const largest = byReason.toSorted((a, b) => b[1] - a[1]).slice(0, 5);
      problems.add(
        'forwards',
        `must need at most ${limit} ${direction} IPv${family} security group rules (after merging; raise the quota at AWS and maxSecurityGroupRules, or ${own.some((r) => r.peer.prefixList !== undefined) ? 'name prefix lists on fewer ports: each rule with one counts as its weight' : 'allow larger networks'}); most are for ${largest.map(([reason, n]) => `${reason}: ${n}`).join('; ')}`,
        countOf(own),
      );
    }
  }
}
