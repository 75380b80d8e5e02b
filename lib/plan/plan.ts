import { BALANCES } from '../forward/balance';
import type { Engine, ForwardKind } from '../forward/forward';
import type { GatewaySettings } from '../forward/gateway-settings';
import type { PortRange } from '../forward/ports';
import type { HttpsForward, PortForward, ResolvedForward } from '../forward/resolved';
import type { Host } from '../forward/target';
import type { Certificate } from '../forward/tls';
import { isToken } from '../forward/token';
import type { TrafficRule } from '../forward/traffic';
import type { TrustedProxies } from '../forward/trusted-proxies';
import { USER_DATA_LIMIT, type UserData } from '../host/content/user-data';
import type { HostContent } from '../host/host-content';
import type { HttpProtocol } from '../http/protocol';
import type { HttpRoute, HttpSite } from '../http/route';
import type { ResolvedHealthCheck } from '../kernel/health-check';
import type { ResolvedLimits } from '../kernel/limits/limits';
import {
  AT_DEPLOY,
  admittedBy,
  listNames,
  network,
  type PlannedList,
  type PlannedListNames,
  plannedLists,
} from './lists';
import { PRICES } from './prices';

/**
 * What a deploy would set up, as typed data: for `portway plan` (which prints it) and for other programs. It survives JSON.
 */
export interface Plan {
  /** The logical id of the address's association in the template. It stays as long as the gateway does. */
  readonly association: string;
  readonly forwards: readonly PlannedForward[];
  readonly gateway: PlannedGateway;
  /** The host's rendered files: rules and nginx.conf. */
  readonly files: readonly { readonly path: string; readonly text: string }[];
  /** The rules of the security group. */
  readonly inbound: readonly PlannedRule[];
  readonly outbound: readonly PlannedRule[];
  readonly userData: {
    /** Bytes, including the reserve for the signal's URL. */
    readonly size: number;
    readonly limit: number;
    readonly reserve: number;
    /** Names of the parameters that the host reads its files from. */
    readonly parameters: readonly string[];
    /** SHA-256 of the host's files. */
    readonly content: string;
    /** Whether user-data names that content, so that each change of it restarts or replaces the host. */
    readonly namesContent: boolean;
  };
}

export interface PlannedForward {
  readonly name: string;
  readonly kind: ForwardKind;
  /** Ports on the gateway. Omitted for kind `protocol`. */
  readonly listen?: PortRange;
  /** The number of the IP protocol. Only for kind `protocol`. */
  readonly protocol?: number;
  /** Empty for a forward that only redirects. */
  readonly to: readonly PlannedTarget[];
  /** For HTTP forwards with hosts, paths or gRPC: where requests go. */
  readonly sites?: readonly PlannedSite[];
  /** For TLS forwards: the targets of each host name. Without a name: of all others. */
  readonly hosts?: readonly PlannedTlsHost[];
  readonly redirectTo?: PlannedRedirect;
  readonly engine: Engine;
  /** Source networks, those of lists among them; empty means everyone. */
  readonly allowFrom: readonly string[];
  /** Source networks that are refused, whatever `allowFrom` says. */
  readonly denyFrom: readonly string[];
  /** The lists that these two name. Omitted: none. */
  readonly lists?: PlannedListNames;
  /** Omitted: every interface. */
  readonly interface?: string;
  /** IP versions that it listens on. */
  readonly families: readonly (4 | 6)[];
  /** Whether targets on other hosts see clients' addresses. */
  readonly preserveClientAddress: boolean;
  /** With several targets: how they share the load, and their weights in the order of `to`. */
  readonly sharing?: { readonly balance: string; readonly weights: readonly number[] };
  /** Proxies in front of the gateway that are trusted to name the client. */
  readonly trustedProxies?: {
    readonly by: TrustedProxies['by'];
    readonly from: readonly string[];
    /** Whether nobody else may connect. */
    readonly only?: true;
  };
  /** Whether targets are told the client's address by the PROXY protocol. */
  readonly sendsProxyProtocol?: true;
  /** Whether an HTTPS forward also listens on UDP. */
  readonly http3?: true;
  /** The certificate's source. Omitted: self-signed, or no TLS ends on the gateway. */
  readonly certificate?: PlannedCertificate;
  readonly healthCheck?: ResolvedHealthCheck;
  readonly limits?: ResolvedLimits;
}

/** Where traffic goes. */
export interface PlannedTarget {
  /** What `host` is. `local` is the gateway itself; `token` is an address known only at deploy time. */
  readonly kind: Host['kind'] | 'token';
  /** Omitted for kinds `local` and `token`. */
  readonly host?: string;
  /** Omitted for kind `protocol`, which has no ports. */
  readonly ports?: PortRange;
}

/** The targets of a TLS forward's host name. */
export interface PlannedTlsHost {
  /** Omitted: all other names. */
  readonly host?: string;
  readonly to: readonly PlannedTarget[];
}

