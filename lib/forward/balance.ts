/**
 * How new connections are shared between several targets, each by its weight.
 * - `random`: each connection draws a lot.
 * - `source`: a client (an IPv4 address, an IPv6 /64) always gets the same target, for as long as the targets stay the same.
 */
export type Balance = 'random' | 'source';

export const BALANCES: readonly Balance[] = ['random', 'source'];

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
