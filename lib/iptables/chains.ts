/**
 * The chains that hold the rules. In addition, a forward with several targets has its own chain (`PORTWAY-<name>`), and
 * many forwards are split into one chain for each range of ports (`PORTWAY-DNAT.t6000-6100`), whose name no forward can
 * have. Chain names are at most 28 characters long. Forwards cannot take the names below.
 */
export const CHAINS = {
  /** nat: sends new connections to their targets. */
  dnat: 'PORTWAY-DNAT',
  /** nat: connections to other hosts whose targets reply to the gateway. */
  snat: 'PORTWAY-SNAT',
  /** filter: accepts connections to other hosts, once both sides have answered. */
  forward: 'PORTWAY-FORWARD',
  /** filter: accepts the first packets of connections to other hosts, and clamps their MSS. */
  new: 'PORTWAY-NEW',
  /** nat: connections to other hosts whose targets see the client's address. */
  keep: 'PORTWAY-KEEP',
  /** filter: drops clients that exceed their limits. */
  limit: 'PORTWAY-LIMIT',
  /** nat: clears marks. */
  mark: 'PORTWAY-MARK',
  /** nat and filter: private networks that reach the internet through the gateway. */
  egress: 'PORTWAY-EGRESS',
} as const;

/** The chain that shares a forward's connections among its targets. */
export function chainOf(forward: string): string {
  return `PORTWAY-${forward}`;
}
