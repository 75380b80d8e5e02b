import type { HttpSite } from '../http/route';
import type { ForwardValues, HttpsValues } from '../http/values';
import type { ResolvedLimits } from '../kernel/limits/limits';
import type { KernelForwardValues, KernelPortValues } from '../kernel/values';
import type { StreamValues, TransportValues } from '../stream/values';
import { challengeName } from './acme-zone';
import type { TransportBalance } from './balance';
import type { Family } from './cidr';
import type { Failover } from './failover';
import type { PortRange } from './ports';
import type { SourceLists } from './sources';
import type { Host, Target } from './target';
import type { SecretSource } from './tls';
import type { SharedPort, TlsHost } from './tls-hosts';
import type { TrustedProxies } from './trusted-proxies';

/** What every checked forward has. */
interface CommonForward extends SourceLists {
  /** The forward's key in the stack's `forwards`: its name in comments, logs and file names. */
  readonly name: string;
  /** The IP versions that it listens on. */
  readonly families: readonly Family[];
}

interface CommonPortForward extends CommonForward {
  readonly listen: PortRange;
  /** All targets; for HTTP and TLS forwards, those of all hosts. Empty if the forward only redirects. */
  readonly targets: readonly Target[];
}

interface CommonKernelForward extends CommonForward, KernelForwardValues {
  readonly engine: 'iptables';
}

interface CommonNginxForward extends CommonPortForward {
  readonly engine: 'nginx';
  /** Undefined: whoever connects is the client. */
  readonly trustedProxies?: TrustedProxies;
  /** How many sessions (HTTP: requests in progress) it may have at once. Only the renderer sets it. */
  readonly share?: number;
}

/** A TCP or UDP forward on iptables. */
export interface KernelPortForward extends CommonKernelForward, CommonPortForward, KernelPortValues {
  readonly kind: 'tcp' | 'udp';
  readonly transport: 'tcp' | 'udp';
  readonly balance: TransportBalance;
  readonly limits?: ResolvedLimits;
}

/** A forward of an IP protocol without ports. */
export interface ProtocolForward extends CommonKernelForward {
  readonly kind: 'protocol';
  /** The protocol's number. */
  readonly protocol: number;
  readonly target: Host;
}

interface CommonStreamForward extends CommonNginxForward, StreamValues {
  /** Undefined: no target can take over for another. */
  readonly failover?: Failover;
  readonly limits?: ResolvedLimits;
}

/** A TCP or UDP forward on nginx. */
export interface NginxTransportForward extends CommonStreamForward, TransportValues {
  readonly kind: 'tcp' | 'udp';
  readonly transport: 'tcp' | 'udp';
  readonly balance: TransportBalance;
}

/** A forward of TLS connections by host name. */
export interface TlsForward extends CommonStreamForward {
  readonly kind: 'tls';
  readonly transport: 'tcp';
  /** Where each host name leads. */
  readonly tlsHosts: readonly TlsHost[];
  /** Set if an HTTPS forward has the same port. */
  readonly sharedPort?: SharedPort;
}

interface CommonWebForward extends CommonNginxForward, ForwardValues {
  readonly transport: 'tcp';
  /** What to do with requests, by host name. */
  readonly sites: readonly HttpSite[];
}

export interface HttpForward extends CommonWebForward {
  readonly kind: 'http';
}

export interface HttpsForward extends CommonWebForward, HttpsValues {
  readonly kind: 'https';
  /** Set if a TLS forward has the same port. */
  readonly sharedPort?: SharedPort;
}

/** Forwards that the kernel carries. */
export type KernelForward = KernelPortForward | ProtocolForward;
/** Forwards in nginx's http context. */
export type WebForward = HttpForward | HttpsForward;
/** Forwards in nginx's stream context. */
export type StreamForward = NginxTransportForward | TlsForward;
export type NginxForward = StreamForward | WebForward;
export type PortForward = KernelPortForward | NginxForward;

/** A checked forward. Renderers and constructs work with these. */
export type ResolvedForward = PortForward | ProtocolForward;

export function isPortForward(forward: ResolvedForward): forward is PortForward {
  return forward.kind !== 'protocol';
}

export function isKernelForward(forward: ResolvedForward): forward is KernelForward {
  return forward.engine === 'iptables';
}

export function isNginxForward(forward: ResolvedForward): forward is NginxForward {
  return forward.engine === 'nginx';
}

export function isWebForward(forward: ResolvedForward): forward is WebForward {
  return forward.kind === 'http' || forward.kind === 'https';
}

export function isHttpsForward(forward: ResolvedForward): forward is HttpsForward {
  return forward.kind === 'https';
}

/** Whether the host probes its targets. */
export function isHealthChecked(
  forward: ResolvedForward,
): forward is KernelPortForward & Required<Pick<KernelPortValues, 'healthCheck'>> {
  return forward.engine === 'iptables' && forward.kind !== 'protocol' && forward.healthCheck !== undefined;
}

/** The hosts that a forward leads to, including the gateway itself. */
export function hostsOf(forward: ResolvedForward): readonly Host[] {
  return isPortForward(forward) ? forward.targets : [forward.target];
}

/** The transports that a forward listens on. HTTP/3 adds the UDP port of the same number. */
export function transportsOf(forward: PortForward): readonly PortForward['transport'][] {
  return forward.kind === 'https' && forward.http3 ? ['tcp', 'udp'] : [forward.transport];
}

/** The port that a TLS and an HTTPS forward share; undefined for other forwards. */
export function sharedPortOf(forward: PortForward): SharedPort | undefined {
  return forward.kind === 'tls' || forward.kind === 'https' ? forward.sharedPort : undefined;
}

/** The secrets that certificates are read from. */
export function secretsOf(forwards: readonly ResolvedForward[]): readonly SecretSource[] {
  const secrets = forwards.flatMap((f) => (isHttpsForward(f) && f.tls.source === 'secret' ? f.tls.secret : []));
  return [...new Set(secrets)];
}

/** Records of CAs' checks that the host writes into a zone of Route 53. */
export interface ChallengeRecords {
  readonly zoneId: string;
  readonly names: readonly string[];
}

/** The records of all certificates whose domains are checked by DNS, by zone. */
export function challengeRecordsOf(forwards: readonly ResolvedForward[]): readonly ChallengeRecords[] {
  const zones = new Map<string, Set<string>>();
  for (const { tls } of forwards.filter(isHttpsForward)) {
    if (tls.source !== 'acme' || tls.zoneId === undefined) continue;
    const names = zones.get(tls.zoneId) ?? new Set();
    zones.set(tls.zoneId, names);
    for (const domain of tls.domains) names.add(challengeName(domain));
  }
  return [...zones].map(([zoneId, names]) => ({ zoneId, names: [...names] }));
}
