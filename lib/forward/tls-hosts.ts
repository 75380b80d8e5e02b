import type { TransportBalance } from './balance';
import type { Known } from './known';
import type { Target, TargetSpec, WeightedTarget } from './target';

/** How nginx shares connections. */
export type StreamBalance = Exclude<TransportBalance, 'random'>;

/** Where the TLS connections for a host name lead. */
export interface TlsHostProps {
  /**
   * A port on the gateway itself (`8443`) or `host:port`. Several targets share new connections as for `Forward.tcp`.
   * @refused an empty list; ranges; addresses that cannot be targets
   * @see docs/options.md#ports-and-targets
   */
  readonly to: TargetSpec | readonly (TargetSpec | WeightedTarget)[];
  /**
   * How several targets of this host share new connections.
   * @default the forward's
   * @refused with only one target
   */
  readonly balance?: StreamBalance;
}

export const TLS_HOST = { to: true, balance: true } satisfies Known<TlsHostProps>;

/** A host name of a TLS forward and its targets, checked. */
export interface TlsHost {
  /** Undefined: the entry for all other names, and for clients that ask for none. */
  readonly host?: string;
  /** Unique in the stack: the forward's name, followed by the host. */
  readonly id: string;
  readonly targets: readonly Target[];
  readonly balance: StreamBalance;
}

/**
 * A TLS and an HTTPS forward on one port. Only nginx's stream context can listen there. It reads the host name that a
 * client asks for, and hands over the connection to one of the two, through a unix socket for each.
 */
export interface SharedPort {
  /** The TLS forward. */
  readonly tls: string;
  /** The HTTPS forward, which gets all names that the TLS forward does not have. */
  readonly https: string;
  /** Names of the HTTPS forward that a star of the TLS forward also covers. */
  readonly httpsHosts: readonly string[];
}
