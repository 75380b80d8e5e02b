import { CHAINS, chainOf } from '../iptables/chains';

/** Names that no forward may have: one with several targets gets an iptables chain of its own, beside these. */
export const RESERVED_NAMES: readonly string[] = Object.values(CHAINS).map((chain) => chain.slice(chainOf('').length));
