import { BALANCES } from '../forward/balance';
import type { PortRange } from '../forward/ports';
import type { HttpsForward, PortForward, ResolvedForward } from '../forward/resolved';
import type { Host } from '../forward/target';
import { type Certificate, isCheckedOverHttp } from '../forward/tls';
import { isToken } from '../forward/token';
import type { HttpRoute, HttpSite } from '../http/route';
import { admittedBy, listNames, network } from './lists';
import type { PlannedForward, PlannedRedirect, PlannedSite, PlannedTarget } from './plan';

/** A forward as a plan has it. Pure. */
export function plannedForward(forward: ResolvedForward): PlannedForward {
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
  if (tls.source === 'acme') {
    const { source, server, domains } = tls;
    return { certificate: { source, server, domains, ...(isCheckedOverHttp(tls) ? {} : { dns: true }) } };
  }
  return tls.source === 'secret' ? { certificate: { source: 'secret' } } : {};
}
