import type { Balance, TransportBalance } from './balance';
import type { FailoverProps, HttpFailoverProps } from './failover';
import type { HealthCheckProps } from './health-check';
import type { HstsProps } from './hsts';
import type { HttpLimits } from './http-limits';
import type { HttpHostProps, HttpProtocol } from './http-route';
import type { ForwardLimits } from './limits';
import type { PortSpec } from './ports';
import type { ProtocolName } from './protocol';
import type { SessionProps } from './session';
import type { TargetSpec, WeightedTarget } from './target';
import type { Tls } from './tls';
import type { StreamBalance, TlsHostProps } from './tls-hosts';
import type { ProxyProtocolProps } from './trusted-proxies';

/**
 * What carries a forward. `iptables` works in the kernel, on layers 3 and 4: fastest, any protocol, and targets see the
 * client's address where they are on the gateway. `nginx` works on layers 4 and 7: TLS, HTTP headers, redirects, names as targets.
 */
export type Engine = 'iptables' | 'nginx';

export const ENGINES: readonly Engine[] = ['iptables', 'nginx'];

/** What every forward has. */
export interface CommonForwardProps {
  /**
   * Source networks that may use this forward, in CIDR notation, IPv4 or IPv6. The security group opens the forward's
   * ports to them and to nobody else.
   * @default everyone
   */
  readonly allowFrom?: readonly string[];
  /**
   * Source networks that may not use it, in CIDR notation; they win over `allowFrom`. Security groups know no denial, so the
   * host refuses what comes from them.
   * @default none
   */
  readonly denyFrom?: readonly string[];
}

/** What a forward of ports has. */
export interface ListenerProps extends CommonForwardProps {
  /** The port (`443`) or, for TCP and UDP, the range of ports (`'6000-6100'`) on the gateway. */
  readonly listen: PortSpec;
}

/** What the kernel can do for a forward; only the engine iptables takes these. */
export interface KernelForwardProps {
  /**
   * The network interface that clients come in by, such as `wg0`; the gateway's own connections to itself then do not count.
   * @default every interface
   */
  readonly interface?: string;
  /**
   * The IP version that this forward listens on.
   * @default both, as far as there are targets of both
   */
  readonly family?: 'ipv4' | 'ipv6';
  /**
   * Whether targets on other hosts see the client's address instead of the gateway's. Their replies must then return
   * through the gateway: it must be their default route.
   * @default false
   */
  readonly preserveClientAddress?: boolean;
}

/** A forward of TCP connections or UDP datagrams. */
export interface TransportForwardProps extends ListenerProps, KernelForwardProps, SessionProps {
  /**
   * Where to: a port on the gateway itself (`8080`) or `host:port`. Several targets share new connections evenly, or by
   * weight (`{ to: '10.0.1.20:8080', weight: 3 }`). A range leads to a range of the same length; iptables may shift it
   * (`'6000-6100'` to `'10.0.1.20:7000-7100'`).
   */
  readonly to: TargetSpec | readonly (TargetSpec | WeightedTarget)[];
  /**
   * How new connections are shared between several targets: `'random'` (iptables), `'round-robin'` or `'least-connections'` (nginx),
   * or `'source'` (both): a client (an IPv4 address, an IPv6 /64) keeps its target.
   * @default 'random' on iptables, 'round-robin' on nginx
   */
  readonly balance?: TransportBalance;
  /**
   * What is done about targets that fail, where there are several; nginx only.
   * @default see there
   */
  readonly failover?: FailoverProps;
  /**
   * Takes a target that does not answer out of the sharing, until it answers again; iptables only.
   * @default false: a dead target goes on getting its share
   */
  readonly healthCheck?: boolean | HealthCheckProps;
  /**
   * What one client address may do; nginx knows `openConnections` alone.
   * @default no limits
   */
  readonly limits?: ForwardLimits;
  /**
   * The PROXY protocol, towards clients and towards targets; TCP on nginx only.
   * @default targets see the gateway's address
   */
  readonly proxyProtocol?: ProxyProtocolProps;
  /**
   * What carries this forward.
   * @default the stack's engine
   */
  readonly engine?: Engine;
}

/** A forward of TLS connections by the name that clients ask for (SNI); TLS passes through untouched, and targets have the certificates. */
export interface TlsForwardProps extends ListenerProps, Pick<SessionProps, 'idleTimeout'> {
  /**
   * Where the connections lead, by host name: `'shop.example.com'`, or `'*.example.com'` for all below it.
   * @see https://www.rfc-editor.org/rfc/rfc6066#section-3
   */
  readonly hosts: Readonly<Record<string, TlsHostProps>>;
  /**
   * Where connections for other names lead, and those of clients that name none.
   * @default they are closed; beside a `Forward.https` on the same port they go there
   */
  readonly to?: TargetSpec | readonly (TargetSpec | WeightedTarget)[];
  /**
   * How new connections are shared between several targets of a host.
   * @default 'round-robin'
   */
  readonly balance?: StreamBalance;
  /**
   * What is done about targets that fail, where a host has several.
   * @default see there
   */
  readonly failover?: FailoverProps;
  /**
   * What one client address may do.
   * @default no limits
   */
  readonly limits?: Pick<ForwardLimits, 'openConnections'>;
  /**
   * The PROXY protocol, towards clients and towards targets.
   * @default targets see the gateway's address
   */
  readonly proxyProtocol?: ProxyProtocolProps;
  /**
   * What carries this forward; only nginx can.
   * @default nginx
   */
  readonly engine?: Engine;
}

