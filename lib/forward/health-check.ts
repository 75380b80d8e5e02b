/** How a forward's targets are asked whether they are alive. */
export interface HealthCheckProps {
  /**
   * `tcp` opens a connection to the port and closes it; `ping` sends an ICMP echo request. Servers of some protocols take a connection that
   * says nothing for an attack, and lock the gateway out: for their ports it must be written.
   * @default 'tcp' for a TCP forward, 'ping' for a UDP forward
   * @see https://dev.mysql.com/doc/refman/8.4/en/server-system-variables.html#sysvar_max_connect_errors
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

/** Ports whose servers take offence at a connection that says nothing, with what they do. */
export const TOUCHY: Readonly<Record<number, string>> = {
  22: 'OpenSSH penalizes addresses that connect without a login',
  25: 'mail servers and fail2ban count clients that say nothing',
  465: 'mail servers and fail2ban count clients that say nothing',
  587: 'mail servers and fail2ban count clients that say nothing',
  3306: 'MySQL and MariaDB block an address after 100 connections without a login',
  5432: 'PostgreSQL logs each connection without a login',
};

/** The checked health check. */
export interface ResolvedHealthCheck {
  readonly by: 'tcp' | 'ping';
  /** Undefined: the target's own. */
  readonly port?: number;
  readonly interval: number;
  readonly failures: number;
}
