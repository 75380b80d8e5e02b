import { BALANCES } from '../forward/balance';
import { formatPorts } from '../forward/ports';
import { annotationLines } from './annotations';
import { fleetLines } from './fleet';
import { AT_DEPLOY, listLine, type PlannedFetchedList, type PlannedList, shownSources } from './lists';
import type {
  Plan,
  PlannedCertificate,
  PlannedCost,
  PlannedForward,
  PlannedGateway,
  PlannedRedirect,
  PlannedRule,
  PlannedTarget,
} from './plan';
import { plainTable } from './table';
import { trafficLines } from './traffic';

/** A plan as text: forwards, gateway, annotations, security group, size of user-data, and the rendered files. Omits defaults. */
export function printPlan(stack: string, plan: Plan): string {
  const { lists = [] } = plan.gateway;
  const remarks = plan.forwards.map((f) => remarksOn(f, lists));
  const remarked = remarks.some((r) => r.length > 0);
  const forwards = plainTable(
    ['forward', 'listener', 'leads to', 'engine', 'allowed from', ...(remarked ? ['and'] : [])],
    plan.forwards.map((f, i) => [...forwardRow(f, lists), ...(remarked ? [(remarks[i] ?? []).join('\n')] : [])]),
  );
  const gateway = gatewayLines(plan.gateway);
  const annotations = annotationLines(plan.annotations ?? []);
  const rules = plainTable(
    ['direction', 'protocol', 'ports', 'network', 'for'],
    [...plan.inbound.map((r) => ['in', ...ruleRow(r)]), ...plan.outbound.map((r) => ['out', ...ruleRow(r)])],
  );
  const room = roomText(plan.userData);
  const files = plan.files.map(({ path, text }) => `${path}\n${'-'.repeat(path.length)}\n${text}`);
  const fleet = plan.fleet === undefined ? [] : ['Fleet', fleetLines(plan.fleet).join('\n')];
  const traffic = plan.traffic === undefined ? [] : ['Traffic, as stated', trafficLines(plan.traffic).join('\n')];
  const parts = [
    forwards,
    ...fleet,
    ...traffic,
    ...(gateway.length > 0 ? ['Gateway', gateway.join('\n')] : []),
    ...(annotations.length > 0 ? ['Annotations', annotations.join('\n')] : []),
    'Security group',
    rules,
  ];
  return [`Stack ${stack}`, ...parts, room, ...files].join('\n\n');
}

function roomText({ size, limit, reserve, parameters, content, namesContent }: Plan['userData']): string {
  const room = `User-data: ${size} of ${limit} bytes, ${reserve} of them kept for the signal's URL`;
  const text = namesContent ? room : `${room}; a change of forwards leaves it alone and reaches the running host`;
  return `${text}. The host's files are in ${parameters.length} parameters: ${parameters[0]}, ... (content ${content.slice(0, 16)})`;
}

function forwardRow(forward: PlannedForward, lists: readonly PlannedList[]): string[] {
  const { name, kind, listen, protocol, to, hosts, redirectTo, engine, sharing } = forward;
  const allowFrom = shownSources(forward.allowFrom, forward.lists?.allowFrom ?? [], lists);
  const even = sharing === undefined || new Set(sharing.weights).size === 1;
  const targets =
    hosts?.flatMap((h) => h.to.map((target) => `${h.host ?? 'other names'}: ${targetText(target)}`)) ??
    to.map((target, i) => (even ? targetText(target) : `${targetText(target)}, weight ${sharing.weights[i]}`));
  return [
    name,
    `${kind} ${listen === undefined ? protocol : formatPorts(listen)}`,
    [...targets, ...(redirectTo === undefined ? [] : [`redirect to ${redirectText(redirectTo)}`])].join('\n'),
    engine,
    allowFrom.length > 0 ? allowFrom.join('\n') : 'everyone',
  ];
}

/** A target as users write it: `10.0.1.20:443`, `[2001:db8::1]:443`; a port on the gateway itself says so. */
export function targetText({ kind, host = '', ports }: PlannedTarget): string {
  const port = ports === undefined ? '' : formatPorts(ports);
  if (kind === 'local') return `${port} on the gateway`;
  const written = kind === 'token' ? `(${AT_DEPLOY})` : kind === 'ipv6' ? `[${host}]` : host;
  return ports === undefined ? written : `${written}:${port}`;
}

function redirectText(redirect: PlannedRedirect): string {
  return 'url' in redirect ? redirect.url : `https on ${redirect.httpsPort}`;
}

/** Where a certificate comes from, to go on after "certificate" or "it comes". */
export function certificateText(certificate: PlannedCertificate): string {
  if (certificate.source === 'secret') return 'out of Secrets Manager';
  const { server, domains, dns } = certificate;
  return `by ${server} for ${domains.join(', ')}${dns ? ', checked by records in Route 53' : ''}`;
}

