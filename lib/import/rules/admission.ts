import { containsCidr } from 'cidr-tools';
import { overlaps } from '../nginx/sources';
import { flatten, type Match, type Rule, type Ruleset } from './rule';

/** Whom a chain of `filter` lets through to a target. */
export interface Admission {
  /** Undefined: everyone. */
  readonly from?: readonly string[];
  readonly notFrom: readonly string[];
  readonly connectionsAbove?: number;
  /** The rules that say so. */
  readonly by: readonly Rule[];
  /** Whether the chain lets nobody through whom a forward can name. `from` is then undefined. */
  readonly nobody: boolean;
  /** Rules that let somebody through on conditions that a forward cannot have. */
  readonly conditional: readonly Rule[];
}

/** @param host undefined: a port of the gateway itself */
export function admission(
  rules: Ruleset,
  {
    protocol,
    host,
    port,
  }: { readonly protocol: string; readonly host: string | undefined; readonly port: string | undefined },
): Admission {
  const chain = host === undefined ? 'filter INPUT' : 'filter FORWARD';
  const allowed: string[] = [];
  const denied: string[] = [];
  const by: Rule[] = [];
  const conditional: Rule[] = [];
  let connectionsAbove: number | undefined;
  for (const rule of flatten(rules, chain)) {
    const { match, action } = rule;
    if (!isAbout(match, protocol, host, port)) continue;
    if (action.kind === 'drop' && match.connectionsAbove !== undefined) {
      connectionsAbove = match.connectionsAbove;
      by.push(rule.said);
      continue;
    }
    if (match.unknown.length > 0 || match.share !== undefined) {
      if (action.kind === 'accept' && match.unknown.length > 0) conditional.push(rule.said);
      continue;
    }
    if (action.kind === 'accept') {
      by.push(rule.said);
      if (match.notFrom !== undefined) return done(undefined, [...denied, ...match.notFrom]);
      if (match.from === undefined) return done(undefined, denied);
      allowed.push(...match.from);
    } else if (action.kind === 'drop') {
      // A network that some may use already is not wholly denied.
      if (match.from === undefined) return done(allowed, denied);
      by.push(rule.said);
      denied.push(...match.from.filter((one) => !overlaps(one, allowed)));
    }
  }
  return done(rules.closed.has(chain) ? allowed : undefined, denied);

  function done(from: readonly string[] | undefined, notFrom: readonly string[]): Admission {
    const nobody = from?.length === 0;
    return {
      ...(from === undefined || nobody ? {} : { from }),
      notFrom,
      ...(connectionsAbove === undefined ? {} : { connectionsAbove }),
      ...{ by, nobody, conditional },
    };
  }
}

function isAbout(match: Match, protocol: string, host: string | undefined, port: string | undefined): boolean {
  if (match.protocol !== undefined && match.protocol !== protocol) return false;
  if (match.states !== undefined && !match.states.includes('NEW') && !match.states.includes('DNAT')) return false;
  if (/^(lo|docker|br-|veth)/.test(match.inside ?? '') || /^(docker|br-|veth)/.test(match.outside ?? '')) return false;
  if (match.ports !== undefined && (port === undefined || !match.ports.some((one) => covers(one, port)))) return false;
  return match.to === undefined || (host !== undefined && match.to.some((network) => inside(host, network)));
}

/** Whether a range of ports holds another. */
export function covers(range: string, ports: string): boolean {
  const [from = 0, to = from] = range.split('-').map(Number);
  const [first = 0, last = first] = ports.split('-').map(Number);
  return from <= first && last <= to;
}

export function inside(address: string, network: string): boolean {
  return address.includes(':') === network.includes(':') && containsCidr(network, address);
}

/** The networks that both lists let in. Undefined: everyone. */
export function both(
  one: readonly string[] | undefined,
  other: readonly string[] | undefined,
): readonly string[] | undefined {
  if (one === undefined) return other;
  if (other === undefined) return one;
  const within = (list: readonly string[], wider: readonly string[]) =>
    list.filter((cidr) => wider.some((w) => inside(cidr, w)));
  return [...new Set([...within(one, other), ...within(other, one)])];
}
