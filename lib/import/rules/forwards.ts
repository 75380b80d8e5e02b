import { isIP } from 'node:net';
import type { ImportedForward } from '../imported';
import type { Ledger } from '../ledger';
import { admission, both, covers, inside } from './admission';
import { type Action, type FlatRule, flatten, type Match, type Rule, type Ruleset } from './rule';

type Props = Readonly<Record<string, unknown>>;

/** Rules of one listener, in their order. */
interface Listener {
  readonly protocol: string;
  /** Undefined: a protocol without ports. */
  readonly listen: string | undefined;
  readonly rules: readonly FlatRule[];
}

/** Protocols without ports, by their names and numbers in iptables. */
const PORTLESS: Readonly<Record<string, string | number>> = {
  gre: 'gre',
  47: 'gre',
  esp: 'esp',
  50: 'esp',
  ah: 'ah',
  51: 'ah',
  ipip: 'ipip',
  ipencap: 'ipip',
  4: 'ipip',
  l2tp: 'l2tp',
  115: 'l2tp',
};

/** The forwards that DNAT and REDIRECT make. */
export function kernelForwards(rules: Ruleset, ledger: Ledger): ReadonlyMap<string, ImportedForward> {
  const forwards = new Map<string, ImportedForward>();
  for (const listener of listenersOf(flatten(rules, 'nat PREROUTING'), ledger)) {
    const read = forwardOf(listener, rules, ledger);
    if (read !== undefined)
      forwards.set(`${read.kind}${listener.listen ?? ''}`.replace('protocol', `${listener.protocol}`), read);
  }
  for (const { action, said } of flatten(rules, 'nat OUTPUT'))
    if (action.kind === 'dnat') ledger.remark('own', said, "the gateway's own connections are forwarded too");
  return forwards;
}

function listenersOf(rules: readonly FlatRule[], ledger: Ledger): readonly Listener[] {
  const listeners = new Map<string, FlatRule[]>();
  for (const rule of rules) {
    const { match, action, said } = rule;
    if (leavesOut(rule))
      ledger.remark('lost', said, 'what skips the rules after it is forwarded too: denyFrom would refuse it');
    if (action.kind !== 'dnat') continue;
    const { protocol, ports } = match;
    if (match.unknown.length > 0) {
      ledger.remark('lost', said, `${match.unknown.join(', ')}: a forward has no such condition`);
    } else if (protocol === undefined) {
      ledger.remark('lost', said, 'a forward has a protocol: all packets to one host are no forward');
    } else if (protocol === 'tcp' || protocol === 'udp') {
      if (ports === undefined) ledger.remark('lost', said, 'a forward has ports, such as 6000-6100');
      for (const port of (ports ?? []).flatMap((one) => apart(one, rule))) add(listeners, `${protocol} ${port}`, rule);
    } else add(listeners, protocol, rule);
  }
  return [...listeners].map(([key, own]) => {
    const [protocol = '', listen] = key.split(' ');
    return { protocol, listen, rules: own };
  });
}

/** Ranges of more ports stay one. */
const MOST_APART = 32;

/** The ports that need a forward each, since all of a range lead to one port; or the range, if it leads to one as long. */
function apart(listen: string, { action }: FlatRule): readonly string[] {
  const [first = 0, last = first] = listen.split('-').map(Number);
  const isShort = first < last && last - first < MOST_APART;
  if (action.kind !== 'dnat' || action.ports === undefined || !isShort || leadsToRange(listen, action)) return [listen];
  return Array.from({ length: last - first + 1 }, (_, i) => `${first + i}`);
}

/** Whether each port of a range leads to another port. The kernel shifts ports only from a base, and keeps those within. */
function leadsToRange(listen: string, { ports, base }: Extract<Action, { readonly kind: 'dnat' }>): boolean {
  return ports === listen || (ports?.includes('-') === true && base === Number(listen.split('-')[0]));
}

/** Whether a rule names a range for ports that are not in it, and no base: not as many ports, but a choice. */
function isOneOfRange({ action }: FlatRule, listen: string | undefined): boolean {
  if (action.kind !== 'dnat' || action.base !== undefined || listen === undefined) return false;
  const [first = 0, last = first] = (action.ports ?? '').split('-').map(Number);
  const [port = 0, end = port] = listen.split('-').map(Number);
  return first < last && (port < first || last < end);
}

/** The kernel chooses the first port, and another only where a client's own port would then be there twice. */
function tellRange(rule: FlatRule, listen: string | undefined, ledger: Ledger): void {
  if (!isOneOfRange(rule, listen) || rule.action.kind !== 'dnat') return;
  const { said, action } = rule;
  const port = action.ports?.split('-')[0];
  if (/\brandom\b/.test(said.text))
    ledger.remark(
      'differs',
      said,
      `the kernel chooses one of the ports ${action.ports} at random: ${port} alone gets all`,
    );
  else ledger.remark('own', said, `all goes to port ${port}, as the kernel does: only a base makes a range a shift`);
}

