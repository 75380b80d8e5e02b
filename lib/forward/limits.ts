/**
 * What one client may do; a client is an IPv4 address or an IPv6 /64. What is beyond never reaches a target: iptables drops it, nginx
 * closes it.
 */
export interface ForwardLimits {
  /**
   * New connections (UDP: flows) per second, 1-10000; iptables only.
   * @default no limit
   */
  readonly newConnectionsPerSecond?: number;
  /**
   * How many new connections may come at once before `newConnectionsPerSecond` counts, 1-10000.
   * @default as many as come in 5 seconds, at least 5
   */
  readonly burst?: number;
  /**
   * Connections open at the same time, 1-65535.
   * @default no limit
   */
  readonly openConnections?: number;
}

/** The checked limits: at least one of them is there. */
export interface ResolvedLimits {
  readonly rate?: { readonly perSecond: number; readonly burst: number };
  readonly openConnections?: number;
}
