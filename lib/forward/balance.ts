/**
 * How several targets share, each by its weight; a client is an IPv4 address or an IPv6 /64.
 * - `random`: each new connection draws a lot (iptables).
 * - `round-robin`: one after the other (nginx).
 * - `least-connections`: whoever has the fewest open connections for its weight (nginx).
 * - `source`: a client always gets the same target, for as long as the targets stay the same (both engines).
 * - `cookie`: the same for a browser, which the gateway gives a cookie of its own (HTTP).
 */
export type Balance = 'random' | 'round-robin' | 'least-connections' | 'source' | 'cookie';

/** How connections and datagrams can be shared; `random` by iptables alone, `round-robin` and `least-connections` by nginx. */
export type TransportBalance = Exclude<Balance, 'cookie'>;

/** How requests can be shared. */
export type HttpBalance = Exclude<Balance, 'random'>;

/** What each way of forwarding can do, its default first. */
export const BALANCES = {
  iptables: ['random', 'source'],
  nginx: ['round-robin', 'least-connections', 'source'],
  http: ['round-robin', 'least-connections', 'source', 'cookie'],
} as const satisfies Readonly<Record<string, readonly [Balance, ...Balance[]]>>;

/** Those that lead a client to one target. nginx has no targets in reserve for them. */
export function isSticky(balance: Balance): boolean {
  return balance === 'source' || balance === 'cookie';
}

/** A client's place among the targets is drawn from so many; each is a rule of its own. */
export const MAX_BUCKETS = 64;

/** How many places out of all each target has: the weights, divided by what divides all of them. */
export function buckets(weights: readonly number[]): readonly number[] {
  const common = weights.reduce(greatestDivisor, 0);
  return weights.map((weight) => weight / Math.max(1, common));
}

function greatestDivisor(a: number, b: number): number {
  return b === 0 ? a : greatestDivisor(b, a % b);
}
