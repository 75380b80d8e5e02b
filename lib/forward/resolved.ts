import type { Balance } from './balance';
import type { Cidr, Family } from './cidr';
import type { Failover } from './failover';
import type { Engine } from './forward';
import type { ResolvedHealthCheck } from './health-check';
import type { HttpSite } from './http-route';
import type { ResolvedLimits } from './limits';
import type { PortRange } from './ports';
import type { Session } from './session';
import type { Host, Target } from './target';
import type { Certificate } from './tls';
import type { SharedPort, TlsHost } from './tls-hosts';
import type { TrustedProxies } from './trusted-proxies';

/** What every checked forward has. */
interface CommonForward {
  /** The forward's key in the stack's `forwards`: its id in comments, logs and file names. */
  readonly name: string;
  readonly engine: Engine;
  /** Empty: everyone. */
  readonly allowFrom: readonly Cidr[];
  /** Wins over `allowFrom`. */
  readonly denyFrom: readonly Cidr[];
  /** Undefined: every interface. */
  readonly interface?: string;
  /** The IP versions that it listens on. */
  readonly families: readonly Family[];
  readonly preserveClientAddress: boolean;
}

/** A checked forward of ports. */
export interface PortForward extends CommonForward {
  readonly kind: 'tcp' | 'udp' | 'tls' | 'http' | 'https';
  readonly transport: 'tcp' | 'udp';
  readonly listen: PortRange;
  /** All that it leads to, of an HTTP or TLS forward those of all its hosts; none where it only redirects. */
  readonly targets: readonly Target[];
  /** Of an HTTP or TLS forward its hosts say it. */
  readonly balance: Balance;
  /** On nginx, where there is something to go on to; of an HTTP forward its routes say it. */
  readonly failover?: Failover;
  readonly healthCheck?: ResolvedHealthCheck;
  readonly limits?: ResolvedLimits;
  /** Of an HTTP forward: what is done with which requests. */
  readonly sites: readonly HttpSite[];
  /** Of a TLS forward: where which names lead. */
  readonly tlsHosts: readonly TlsHost[];
  /** Of an HTTPS forward: the value of `Strict-Transport-Security`. */
  readonly hsts?: string;
  /** Of an HTTPS forward: it has the UDP port too. */
  readonly http3?: true;
  /** Another forward has the same port. */
  readonly sharedPort?: SharedPort;
  /** Of an HTTP forward: how long a line of a head may be, in KiB. */
  readonly maxHeaderKiB?: number;
  /** Of an HTTP forward: whether names of headers may have underscores. */
  readonly underscoresInHeaders?: true;
  /** Whether a command on the host can close it. */
  readonly maintenance: boolean;
  /** Undefined: the client is who connects. */
  readonly trustedProxies?: TrustedProxies;
  /** Whether targets are told the client's address by the PROXY protocol. */
  readonly sendsProxyProtocol: boolean;
  readonly session: Session;
  /** On nginx: how many sessions, or requests in progress, it may have at once; the renderer knows it. */
  readonly share?: number;
  /** Whether CAs check domains here. */
  readonly answersAcme?: true;
  /** Where TLS ends on the gateway. */
  readonly tls?: Certificate;
}

/** A checked forward of an IP protocol without ports. */
export interface ProtocolForward extends CommonForward {
  readonly kind: 'protocol';
  readonly engine: 'iptables';
  /** Its number. */
  readonly protocol: number;
  readonly target: Host;
}

/** A forward that was checked: what the renderers and constructs work with. */
export type ResolvedForward = PortForward | ProtocolForward;

export function isPortForward(forward: ResolvedForward): forward is PortForward {
  return forward.kind !== 'protocol';
}

/** Whether a proxy for HTTP carries it: it has sites and routes, and limits of requests. */
export function isWeb(kind: PortForward['kind']): kind is 'http' | 'https' {
  return kind === 'http' || kind === 'https';
}

/** The hosts that a forward leads to; the gateway itself is one. */
export function hostsOf(forward: ResolvedForward): readonly Host[] {
  return isPortForward(forward) ? forward.targets : [forward.target];
}

/** What a forward listens on: HTTP/3 takes the UDP port of the same number. */
export function transportsOf({ transport, http3 }: PortForward): readonly PortForward['transport'][] {
  return http3 ? [transport, 'udp'] : [transport];
}
