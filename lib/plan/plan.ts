import type { GatewaySettings } from '../forward/gateway-settings';
import type { ResolvedHealthCheck } from '../forward/health-check';
import type { HttpProtocol, HttpRoute, HttpSite } from '../forward/http-route';
import type { ResolvedLimits } from '../forward/limits';
import { formatPorts } from '../forward/ports';
import { isPortForward, type ResolvedForward } from '../forward/resolved';
import { formatHost, formatTarget } from '../forward/target';
import type { Certificate } from '../forward/tls';
import type { TrafficRule } from '../forward/traffic';
import type { TrustedProxies } from '../forward/trusted-proxies';
import type { HostContent } from '../host/host-content';
import { parameterNames } from '../host/parameters';
import { USER_DATA_LIMIT, type UserData } from '../host/user-data';

/** What a deploy would set up, as plain data: for `portway plan` and for other programs. */
export interface Plan {
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
    /** Whether the rendered files are compressed. */
    readonly compressed: boolean;
    /** Names of the parameters that the host reads the other files from. Omitted: everything fits into user-data. */
    readonly parameters?: readonly string[];
  };
}

export interface PlannedForward {
  readonly name: string;
  /** `tcp`, `udp`, `tls`, `http`, `https` or `protocol`. */
  readonly kind: string;
  /** Port or range on the gateway; for a protocol without ports, its number. */
  readonly listen: string;
  /** Targets. A bare port is on the gateway itself. */
  readonly to: readonly string[];
  /** For HTTP forwards with hosts, paths or gRPC: where requests go. */
  readonly sites?: readonly PlannedSite[];
  /** For TLS forwards: the targets of each host name. Without a name: of all others. */
  readonly hosts?: readonly { readonly host?: string; readonly to: readonly string[] }[];
  readonly redirectTo?: string;
  readonly engine: string;
  /** Source networks; empty means everyone. */
  readonly allowFrom: readonly string[];
  /** Source networks that are refused, whatever `allowFrom` says. */
  readonly denyFrom: readonly string[];
  /** Omitted: every interface. */
  readonly interface?: string;
  /** IP versions that it listens on. */
  readonly families: readonly (4 | 6)[];
  /** Whether targets on other hosts see clients' addresses. */
  readonly preserveClientAddress: boolean;
  /** With several targets: how they share the load, and their weights in the order of `to`. */
  readonly sharing?: { readonly balance: string; readonly weights: readonly number[] };
  /** Proxies in front of the gateway that are trusted to name the client. */
  readonly trustedProxies?: { readonly by: TrustedProxies['by']; readonly from: readonly string[] };
  /** Whether targets are told the client's address by the PROXY protocol. */
  readonly sendsProxyProtocol?: true;
  /** Whether an HTTPS forward also listens on UDP. */
  readonly http3?: true;
  /** The certificate's source, unless it is self-signed. */
  readonly certificate?: string;
  readonly healthCheck?: ResolvedHealthCheck;
  readonly limits?: ResolvedLimits;
}

/** A host name and its paths. */
export interface PlannedSite {
  /** Undefined: all other host names. */
  readonly host?: string;
  readonly routes: readonly {
    readonly path: string;
    /** Whether only this exact path matches. Omitted: `path` is a prefix. */
    readonly exact?: true;
    readonly to: readonly string[];
    readonly redirectTo?: string;
    readonly protocol: HttpProtocol;
  }[];
}

/** The gateway's settings besides its forwards. */
export interface PlannedGateway {
  readonly ipv6: boolean;
  /** Networks whose packets are dropped. */
  readonly blocked: readonly string[];
  /** Private networks that go out through the gateway. */
  readonly egress: readonly string[];
  /** Omitted: the security group admits no pings, and the host keeps its distribution's setting. */
  readonly ping?: boolean;
}

export interface PlannedRule {
  readonly protocol: string;
  readonly ports: string;
  readonly peer: string;
  readonly for: readonly string[];
}

