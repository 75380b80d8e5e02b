import type { ForwardOptionProps, HttpsOptionProps } from '../http/features';
import type { HttpLimits } from '../http/limits';
import type { HttpProtocol } from '../http/protocol';
import type { HttpHostProps } from '../http/route-props';
import type { KernelForwardProps, KernelPortProps } from '../kernel/features';
import type { ForwardLimits } from '../kernel/limits/limits';
import type { StreamProps, TransportProps } from '../stream/features';
import type { Balance, TransportBalance } from './balance';
import type { FailoverProps, HttpFailoverProps } from './failover';
import type { PortSpec } from './ports';
import type { ProtocolName } from './protocol';
import type { CommonForwardProps } from './sources';
import type { TargetSpec, WeightedTarget } from './target';
import type { StreamBalance, TlsHostProps } from './tls-hosts';
import type { ProxyProtocolProps } from './trusted-proxies';

/**
 * What carries a forward. `iptables` works in the kernel, on layers 3 and 4: fastest, any protocol, and targets on the
 * gateway see the client's address. `nginx` works on layers 4 and 7: TLS, HTTP headers, redirects, names as targets.
 */
export type Engine = 'iptables' | 'nginx';

export const ENGINES: readonly Engine[] = ['iptables', 'nginx'];

/**
 * Props of every forward of ports.
 * @category Every forward
 */
export interface ListenerProps extends CommonForwardProps {
  /**
   * The port on the gateway (`443` or `'443'`) or, for TCP and UDP, a range of ports (`'6000-6100'`).
   * @refused ports outside 1-65535; tcp 22, udp 68 and udp 546, which the gateway itself uses; ports of another
   * forward; a range for HTTP, HTTPS and TLS; tokens
   */
  readonly listen: PortSpec;
}

/**
 * A forward of TCP connections or UDP datagrams.
 * @category Forward.tcp, Forward.udp
 */
export interface TransportForwardProps
  extends ListenerProps,
    KernelForwardProps,
    KernelPortProps,
    StreamProps,
    TransportProps {
  /**
   * A port on the gateway itself (`8080`) or `host:port`. Several targets share new connections evenly, or by weight:
   * `{ to: '10.0.1.20:8080', weight: 3 }`. A range leads to a range of the same length; iptables may shift it
   * (`'6000-6100'` to `'10.0.1.20:7000-7100'`).
   * @refused an empty list; ranges of different lengths; addresses that cannot be targets
   * @see docs/options.md#ports-and-targets
   */
  readonly to: TargetSpec | readonly (TargetSpec | WeightedTarget)[];
  /**
   * How several targets share new connections. `'random'` (iptables): each connection draws one. `'round-robin'`
   * (nginx): in turn. `'least-connections'` (nginx): the one with the fewest open connections. `'source'` (both): a
   * client (an IPv4 address or an IPv6 /64) keeps its target as long as the targets stay the same.
   * @default 'random' on iptables, 'round-robin' on nginx
   * @refused with only one target; a way that the engine does not know; for `'source'` on iptables, weights whose sum
   * exceeds 64 after division by their greatest common divisor
   * @see docs/delivery.md#sharing
   */
  readonly balance?: TransportBalance;
  /**
   * What happens when one of several targets fails; nginx only. As for HTTP, but without `resend`.
   * @default as for HTTP
   * @refused iptables; with only one target; UDP without `responses`
   * @see docs/delivery.md#when-a-target-fails
   */
  readonly failover?: FailoverProps;
  /**
   * What one client may do. A client is an IPv4 address or an IPv6 /64. Connections over a limit reach no target:
   * iptables drops them, nginx closes them. nginx accepts only `openConnections`.
   * @default no limits
   * @refused an object without any limit
   */
  readonly limits?: ForwardLimits;
  /**
   * What carries this forward: `'iptables'` or `'nginx'`.
   * @default the stack's engine
   */
  readonly engine?: Engine;
}

/**
 * A forward of TLS connections by the host name that clients ask for (SNI). TLS passes through untouched; targets
 * have the certificates.
 * @category Forward.tls
 */