/** A permanent redirect: to HTTPS on a port of the gateway, or to a URL. */
export type PlannedRedirect = { readonly httpsPort: number } | { readonly url: string };

export type PlannedCertificate =
  | { readonly source: 'acme'; readonly server: string; readonly domains: readonly string[] }
  | { readonly source: 'secret' };

/** A host name and its paths. */
export interface PlannedSite {
  /** Undefined: all other host names. */
  readonly host?: string;
  readonly routes: readonly {
    readonly path: string;
    /** Whether only this exact path matches. Omitted: `path` is a prefix. */
    readonly exact?: true;
    readonly to: readonly PlannedTarget[];
    readonly redirectTo?: PlannedRedirect;
    readonly protocol: HttpProtocol;
  }[];
}

/** The gateway's settings besides its forwards. */
export interface PlannedGateway {
  readonly ipv6: boolean;
  /** Networks whose packets are dropped. */
  readonly blocked: readonly string[];
  /** The lists that forwards, `blocked` or trusted proxies name, with their networks. Omitted: none. */
  readonly lists?: readonly PlannedList[];
  /** The names of those that `blocked` names. Omitted: none. */
  readonly blockedLists?: readonly string[];
  /** Lists of others that the host fetches and blocks. Omitted: none. */
  readonly fetchedLists?: readonly { readonly url: string; readonly everyHours: number }[];
  /** Private networks that go out through the gateway. */
  readonly egress: readonly string[];
  /** The address, if it is there already. Omitted: the stack makes one, or the address is known only at deploy. */
  readonly address?: string;
  /** Names in Route 53 that lead to it. */
  readonly names?: readonly string[];
  /** Alarms in CloudWatch, and what they cost a month by list prices. Omitted: none. */
  readonly alarms?: PlannedCost;
  /** A dashboard in CloudWatch, the same. */
  readonly dashboard?: PlannedCost;
  /** Omitted: the security group admits no pings, and the host keeps its distribution's setting. */
  readonly ping?: boolean;
}

/** Resources of CloudWatch, and what they cost. */
export interface PlannedCost {
  readonly count: number;
  readonly dollarsAMonth: number;
  /** The date and the page of the prices. */
  readonly pricesOf: string;
  readonly source: string;
}

export interface PlannedRule {
  readonly protocol: TrafficRule['protocol'];
  /** Omitted: all ports. */
  readonly ports?: PortRange;
  /** A network in CIDR notation, the id of a prefix list, or {@link AT_DEPLOY}. */
  readonly peer: string;
  /** The forwards that need it, or the gateway's own reason. */
  readonly for: readonly string[];
}

export interface PlanProps {
  readonly association: string;
  readonly forwards: readonly ResolvedForward[];
  readonly settings: GatewaySettings;
  readonly eip: { readonly publicIp: string } | undefined;
  readonly dns: { readonly names: readonly string[] } | undefined;
  /** How many watch the host. */
  readonly alarms: number;
  readonly dashboard: boolean;
  readonly content: HostContent;
  readonly userData: UserData;
  readonly inbound: readonly TrafficRule[];
  readonly outbound: readonly TrafficRule[];
}

export function makePlan(props: PlanProps): Plan {
  const { association, forwards, settings, eip, dns, alarms, dashboard, content, userData, inbound, outbound } = props;
  return {
    association,
    forwards: forwards.map(plannedForward),
    gateway: {
      ipv6: settings.ipv6,
      blocked: settings.blocked.map(network),
      ...plannedLists(forwards, settings),
      ...(settings.fetchedLists.length === 0
        ? {}
        : { fetchedLists: settings.fetchedLists.map(({ url, everyHours }) => ({ url, everyHours })) }),
      egress: settings.egress.map(network),
      ...(eip === undefined || isToken(eip.publicIp) ? {} : { address: eip.publicIp }),
      ...(dns === undefined ? {} : { names: dns.names.map((name) => (isToken(name) ? AT_DEPLOY : name)) }),
      ...(alarms === 0 ? {} : { alarms: plannedCost(alarms, PRICES.alarmAMonth) }),
      ...(dashboard ? { dashboard: plannedCost(1, PRICES.dashboardAMonth) } : {}),
      ...(settings.ping === undefined ? {} : { ping: settings.ping }),
    },
    files: content.files.filter((f) => f.origin === 'rules').map(({ path, text }) => ({ path, text })),
    inbound: inbound.map(plannedRule),
    outbound: outbound.map(plannedRule),
    userData: {
      size: userData.size,
      limit: USER_DATA_LIMIT,
      reserve: userData.reserve,
      parameters: userData.parameters,
      content: userData.content,
      namesContent: userData.namesContent,
    },
  };
}

function plannedCost(count: number, each: number): PlannedCost {
  const { asOf, source } = PRICES;
  return { count, dollarsAMonth: Math.round(count * each * 100) / 100, pricesOf: asOf, source };
}