/** Whether a rule takes packets out of those that later rules translate. Those of containers do so for the host's own ways. */
function leavesOut({ action, match }: FlatRule): boolean {
  const skips = action.kind === 'return' || action.kind === 'accept' || action.kind === 'drop';
  return skips && !/^(lo|docker|br-)/.test(match.inside ?? '') && Object.keys(match).length > 1;
}

function add(listeners: Map<string, FlatRule[]>, key: string, rule: FlatRule): void {
  listeners.set(key, [...(listeners.get(key) ?? []), rule]);
}

interface Destination {
  readonly host: string | undefined;
  readonly to: number | string;
  readonly port: string | undefined;
  readonly share: number;
}

function forwardOf(
  { protocol, listen, rules: own }: Listener,
  rules: Ruleset,
  ledger: Ledger,
): ImportedForward | undefined {
  const [first] = own;
  if (first === undefined) return undefined;
  const used = usedTogether(own, ledger);
  const destinations = used.flatMap((rule) => destinationsOf(rule, listen));
  const [one] = destinations;
  if (one === undefined) {
    ledger.remark('lost', first.said, 'it leads to no address');
    return undefined;
  }
  if (listen?.includes('-') && one.port !== undefined && !one.port.includes('-')) {
    const why = isOneOfRange(first, listen) ? `without a base the kernel leads all of ${listen} to ${one.port}: ` : '';
    ledger.remark('lost', first.said, `${why}a range of ports leads to a range of the same length`);
    return undefined;
  }
  for (const rule of used) tellRange(rule, listen, ledger);
  const admitted = admission(rules, { protocol, host: one.host, port: one.port });
  if (admitted.nobody || admitted.from !== undefined)
    for (const rule of admitted.conditional)
      ledger.remark('lost', rule, `${rule.match.unknown.join(', ')}: a forward has no such condition`);
  if (admitted.nobody && admitted.conditional.length > 0) {
    ledger.remark('lost', first.said, 'only rules with conditions that a forward cannot have let it through');
    return undefined;
  }
  const from = both(sources(used), admitted.from);
  if (from?.length === 0) {
    ledger.remark('lost', first.said, 'the chains of filter let nobody through');
    return undefined;
  }
  ledger.take(...used.map(({ said }) => said), ...admitted.by);
  // The rules of one file may be only a part of those that hold.
  if (admitted.nobody && !isContainer(one.host))
    ledger.remark('differs', first.said, 'everyone may use it, though filter lets nobody through: see allowFrom');
  const denied = [...new Set([...used.flatMap(({ match }) => match.notFrom ?? []), ...admitted.notFrom])];
  const common = {
    ...(from === undefined ? {} : { allowFrom: [...new Set(from)] }),
    ...(denied.length === 0 ? {} : { denyFrom: denied }),
    ...interfaceOf(first, ledger),
    ...preserved(first.said, protocol, destinations, rules, ledger),
  };
  if (listen === undefined) {
    if (one.host === undefined) {
      ledger.remark('lost', first.said, 'a protocol without ports leads to another host');
      return undefined;
    }
    return {
      kind: 'protocol',
      props: { protocol: PORTLESS[protocol] ?? (Number(protocol) || protocol), to: one.host, ...common },
    };
  }
  tellContainers(first, destinations, ledger);
  const limits =
    admitted.connectionsAbove === undefined ? {} : { limits: { openConnections: admitted.connectionsAbove } };
  return {
    kind: protocol === 'udp' ? 'udp' : 'tcp',
    props: { listen: listen.includes('-') ? listen : Number(listen), to: weighted(destinations), ...common, ...limits },
  };
}

/** The first rule for all, or those that share connections. */
function usedTogether(own: readonly FlatRule[], ledger: Ledger): readonly FlatRule[] {
  const [first] = own;
  if (first === undefined) return [];
  const target = (rule: FlatRule) => JSON.stringify(rule.action);
  if (first.match.share !== undefined) {
    const end = own.findIndex(({ match }) => match.share === undefined);
    const shared = own.slice(0, end < 0 ? own.length : end + 1);
    tellUnused(own.slice(shared.length), ledger);
    const left = shared.reduce((rest, { match }) => rest * (1 - (match.share ?? 1)), 1);
    if (left > 0.001)
      ledger.remark('differs', first.said, `these targets get all connections: ${Math.round(left * 100)} % had none`);
    return shared;
  }
  // Several sources, each with a rule of its own.
  const same = own.filter((rule) => target(rule) === target(first));
  tellUnused(
    own.filter((rule) => !same.includes(rule)),
    ledger,
  );
  return same;
}

