import type { ImportedForward } from '../imported';
import type { Ledger } from '../ledger';
import { covers } from './admission';
import { flatten, type Rule, type Ruleset } from './rule';

type Props = Readonly<Record<string, unknown>>;

/** What the rules say of the gateway itself: who may log in, who is blocked, whose packets go out through it. */
export function gatewayProps(rules: Ruleset, forwards: ReadonlyMap<string, ImportedForward>, ledger: Ledger): Props {
  const tell = { rules, ledger };
  return {
    ...readEgress(tell, forwards),
    ...readBlocked(tell),
    ...readInput(tell, forwards),
  };
}

interface Tell {
  readonly rules: Ruleset;
  readonly ledger: Ledger;
}

/** Networks of containers: their engine adds its rules itself. */
const OF_CONTAINERS = /^172\.(1[7-9]|2\d|3[01])\./;

function readEgress({ rules, ledger }: Tell, forwards: ReadonlyMap<string, ImportedForward>): Props {
  const networks = new Set<string>();
  for (const flat of flatten(rules, 'nat POSTROUTING')) {
    const { said: rule } = flat;
    if (flat.action.kind !== 'masquerade') continue;
    const { from, to, ports, outside } = flat.match;
    if (from?.some((network) => OF_CONTAINERS.test(network)) || /^(docker|br-)/.test(outside ?? '')) {
      ledger.remark('own', rule, 'the engine of the containers adds it itself');
    } else if (from !== undefined && to === undefined && ports === undefined) {
      ledger.take(rule);
      for (const network of from) networks.add(network);
    } else if (forwards.size > 0) {
      ledger.remark('own', rule, "forwards give their targets the gateway's address themselves");
    } else ledger.remark('lost', rule, 'egress.from lists the private networks that go out through the gateway');
  }
  return networks.size === 0 ? {} : { egress: { from: [...networks] } };
}

function readBlocked({ rules, ledger }: Tell): Props {
  const blocked = new Set<string>();
  for (const chain of ['raw PREROUTING', 'mangle PREROUTING', 'filter INPUT', 'filter FORWARD']) {
    for (const flat of flatten(rules, chain)) {
      const { from, protocol, ports, to, states, unknown, connectionsAbove } = flat.match;
      const plain = protocol === undefined && ports === undefined && to === undefined && states === undefined;
      if (
        flat.action.kind !== 'drop' ||
        from === undefined ||
        !plain ||
        unknown.length > 0 ||
        connectionsAbove !== undefined
      )
        continue;
      ledger.take(flat.said);
      for (const network of from) blocked.add(network);
    }
  }
  return blocked.size === 0 ? {} : { blocked: [...blocked] };
}

function readInput({ rules, ledger }: Tell, forwards: ReadonlyMap<string, ImportedForward>): Props {
  const admins: string[] = [];
  let ping = false;
  const targets = localTargets(forwards);
  for (const flat of flatten(rules, 'filter INPUT')) {
    const { said: rule } = flat;
    const { protocol, ports, from, inside } = flat.match;
    if (flat.action.kind !== 'accept' || ledger.has(rule)) continue;
    if (protocol === 'icmp' || protocol === 'icmpv6' || protocol === 'ipv6-icmp') {
      if (ports === undefined || ports.some((type) => /^(8|128|echo-request)/.test(type))) ping = true;
      ledger.take(rule);
    } else if (protocol === 'tcp' && ports?.includes('22')) {
      admins.push(...(from ?? []));
      if (from === undefined)
        ledger.remark('differs', rule, 'adminCidr is the one network that may log in: there is no everyone');
      else if (admins.length > 1) ledger.remark('differs', rule, 'adminCidr is one network');
      else ledger.take(rule);
    } else if (ports?.every((port) => targets.some((target) => covers(port, target)))) ledger.take(rule);
    else if (ports !== undefined && (protocol === 'tcp' || protocol === 'udp'))
      ledger.remark(
        'lost',
        rule,
        'a service of the host itself: let it listen on another port, and lead a forward there',
      );
    else if (inside === 'lo') ledger.remark('own', rule, 'as Portway does');
  }
  return { ...(admins.length === 0 ? {} : { adminCidr: admins[0] }), ...(ping ? { ping: true } : {}) };
}

/** Ports of the gateway that forwards listen on or lead to. */
function localTargets(forwards: ReadonlyMap<string, ImportedForward>): readonly string[] {
  return [...forwards.values()]
    .flatMap(({ props }) =>
      [props.listen, ...[props.to].flat()].flatMap((one) =>
        typeof one === 'object' || one === undefined ? [] : [String(one)],
      ),
    )
    .filter((one) => /^[\d-]+$/.test(one));
}

/** Everything that nothing has accounted for. */
export function tellRest({ all }: Ruleset, ledger: Ledger): void {
  for (const rule of all) {
    if (ledger.has(rule)) continue;
    const why = ownReason(rule);
    if (why !== undefined) ledger.remark('own', rule, why);
    else ledger.remark(rule.action.kind === 'drop' ? 'unprotected' : 'lost', rule, lostReason(rule));
  }
}

function ownReason({ action, match }: Rule): string | undefined {
  if (action.kind === 'jump' || action.kind === 'goto') return 'leads to another chain';
  if (action.kind === 'return' || action.kind === 'none') return 'decides nothing';
  if (action.kind === 'accept') {
    if (match.states !== undefined && !match.states.includes('NEW')) return 'established connections go on';
    return 'what forwards need is let through, and nothing else';
  }
  if (action.kind === 'drop') {
    const invalid = match.states?.every((state) => state === 'INVALID') === true;
    const rest = match.from === undefined && match.connectionsAbove === undefined && match.unknown.length === 0;
    return invalid || rest ? 'only what forwards let in comes in' : undefined;
  }
  if (action.kind !== 'other') return undefined;
  if (/^(LOG|NFLOG|ULOG|AUDIT|TRACE)$/.test(action.name)) return 'packets are counted, not logged';
  return action.name === 'TCPMSS' ? 'segments get the size that the network carries' : undefined;
}

function lostReason({ match, action }: Rule): string {
  if (match.unknown.length > 0) return `${match.unknown.join(', ')}: there is no such condition`;
  return action.kind === 'other' ? `${action.name} has no counterpart` : 'it has no counterpart';
}
