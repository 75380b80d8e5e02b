/**
 * The chains that hold the rules. Beside them a forward with several targets has one of its own (`PORTWAY-<name>`), and where
 * forwards are many, those of a range of ports have one (`PORTWAY-DNAT.t6000-6100`), which no forward's name can clash with.
 * Names of chains hold at most 28 characters, and forwards may not take these names.
 */
export const CHAINS = {
  /** nat: where new connections are led. */
  dnat: 'PORTWAY-DNAT',
  /** nat: targets on other hosts that answer to the gateway. */
  snat: 'PORTWAY-SNAT',
  /** nat: targets on other hosts that see the client. */
  keep: 'PORTWAY-KEEP',
  /** nat: takes marks away. */
  mark: 'PORTWAY-MARK',
  /** filter: what may pass to other hosts. */
  forward: 'PORTWAY-FORWARD',
  /** filter: clients that ask for too much. */
  limit: 'PORTWAY-LIMIT',
  /** mangle: segments that fit the smaller of two links. */
  mss: 'PORTWAY-MSS',
  /** nat and filter: private networks on their way out. */
  egress: 'PORTWAY-EGRESS',
} as const;

/** The chain that shares a forward's connections between its targets. */
export function chainOf(forward: string): string {
  return `PORTWAY-${forward}`;
}
