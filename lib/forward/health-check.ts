/** How a forward's targets are asked whether they are alive. */
export interface HealthCheckProps {
  /**
   * `tcp` opens a connection to the port and closes it; `ping` sends an ICMP echo request.
   * @default 'tcp' for a TCP forward, 'ping' for a UDP forward
   */
  readonly by?: 'tcp' | 'ping';
  /**
   * The port that `tcp` asks, 1-65535.
   * @default the target's own port; of a range the first
   */
  readonly port?: number;
  /**
   * Seconds between two rounds, 1-300; an answer may take as long, at most 10 seconds.
   * @default 5
   */
  readonly interval?: number;
  /**
   * After how many failed rounds in a row a target is out, 1-20. One answer brings it back.
   * @default 2
   */
  readonly failures?: number;
}

/** The checked health check. */
export interface ResolvedHealthCheck {
  readonly by: 'tcp' | 'ping';
  /** Undefined: the target's own. */
  readonly port?: number;
  readonly interval: number;
  readonly failures: number;
}