export interface PlanProps {
  readonly forwards: readonly ResolvedForward[];
  readonly settings: GatewaySettings;
  readonly content: HostContent;
  readonly userData: UserData;
  readonly inbound: readonly TrafficRule[];
  readonly outbound: readonly TrafficRule[];
}

export function makePlan({ forwards, settings, content, userData, inbound, outbound }: PlanProps): Plan {
  return {
    forwards: forwards.map(plannedForward),
    gateway: {
      ipv6: settings.ipv6,
      blocked: settings.blocked.map((c) => c.text),
      egress: settings.egress.map((c) => c.text),
      ...(settings.ping === undefined ? {} : { ping: settings.ping }),
    },
    files: content.files.filter((f) => f.origin === 'rules').map(({ path, text }) => ({ path, text })),
    inbound: inbound.map(plannedRule),
    outbound: outbound.map(plannedRule),
    userData: {
      size: userData.size,
      limit: USER_DATA_LIMIT,
      reserve: userData.reserve,
      compressed: userData.compressed,
      ...(userData.archive === undefined ? {} : { parameters: parameterNames(userData.archive) }),
    },
  };
}

function plannedForward(forward: ResolvedForward): PlannedForward {
  const { name, kind, engine, families, preserveClientAddress } = forward;
  const common = {
    engine,
    allowFrom: forward.allowFrom.map((c) => c.text),
    denyFrom: forward.denyFrom.map((c) => c.text),
    ...(forward.interface === undefined ? {} : { interface: forward.interface }),
    families,
    preserveClientAddress,
  };
  if (!isPortForward(forward))
    return { name, kind, listen: `${forward.protocol}`, to: [formatHost(forward.target)], ...common };
  const { listen, targets, sites, tlsHosts, balance, http3, healthCheck, limits, tls, trustedProxies } = forward;
  const redirect = sites.flatMap((s) => s.routes).find((r) => r.redirect !== undefined);
  return {
    name,
    kind,
    listen: formatPorts(listen),
    to: targets.map(formatTarget),
    ...(tlsHosts.length === 0
      ? {}
      : {
          hosts: tlsHosts.map(({ host, targets: own }) => ({
            ...(host === undefined ? {} : { host }),
            to: own.map(formatTarget),
          })),
        }),
    ...(sites.every(isPlain) ? {} : { sites: sites.map(plannedSite) }),
    ...(redirect === undefined ? {} : redirectOf(redirect)),
    ...common,
    ...(targets.length < 2 || tlsHosts.length > 0
      ? {}
      : { sharing: { balance, weights: targets.map((t) => t.weight) } }),
    ...(trustedProxies === undefined
      ? {}
      : { trustedProxies: { by: trustedProxies.by, from: trustedProxies.from.map((c) => c.text) } }),
    ...(forward.sendsProxyProtocol ? { sendsProxyProtocol: true as const } : {}),
    ...(http3 === undefined ? {} : { http3 }),
    ...certificateOf(tls),
    ...(healthCheck === undefined ? {} : { healthCheck }),
    ...(limits === undefined ? {} : { limits }),
  };
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
      to: route.targets.map(formatTarget),
      ...redirectOf(route),
      protocol: route.protocol,
    })),
  };
}

function redirectOf({ redirect }: HttpRoute): { readonly redirectTo?: string } {
  if (redirect === undefined) return {};
  return { redirectTo: typeof redirect === 'number' ? `https on ${redirect}` : redirect };
}

function certificateOf(tls: Certificate | undefined): Pick<PlannedForward, 'certificate'> {
  if (tls?.source === 'acme') return { certificate: `by ${tls.server} for ${tls.domains.join(', ')}` };
  return tls?.source === 'secret' ? { certificate: 'out of Secrets Manager' } : {};
}

function plannedRule({ protocol, ports, peer, reasons }: TrafficRule): PlannedRule {
  return {
    protocol: `${protocol}`,
    ports: ports === undefined ? 'all' : formatPorts(ports),
    peer: peer.text,
    for: reasons,
  };
}
