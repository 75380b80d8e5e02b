import type { Said } from '../imported';

/** What a packet must have for a rule to be about it. Undefined: anything. */
export interface Match {
  readonly protocol?: string;
  /** Ports and ranges of the destination, such as `80` and `6000-6100`. */
  readonly ports?: readonly string[];
  readonly from?: readonly string[];
  readonly notFrom?: readonly string[];
  readonly to?: readonly string[];
  readonly inside?: string;
  readonly notInside?: string;
  readonly outside?: string;
  readonly states?: readonly string[];
  /** Of the packets that come so far, the share that the rule takes. */
  readonly share?: number;
  /** Connections of one client from which on the rule is about them. */
  readonly connectionsAbove?: number;
  /** Conditions that have no counterpart. */
  readonly unknown: readonly string[];
}

export type Action =
  | {
      readonly kind: 'dnat';
      readonly addresses: readonly string[];
      readonly ports?: string;
      /** The port that leads to the first of `ports`. Without it all lead there that are not in that range already. */
      readonly base?: number;
    }
  | { readonly kind: 'jump' | 'goto'; readonly chain: string }
  | { readonly kind: 'masquerade' | 'accept' | 'drop' | 'return' | 'none' }
  | { readonly kind: 'other'; readonly name: string };

export interface Rule extends Said {
  readonly match: Match;
  readonly action: Action;
}

/** A rule with all conditions on the way to it. */
export interface FlatRule {
  readonly match: Match;
  readonly action: Action;
  /** As it stands in its chain. */
  readonly said: Rule;
}

/** The rules of a host, by where the kernel looks at packets. */
export interface Ruleset {
  /** By `nat PREROUTING`, or by the name of a chain that others jump to. */
  readonly chains: ReadonlyMap<string, readonly Rule[]>;
  /** Chains of the kernel that drop what no rule is about. */
  readonly closed: ReadonlySet<string>;
  readonly all: readonly Rule[];
  /** The version of IP that all rules are about, where that is known: those of ip6tables. */
  readonly family?: 'ipv6';
}

export const NO_MATCH: Match = { unknown: [] };

/** Deeper jumps are a loop. */
const DEEPEST = 16;

/** Rules of a chain and of those that it jumps to, each with all conditions on the way. */
export function flatten(
  { chains }: Pick<Ruleset, 'chains'>,
  chain: string,
  above: Match = NO_MATCH,
  depth = 0,
): readonly FlatRule[] {
  if (depth > DEEPEST) return [];
  return (chains.get(chain) ?? []).flatMap((rule) => {
    const match = both(above, rule.match);
    const { action } = rule;
    if (action.kind !== 'jump' && action.kind !== 'goto') return [{ match, action, said: rule }];
    const table = chain.split(' ')[0] ?? '';
    return flatten({ chains }, `${table} ${action.chain}`, match, depth + 1);
  });
}

/** Both conditions. What cannot be said in one is unknown. */
function both(above: Match, own: Match): Match {
  const merged = { ...above, ...own, unknown: [...above.unknown, ...own.unknown] };
  for (const name of Object.keys(above) as (keyof Match)[]) {
    const twice = name !== 'unknown' && name in own && JSON.stringify(own[name]) !== JSON.stringify(above[name]);
    if (twice) merged.unknown.push(`${name} twice`);
  }
  return merged;
}
