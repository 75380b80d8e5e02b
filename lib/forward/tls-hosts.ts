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
  /** Undefined: every name that no other entry has, and clients that name none. */
  readonly host?: string;
  /** Unique in the stack: the forward's name, with the host behind it. */
  readonly id: string;
  readonly targets: readonly Target[];
  readonly balance: StreamBalance;
}

/**
 * A TLS and an HTTPS forward on one port. Only one can have the port: it is nginx's stream context, which looks at the name that a client
 * asks for and hands the connection on to one of the two, by a unix socket each.
 */
export interface SharedPort {
  /** The TLS forward. */
  readonly tls: string;
  /** The HTTPS forward, which gets what the other one has no name for. */
  readonly https: string;
  /** Names of the HTTPS forward that a star of the other one stands for too. */
  readonly httpsHosts: readonly string[];
}