/** A forward's options that have no column of their own. */
function remarksOn(forward: PlannedForward, lists: readonly PlannedList[]): string[] {
  const { certificate, families, healthCheck, http3, limits, sharing } = forward;
  const denyFrom = shownSources(forward.denyFrom, forward.lists?.denyFrom ?? [], lists);
  const rate = limits?.rate;
  const onEach = limits?.perFleet ? ', its share of the fleet, on each host' : '';
  return [
    ...(certificate === undefined ? [] : [`certificate ${certificateText(certificate)}`]),
    ...(forward.trustedProxies?.only ? ['only through its trusted proxies'] : []),
    ...(forward.trustedProxies?.balancer ? ['the balancer names clients by the PROXY protocol'] : []),
    ...(http3 ? ['HTTP/3 on the same port of UDP'] : []),
    ...denyFrom.map((cidr) => `not from ${cidr}`),
    ...(forward.interface === undefined ? [] : [`by ${forward.interface}`]),
    ...(families.length === 1 ? [`IPv${families[0]} only`] : []),
    ...(forward.preserveClientAddress ? ["targets see clients' addresses"] : []),
    ...(sharing === undefined || DEFAULT_SHARING.includes(sharing.balance) ? [] : [`shared by ${sharing.balance}`]),
    ...(healthCheck === undefined ? [] : [healthLine(healthCheck)]),
    ...(rate === undefined ? [] : [`a client: ${rate.perSecond} new connections/s, ${rate.burst} at once${onEach}`]),
    ...(limits?.openConnections === undefined ? [] : [`a client: ${limits.openConnections} open connections${onEach}`]),
  ];
}

/** The default of each engine. */
const DEFAULT_SHARING: readonly string[] = [BALANCES.iptables[0], BALANCES.nginx[0]];

function healthLine({ by, port, interval, failures }: NonNullable<PlannedForward['healthCheck']>): string {
  return `health: ${by}${port === undefined ? '' : ` ${port}`} every ${interval} s, out after ${failures}`;
}

function fetchedLine({ url, everyHours, countries, allBut }: PlannedFetchedList): string {
  const fetched = `${url}, fetched every ${everyHours} h`;
  if (countries !== undefined) return `refuses new connections from ${countries.join(', ')} by ${fetched}`;
  if (allBut !== undefined) return `refuses new connections from all countries but ${allBut.join(', ')} by ${fetched}`;
  return `drops all from ${fetched}`;
}

function gatewayLines({
  address,
  names,
  ipv6,
  blocked,
  lists = [],
  blockedLists = [],
  fetchedLists = [],
  egress,
  login,
  alarms,
  dashboard,
  metrics,
  reboot,
  updatesOffBecause,
  ping,
}: PlannedGateway): string[] {
  return [
    ...(address === undefined ? [] : [`takes over ${address}`]),
    ...(names === undefined ? [] : [`named ${names.join(', ')}`]),
    ...(ipv6 ? ['IPv6 beside IPv4'] : []),
    ...(egress.length > 0 ? [`way out of ${egress.join(', ')}`] : []),
    ...(blocked.length > 0 ? [`drops all from ${shownSources(blocked, blockedLists, lists).join(', ')}`] : []),
    ...fetchedLists.map(fetchedLine),
    ...lists.map(listLine),
    ...(alarms === undefined ? [] : [costLine('alarms', alarms)]),
    ...(dashboard === undefined ? [] : [costLine('dashboard', dashboard)]),
    ...(metrics === undefined ? [] : [costLine('metrics in CloudWatch', metrics)]),
    ...(login.way === 'direct' ? [] : [LOGIN[login.way]]),
    ...(reboot === undefined ? [] : [`reboots at ${reboot} if newer packages wait for it`]),
    ...(updatesOffBecause === undefined ? [] : [`the system installs no security updates: ${updatesOffBecause}`]),
    ...(ping === undefined ? [] : [ping ? 'answers pings' : 'answers no ping']),
  ];
}

const LOGIN = {
  endpoint: 'people log in through an EC2 Instance Connect Endpoint, which costs nothing; port 22 is open to it alone',
  'session-manager': 'people log in through Session Manager, which costs nothing; port 22 is closed',
} as const;

function costLine(what: string, { count, dollarsAMonth, pricesOf, source }: PlannedCost): string {
  return `${count} ${what}: $${dollarsAMonth.toFixed(2)} a month (list price in us-east-1 of ${pricesOf}, ${source})`;
}

function ruleRow(rule: PlannedRule): string[] {
  const ports = rule.ports === undefined ? 'all' : formatPorts(rule.ports);
  return [`${rule.protocol}`, ports, rule.peer, rule.for.join(', ')];
}
