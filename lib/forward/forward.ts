import type { PortSpec } from './ports';
import type { TargetSpec } from './target';
import type { Tls } from './tls';

/**
 * What carries a forward. `iptables` works in the kernel, on layers 3 and 4: fastest, any protocol, and targets see the
 * client's address where they are on the gateway. `nginx` works on layers 4 and 7: TLS, HTTP headers, redirects, names as targets.
 */
export type Engine = 'iptables' | 'nginx';

export const ENGINES: readonly Engine[] = ['iptables', 'nginx'];

/** What every forward has. */
export interface CommonForwardProps {
  /** The port (`443`) or, for TCP and UDP, the range of ports (`'6000-6100'`) on the gateway. */
  readonly listen: PortSpec;
  /**
   * Source networks that may use this forward, in CIDR notation, IPv4 or IPv6.
   * @default everyone
   */
  readonly allowFrom?: readonly string[];
}

/** A forward of TCP connections or UDP datagrams. */
export interface TransportForwardProps extends CommonForwardProps {
  /**
   * Where to: a port on the gateway itself (`8080`) or `host:port`. Several targets share new connections evenly.
   * A range leads to a range of the same length; iptables may shift it (`'6000-6100'` to `'10.0.1.20:7000-7100'`).
   */
  readonly to: TargetSpec | readonly TargetSpec[];
  /**
   * What carries this forward.
   * @default the stack's engine
   */
  readonly engine?: Engine;
}

/** A forward of HTTP requests; give either `to` or `redirectTo`. */
export interface HttpForwardProps extends CommonForwardProps {
  /**
   * Where to: a port on the gateway itself (`8080`) or `host:port`; several share the requests evenly.
   * @default none; then `redirectTo` says what to answer
   */
  readonly to?: TargetSpec | readonly TargetSpec[];
  /**
   * Answers every request with a permanent redirect (308) to the stack's HTTPS forward.
   * @default requests are forwarded
   */
  readonly redirectTo?: 'https';
  /**
   * What carries this forward; only nginx can.
   * @default nginx
   */
  readonly engine?: Engine;
}

/** A forward of HTTPS requests; TLS ends on the gateway. */
export interface HttpsForwardProps extends CommonForwardProps {
  /** Where to: a port on the gateway itself (`8080`) or `host:port`, spoken to in plain HTTP. */
  readonly to: TargetSpec | readonly TargetSpec[];
  /** Where the certificate comes from. */
  readonly tls: Tls;
  /**
   * What carries this forward; only nginx can.
   * @default nginx
   */
  readonly engine?: Engine;
}

/** All that any kind of forward may say; each factory below takes only what its kind understands. */
export type ForwardProps = CommonForwardProps &
  Partial<
    Pick<TransportForwardProps, 'to' | 'engine'> & Pick<HttpForwardProps, 'redirectTo'> & Pick<HttpsForwardProps, 'tls'>
  >;

export type ForwardKind = 'tcp' | 'udp' | 'http' | 'https';

/**
 * One rule of the gateway: a listener and its targets. Its name is its key in the stack's `forwards`.
 * Nothing is checked here: the stack checks all its forwards together and reports every mistake at once.
 */
export class Forward {
  /** TCP connections, on either engine. */
  static tcp(props: TransportForwardProps): Forward {
    return new Forward('tcp', props);
  }

  /** UDP datagrams, on either engine; iptables keeps a client's port stable and costs nothing per datagram. */
  static udp(props: TransportForwardProps): Forward {
    return new Forward('udp', props);
  }

  /** HTTP requests; needs nginx. */
  static http(props: HttpForwardProps): Forward {
    return new Forward('http', props);
  }

  /** HTTPS requests, TLS ended on the gateway; needs nginx. To pass TLS through untouched use `Forward.tcp`. */
  static https(props: HttpsForwardProps): Forward {
    return new Forward('https', props);
  }

  private constructor(
    readonly kind: ForwardKind,
    readonly props: ForwardProps,
  ) {}
}
