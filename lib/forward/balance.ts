/**
 * How several targets share, each by its weight; a client is an IPv4 address or an IPv6 /64.
 * - `random`: each new connection picks one at random (iptables).
 * - `round-robin`: in turn (nginx).
 * - `least-connections`: the target with the fewest open connections for its weight (nginx).
 * - `source`: a client keeps its target as long as the targets stay the same (both engines).
 * - `cookie`: a browser keeps its target, by a cookie of the gateway's own (HTTP).
 */
export type Balance = 'random' | 'round-robin' | 'least-connections' | 'source' | 'cookie';

/**
 * How connections and datagrams can be shared: `random` on iptables only, `round-robin` and `least-connections` on
 * nginx only.
 */
export type TransportBalance = Exclude<Balance, 'cookie'>;

/** How requests can be shared. */
export type HttpBalance = Exclude<Balance, 'random'>;

/** What each way of forwarding supports, its default first. */
export const BALANCES = {
  iptables: ['random', 'source'],
  nginx: ['round-robin', 'least-connections', 'source'],
  http: ['round-robin', 'least-connections', 'source', 'cookie'],
} as const satisfies Readonly<Record<string, readonly [Balance, ...Balance[]]>>;

/** Whether a client keeps its target. nginx has no backups for these balances. */
export function isSticky(balance: Balance): boolean {
  return balance === 'source' || balance === 'cookie';
}

/** A client's place is drawn from at most this many. Each place is a rule of its own. */
export const MAX_BUCKETS = 64;

/** How many places each target has: the weights, divided by their greatest common divisor. */
export function buckets(weights: readonly number[]): readonly number[] {
  const common = weights.reduce(greatestDivisor, 0);
  return weights.map((weight) => weight / Math.max(1, common));
}

function greatestDivisor(a: number, b: number): number {
  return b === 0 ? a : greatestDivisor(b, a % b);
}
