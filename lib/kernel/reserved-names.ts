import { CHAINS, chainOf } from '../iptables/chains';

/** Names that no forward may have: a forward with several targets gets its own iptables chain beside these. */
export const RESERVED_NAMES: readonly string[] = Object.values(CHAINS).map((chain) => chain.slice(chainOf('').length));