export interface TlsForwardProps extends ListenerProps, StreamProps {
  /**
   * Where connections lead, by host name: `'shop.example.com'`, or `'*.example.com'` for every name below it. The
   * longest match wins.
   * @refused an empty record; upper case; IP addresses, which clients never ask for; a star that is not the whole
   * first label
   * @see https://www.rfc-editor.org/rfc/rfc6066#section-3
   */
  readonly hosts: Readonly<Record<string, TlsHostProps>>;
  /**
   * Where connections for other names lead, and those of clients that ask for none.
   * @default they are closed; if a `Forward.https` listens on the same port, they go there
   * @refused together with a `Forward.https` on the same port
   */
  readonly to?: TargetSpec | readonly (TargetSpec | WeightedTarget)[];
  /**
   * How several targets of a host share new connections: `'round-robin'`, `'least-connections'` or `'source'`.
   * @default 'round-robin'
   * @refused if no host has several targets
   */
  readonly balance?: StreamBalance;
  /**
   * What happens when one of several targets of a host fails. As for HTTP, but without `resend`.
   * @default as for HTTP
   * @refused if no host has several targets
   * @see docs/delivery.md#when-a-target-fails
   */
  readonly failover?: FailoverProps;
  /**
   * What one client may do. A client is an IPv4 address or an IPv6 /64. Connections over the limit are closed.
   * @default no limits
   */
  readonly limits?: Pick<ForwardLimits, 'openConnections' | 'perFleet'>;
  /**
   * The PROXY protocol, towards clients and towards targets.
   * @default none: targets see the gateway's address
   * @refused an `accept` that differs from that of a `Forward.https` on the same port
   * @see docs/options.md#the-real-client
   */
  readonly proxyProtocol?: ProxyProtocolProps;
  /**
   * What carries this forward: only `'nginx'` can. Required if the stack's engine is iptables.
   * @default 'nginx'
   * @refused iptables, which cannot read TLS
   */
  readonly engine?: Engine;
}

/**
 * What forwards of HTTP and of HTTPS requests have in common.
 * @category Forward.http
 */
export interface WebForwardProps extends ListenerProps, HttpHostProps, ForwardOptionProps {
  /**
   * Host names that are handled differently, by name: `'shop.example.com'`, or `'*.example.com'` for every name below
   * it. Each takes the same props as the forward, except those of the listener. Requests for other names get what is
   * configured beside `hosts`; if nothing is, they get no answer.
   * @default all names are handled alike
   * @refused an empty record; anything but host names in lower case
   */
  readonly hosts?: Readonly<Record<string, HttpHostProps>>;
  /**
   * What carries this forward: only `'nginx'` can. Required if the stack's engine is iptables.
   * @default 'nginx'
   * @refused iptables, which cannot read HTTP
   */
  readonly engine?: Engine;
}

/** A forward of HTTP requests. */
export interface HttpForwardProps extends WebForwardProps {}

/**
 * A forward of HTTPS requests. TLS ends on the gateway; targets get plain HTTP.
 * @category Forward.https
 */
export interface HttpsForwardProps extends WebForwardProps, HttpsOptionProps {}

/**
 * A forward of an IP protocol that has no ports, such as a VPN's.
 * @category Forward.protocol
 */
export interface ProtocolForwardProps extends CommonForwardProps, KernelForwardProps {
  /**
   * The protocol's name (`'esp'`, `'gre'`, `'ah'`, `'ipip'` or `'l2tp'`) or its number (1-254).
   * @refused TCP and UDP, which have their own forwards; ICMP (see `ping`); IGMP; a protocol of another forward; to
   * an IPv6 target, the protocols that are IPv6 extension headers (43, 44, 51, 60)
   * @see https://www.iana.org/assignments/protocol-numbers/protocol-numbers.xhtml
   */
  readonly protocol: ProtocolName | number;
  /**
   * The address of the one host that gets all packets of the protocol, without a port.
   * @refused names; ports; the gateway itself
   */
  readonly to: string;
  /**
   * What carries this forward: only `'iptables'` can.
   * @default 'iptables'
   * @refused nginx, which carries only TCP and UDP
   */
  readonly engine?: Engine;
}

/** Everything that any kind of forward may have. Each factory of `Forward` accepts only what its kind supports. */
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
 * One rule of the gateway: a listener and its targets. Its name is its key in the stack's `forwards`. Nothing is
 * checked here: the stack checks all its forwards together and reports every problem at once.
 */
export class Forward {
  /** TCP connections, on either engine. */
  static tcp(props: TransportForwardProps): Forward {
    return new Forward('tcp', props);
  }

  /**
   * UDP datagrams, on either engine. iptables is the better choice for most: it keeps a client's port stable and adds
   * no cost per datagram.
   */
  static udp(props: TransportForwardProps): Forward {
    return new Forward('udp', props);
  }

  /**
   * TLS connections by the host name that clients ask for, passed through untouched; needs nginx. A `Forward.https`
   * may listen on the same port: it gets the names that are not in `hosts`.
   */
  static tls(props: TlsForwardProps): Forward {
    return new Forward('tls', props);
  }

  /** HTTP requests; needs nginx. */
  static http(props: HttpForwardProps): Forward {
    return new Forward('http', props);
  }

  /**
   * HTTPS requests; TLS ends on the gateway. Needs nginx. To pass TLS through untouched, use `Forward.tls`, or
   * `Forward.tcp` for all names alike.
   */
  static https(props: HttpsForwardProps): Forward {
    return new Forward('https', props);
  }

  /**
   * Every packet of an IP protocol without ports (ESP, GRE, …) to one host; needs iptables. If a VPN also uses UDP
   * ports, forward those with `Forward.udp`.
   */
  static protocol(props: ProtocolForwardProps): Forward {
    return new Forward('protocol', props);
  }

  private constructor(
    readonly kind: ForwardKind,
    readonly props: ForwardProps,
  ) {}
}
