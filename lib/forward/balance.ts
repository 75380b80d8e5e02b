/**
 * How new connections are shared between several targets, each by its weight.
 * - `random`: each connection draws a lot.
 * - `source`: a client (an IPv4 address, an IPv6 /64) always gets the same target, for as long as the targets stay the same.
 */
export type Balance = 'random' | 'source';

export const BALANCES: readonly Balance[] = ['random', 'source'];
