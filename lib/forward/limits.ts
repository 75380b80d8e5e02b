import type { Known } from './known';
/**
 * What one client may do; a client is an IPv4 address or an IPv6 /64. Connections over a limit reach no target:
 * iptables drops them, nginx closes them.
 */
export interface ForwardLimits {
  /**
   * New connections (UDP: flows) per second (1-10000); iptables only.
   * @default no limit
   */
  readonly newConnectionsPerSecond?: number;
  /**
   * How many new connections may arrive at once before `newConnectionsPerSecond` applies (1-10000); iptables only.
   * @default five seconds' worth, but at least 5
   * @refused without `newConnectionsPerSecond`
   */
  readonly burst?: number;
  /**
   * How many connections may be open at once (1-65535).
   * @default no limit
   */
  readonly openConnections?: number;
}

export const LIMITS = {
  newConnectionsPerSecond: true,
  burst: true,
  openConnections: true,
} satisfies Known<ForwardLimits>;

/** The checked limits: at least one of them is there. */
export interface ResolvedLimits {
  readonly rate?: { readonly perSecond: number; readonly burst: number };
  readonly openConnections?: number;
}