function plannedForward(forward: ResolvedForward): PlannedForward {
  const { name, kind, engine, families } = forward;
  const preserveClientAddress = forward.engine === 'iptables' && forward.preserveClientAddress;
  const common = {
    engine,
    allowFrom: admittedBy(forward).map(network),
    denyFrom: forward.denyFrom.map(network),
    ...listNames(forward),
    ...(forward.engine === 'iptables' && forward.interface !== undefined ? { interface: forward.interface } : {}),
    families,
    preserveClientAddress,
  };
  if (forward.kind === 'protocol')
    return { name, kind, protocol: forward.protocol, to: [plannedTarget(forward.target)], ...common };
  const { listen, targets } = forward;
  return {
    name,
    kind,
    listen,
    to: targets.map(plannedTarget),
    ...destinationsOf(forward),
    ...common,
    ...sharingOf(forward),
    ...clientOf(forward),
    ...(forward.kind === 'https' ? httpsOf(forward) : {}),
    ...('healthCheck' in forward ? { healthCheck: forward.healthCheck } : {}),
    ...('limits' in forward ? { limits: forward.limits } : {}),
  };
}

/** Where a forward leads by host name and path. */
function destinationsOf(forward: PortForward): Pick<PlannedForward, 'hosts' | 'sites' | 'redirectTo'> {
  if (forward.kind === 'tls')
    return {
      hosts: forward.tlsHosts.map(({ host, targets }) => ({
        ...(host === undefined ? {} : { host }),
        to: targets.map(plannedTarget),
      })),
    };
  if (forward.kind !== 'http' && forward.kind !== 'https') return {};
  const { sites } = forward;
  const redirect = sites.flatMap((s) => s.routes).find((r) => r.redirect !== undefined);
  return {
    ...(sites.every(isPlain) ? {} : { sites: sites.map(plannedSite) }),
    ...(redirect === undefined ? {} : redirectOf(redirect)),
  };
}

function sharingOf(forward: PortForward): Pick<PlannedForward, 'sharing'> {
  const { kind, targets } = forward;
  // The hosts of a TLS forward share load among their own targets.
  if (targets.length < 2 || kind === 'tls') return {};
  const balance = kind === 'tcp' || kind === 'udp' ? forward.balance : BALANCES.http[0];
  return { sharing: { balance, weights: targets.map((t) => t.weight) } };
}

function clientOf(forward: PortForward): Pick<PlannedForward, 'trustedProxies' | 'sendsProxyProtocol'> {
  if (forward.engine === 'iptables') return {};
  const { trustedProxies } = forward;
  return {
    ...(trustedProxies === undefined
      ? {}
      : { trustedProxies: { ...trustedProxies, from: trustedProxies.from.map(network) } }),
    ...('sendsProxyProtocol' in forward && forward.sendsProxyProtocol ? { sendsProxyProtocol: true as const } : {}),
  };
}

function httpsOf({ http3, tls }: HttpsForward): Pick<PlannedForward, 'http3' | 'certificate'> {
  return { ...(http3 === undefined ? {} : { http3 }), ...certificateOf(tls) };
}

/** A site for all hosts and paths, which needs no entry besides the forward's own. */
function isPlain({ host, routes }: HttpSite): boolean {
  const [only, ...others] = routes;
  return host === undefined && others.length === 0 && only?.path.text === '/' && only.protocol === 'http';
}

function plannedSite({ host, routes }: HttpSite): PlannedSite {
  return {
    ...(host === undefined ? {} : { host }),
    routes: routes.map((route) => ({
      path: route.path.text,
      ...(route.path.kind === 'exact' ? { exact: true as const } : {}),
      to: route.targets.map(plannedTarget),
      ...redirectOf(route),
      protocol: route.protocol,
    })),
  };
}
function plannedTarget({ kind, host, ports }: Host & { readonly ports?: PortRange }): PlannedTarget {
  return {
    kind: isToken(host) ? 'token' : kind,
    ...(host === undefined || isToken(host) ? {} : { host }),
    ...(ports === undefined ? {} : { ports }),
  };
}

function redirectOf({ redirect }: HttpRoute): { readonly redirectTo?: PlannedRedirect } {
  if (redirect === undefined) return {};
  return { redirectTo: typeof redirect === 'number' ? { httpsPort: redirect } : { url: redirect } };
}

function certificateOf(tls: Certificate): Pick<PlannedForward, 'certificate'> {
  if (tls.source === 'acme') return { certificate: { source: 'acme', server: tls.server, domains: tls.domains } };
  return tls.source === 'secret' ? { certificate: { source: 'secret' } } : {};
}

function plannedRule({ protocol, ports, peer, reasons }: TrafficRule): PlannedRule {
  return { protocol, ...(ports === undefined ? {} : { ports }), peer: network(peer), for: reasons };
}