/** What the forwards of HTTP and HTTPS requests have in common. */
export interface WebForwardProps extends ListenerProps, HttpHostProps {
  /**
   * Host names that go elsewhere, by name: `'shop.example.com'`, or `'*.example.com'` for all below it. Requests for other names
   * get what stands beside `hosts`, and where nothing does, no answer.
   * @default all names alike
   */
  readonly hosts?: Readonly<Record<string, HttpHostProps>>;
  /**
   * Networks of proxies in front of the gateway (a load balancer, a CDN), in CIDR notation, never everyone. What they say in
   * `X-Forwarded-For` then is the client's address for everything: limits, sources, logs, and what targets are told; and they may
   * bring an `X-Request-ID` and `X-Forwarded-Proto` and `-Port`. Of all others such headers count nothing.
   * @default none: the client is who connects
   */
  readonly trustedProxies?: readonly string[];
  /**
   * Takes the client's address from the PROXY protocol: `{ accept: { from: ['10.0.0.0/16'] } }`.
   * @default connections come from the clients themselves
   */
  readonly proxyProtocol?: Pick<ProxyProtocolProps, 'accept'>;
  /**
   * How long one line of a request's head may be, in KiB, 8-64: the longest header, such as all cookies of a site, or the address. A whole
   * head may have four times as much. Raise it for Kerberos tickets or many cookies; targets have limits of their own (Node 16 KiB,
   * Tomcat 8). The heads of answers may have as much as one such line, and always 16.
   * @default 16
   * @see https://nginx.org/en/docs/http/ngx_http_core_module.html#large_client_header_buffers
   */
  readonly maxHeaderKiB?: number;
  /**
   * Whether headers of requests pass whose names have underscores, such as `api_key` or `x-amz-meta-my_key`. CGI, WSGI and PHP cannot tell
   * `X_Forwarded_For` from `X-Forwarded-For`, so spellings of the gateway's own headers with underscores are still dropped. So are names
   * with other characters, such as a dot.
   * @default false: such headers are dropped
   * @see https://nginx.org/en/docs/http/ngx_http_core_module.html#underscores_in_headers
   */
  readonly underscoresInHeaders?: boolean;
  /**
   * Whether `portway maintenance on` on the host closes this forward, without a deploy.
   * @default false
   */
  readonly maintenance?: boolean;
  /**
   * What carries this forward; only nginx can.
   * @default nginx
   */
  readonly engine?: Engine;
}

/** A forward of HTTP requests. */
export interface HttpForwardProps extends WebForwardProps {}

/** A forward of HTTPS requests; TLS ends on the gateway, and targets are spoken to in plain HTTP. */
export interface HttpsForwardProps extends WebForwardProps {
  /** Where the certificate comes from. */
  readonly tls: Tls;
  /**
   * Tells browsers to speak nothing but TLS with the hosts of this forward (`Strict-Transport-Security`): `true` is for a year.
   * @default false
   */
  readonly hsts?: boolean | HstsProps;
  /**
   * Whether HTTP/3 is spoken too, over QUIC on the same port of UDP; clients learn of it by `Alt-Svc`. Needs `os: 'debian-13'`.
   * @default false
   * @see https://www.rfc-editor.org/rfc/rfc9114
   */
  readonly http3?: boolean;
}

/** A forward of an IP protocol that knows no ports, such as a VPN's. */
export interface ProtocolForwardProps extends CommonForwardProps, KernelForwardProps {
  /** Its name, or its number as IANA assigns them (1-255). */
  readonly protocol: ProtocolName | number;
  /** The address of the host that all of it is led to. */
  readonly to: string;
  /**
   * What carries this forward; only iptables can.
   * @default 'iptables'
   */
  readonly engine?: Engine;
}

/** All that any kind of forward may say; each factory below takes only what its kind understands. */
export type ForwardProps = Partial<Omit<TransportForwardProps, 'limits' | 'balance' | 'failover'>> &
  Partial<Omit<HttpsForwardProps, keyof TransportForwardProps | 'protocol'>> & {
    /** Of connections, or of requests. */
    readonly limits?: ForwardLimits | HttpLimits;
    readonly balance?: Balance;
    readonly failover?: HttpFailoverProps;
    /** An IP protocol, or what HTTP targets speak. */
    readonly protocol?: ProtocolName | number | HttpProtocol;
  };

export type ForwardKind = 'tcp' | 'udp' | 'tls' | 'http' | 'https' | 'protocol';

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

  /**
   * TLS connections by the name that clients ask for, passed through untouched; needs nginx. A `Forward.https` may stand on the same
   * port: it gets what no host here is for.
   */
  static tls(props: TlsForwardProps): Forward {
    return new Forward('tls', props);
  }

  /** HTTP requests; needs nginx. */
  static http(props: HttpForwardProps): Forward {
    return new Forward('http', props);
  }

  /** HTTPS requests, TLS ended on the gateway; needs nginx. To pass TLS through untouched use `Forward.tls`, or `Forward.tcp`. */
  static https(props: HttpsForwardProps): Forward {
    return new Forward('https', props);
  }

  /** Everything of an IP protocol without ports (ESP, GRE, ...) to one host; needs iptables. */
  static protocol(props: ProtocolForwardProps): Forward {
    return new Forward('protocol', props);
  }

  private constructor(
    readonly kind: ForwardKind,
    readonly props: ForwardProps,
  ) {}
}