function tellUnused(rules: readonly FlatRule[], ledger: Ledger): void {
  for (const { said } of rules) ledger.remark('lost', said, 'a port has one forward: the first rule for it has it');
}

function sources(rules: readonly FlatRule[]): readonly string[] | undefined {
  if (rules.some(({ match }) => match.from === undefined)) return undefined;
  return rules.flatMap(({ match }) => match.from ?? []);
}

function destinationsOf({ action, match }: FlatRule, listen: string | undefined): readonly Destination[] {
  if (action.kind !== 'dnat') return [];
  return action.addresses.map((address) => {
    const host = address === '' || /^(127\.|::1$)/.test(address) ? undefined : address;
    const port = portOf(action, listen);
    const formatted = host !== undefined && isIP(host) === 6 ? `[${host}]` : host;
    const to =
      host === undefined
        ? port?.includes('-')
          ? port
          : Number(port)
        : port === undefined
          ? host
          : `${formatted}:${port}`;
    return { host, to, port, share: match.share ?? 1 };
  });
}

/** The port or ports of the targets. */
function portOf(action: Extract<Action, { readonly kind: 'dnat' }>, listen: string | undefined): string | undefined {
  const { ports, base } = action;
  if (ports === undefined || listen === undefined) return ports ?? listen;
  const [first = 0, last = first] = ports.split('-').map(Number);
  const [port = 0, end = port] = listen.split('-').map(Number);
  if (first === last || ports === listen) return ports;
  if (end > port && leadsToRange(listen, action)) return `${first}-${Math.min(first + end - port, last)}`;
  if (base !== undefined) return `${first + port - base}`;
  return first <= port && port <= last ? listen : `${first}`;
}

/** Targets with weights: each rule takes its share of what the ones before it leave. */
function weighted(destinations: readonly Destination[]): unknown {
  const [first] = destinations;
  if (destinations.length < 2) return first?.to;
  if (destinations.every(({ share }) => share === 1)) return [...new Set(destinations.map(({ to }) => to))];
  let left = 1;
  const shares = destinations.map(({ share }) => {
    const own = left * share;
    left -= own;
    return own;
  });
  const least = Math.min(...shares.filter((share) => share > 0.001));
  const weights = shares.map((share) => Math.max(1, Math.round(share / least)));
  return destinations.map(({ to }, i) =>
    weights.every((weight) => weight === 1) ? to : { to, weight: Math.min(weights[i] ?? 1, 1000) },
  );
}

/** Interfaces of tunnels keep their names; that of the instance has another name on EC2, and is the only one. */
function interfaceOf({ match, said }: FlatRule, ledger: Ledger): Props {
  const { inside: name } = match;
  if (name === undefined) return {};
  if (/^(wg|tun|tap|ppp|vti|gre|ipsec)/.test(name)) return { interface: name };
  ledger.remark('own', said, `${name}: the gateway has one interface, so forwards take connections from all`);
  return {};
}

/** Targets see the client's address, unless a rule gives them the gateway's. */
function preserved(
  said: Rule,
  protocol: string,
  destinations: readonly Destination[],
  rules: Ruleset,
  ledger: Ledger,
): Props {
  if (destinations.some(({ host }) => host === undefined)) return {};
  const masks = flatten(rules, 'nat POSTROUTING').filter(({ action }) => action.kind === 'masquerade');
  const covered = ({ host = '', port }: Destination, { from, to, protocol: of, ports }: Match) =>
    from === undefined &&
    (to === undefined || to.some((network) => inside(host, network))) &&
    (of === undefined || of === protocol) &&
    (ports === undefined || (port !== undefined && ports.some((range) => covers(range, port))));
  const isMasked = (one: Destination) => masks.some(({ match }) => covered(one, match));
  const found = destinations.flatMap((one) => (isMasked(one) ? [true] : singly(one).map(isMasked)));
  if (found.every(Boolean)) return {};
  if (found.some(Boolean))
    ledger.remark(
      'differs',
      said,
      'all its targets see the address of the client: preserveClientAddress is for a forward',
    );
  return { preserveClientAddress: true };
}

/** A range of ports as its ports, since each may have a rule of its own. Long ranges stay one. */
function singly(destination: Destination): readonly Destination[] {
  const [first = 0, last = first] = (destination.port ?? '').split('-').map(Number);
  if (!(last > first && last - first < MOST_APART)) return [destination];
  return Array.from({ length: last - first + 1 }, (_, i) => ({ ...destination, port: `${first + i}` }));
}

function isContainer(host = ''): boolean {
  return /^172\.(1[7-9]|2\d|3[01])\./.test(host);
}

function tellContainers({ said }: FlatRule, destinations: readonly Destination[], ledger: Ledger): void {
  if (destinations.some(({ host }) => isContainer(host)))
    ledger.remark(
      'differs',
      said,
      "a container's address changes: publish it on another port of the gateway, and lead the forward there",
    );
}
