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

/** What a deploy would set up, as plain data: what `portway plan` prints, and what other programs can read. */
export interface Plan {
  readonly forwards: readonly PlannedForward[];
  readonly gateway: PlannedGateway;
  /** The rendered files as the host gets them: rules and nginx.conf. */
  readonly files: readonly { readonly path: string; readonly text: string }[];
  /** What the security group lets through. */
  readonly inbound: readonly PlannedRule[];
  readonly outbound: readonly PlannedRule[];
  readonly userData: {
    /** Bytes, with the reserve counted for the signal's URL. */
    readonly size: number;
    readonly limit: number;
    readonly reserve: number;
    /** Whether the rendered files travel compressed. */
    readonly compressed: boolean;
    /** Names of the parameters that the host reads the rest from. Not there: all has room. */
    readonly parameters?: readonly string[];
  };
}

export interface PlannedForward {
  readonly name: string;
  /** `tcp`, `udp`, `tls`, `http`, `https` or `protocol`. */
  readonly kind: string;
  /** Port or range on the gateway; the number of a protocol without ports. */
  readonly listen: string;
  /** Targets; a port alone is on the gateway itself. */
  readonly to: readonly string[];
  /** Of an HTTP forward that tells requests apart by host or path, or speaks gRPC: what is done with which. */
  readonly sites?: readonly PlannedSite[];
  /** Of a TLS forward: which of `to` is for which name. Without a name: all others. */
  readonly hosts?: readonly { readonly host?: string; readonly to: readonly string[] }[];
  readonly redirectTo?: string;
  readonly engine: string;
  /** Source networks; empty means everyone. */
  readonly allowFrom: readonly string[];
  /** Source networks that are refused, whatever `allowFrom` says. */
  readonly denyFrom: readonly string[];
  /** Not there: every interface. */
  readonly interface?: string;
  /** The IP versions that it listens on. */
  readonly families: readonly (4 | 6)[];
  /** Whether targets on other hosts see clients' addresses. */
  readonly preserveClientAddress: boolean;
  /** Where there are several targets: how they share, and each one's weight, in the order of `to`. */
  readonly sharing?: { readonly balance: string; readonly weights: readonly number[] };
  /** Who may tell whose connection it really is: proxies in front of the gateway. */
  readonly trustedProxies?: { readonly by: TrustedProxies['by']; readonly from: readonly string[] };
  /** Whether targets are told the client's address by the PROXY protocol. */
  readonly sendsProxyProtocol?: true;
  /** Whether an HTTPS forward listens on UDP too. */
  readonly http3?: true;
  /** Where its certificate comes from, if the host does not make it itself. */
  readonly certificate?: string;
  readonly healthCheck?: ResolvedHealthCheck;
  readonly limits?: ResolvedLimits;
}

/** A host name with its paths. */
export interface PlannedSite {
  /** Undefined: every name that no other site has. */
  readonly host?: string;
  readonly routes: readonly {
    readonly path: string;
    /** Whether the path is this one alone. Not there: all that begin with it. */
    readonly exact?: true;
    readonly to: readonly string[];
    readonly redirectTo?: string;
    readonly protocol: HttpProtocol;
  }[];
}

/** What the gateway does besides its forwards. */
export interface PlannedGateway {
  readonly ipv6: boolean;
  /** Networks that are dropped. */
  readonly blocked: readonly string[];
  /** Networks whose way out it is. */
  readonly egress: readonly string[];
  /** Not there: no ping gets in from outside, and the host does as its distribution does. */
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

/** A site for all names and paths, as most forwards have: the forward itself says all. */
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
