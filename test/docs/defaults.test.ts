import { checkFleet } from '../../lib/check-fleet';
import { checkStack } from '../../lib/check-stack';
import { Forward } from '../../lib/forward/forward';
import { PortwayError } from '../../lib/forward/problems';
import { hostContent } from '../../lib/host/host-content';
import { OPERATING_SYSTEMS } from '../../lib/host/operating-system';
import { publicProps } from '../../scripts/options-page/options-page';
import { OF_FLEETS } from './defaults/fleet';
import {
  type Default,
  http,
  https,
  letsEncrypt,
  logins,
  PROTECTION,
  passthrough,
  row,
  SOURCES,
  stack,
  TARGETS,
  TCP,
  TWO,
  transport,
} from './defaults/row';

/** All that a stack's props lead to: what the host gets, what AWS gets, or what is wrong with them. */
function result(props: object): unknown {
  try {
    const { forwards, settings, ...rest } = 'capacity' in props ? checkFleet(props) : checkStack(props);
    const host = hostContent({ forwards, settings, os: OPERATING_SYSTEMS[rest.machine.os] });
    const files = host.files.map(({ path, text }) => [path, path.endsWith('/nginx.conf') ? inherited(text) : text]);
    return { ...rest, files, settings: host.settings, sent: [settings.cloudWatch, settings.shippedLogs] };
  } catch (error) {
    if (error instanceof PortwayError) return error.message;
    throw error;
  }
}

/** Defaults of nginx itself, which its configuration need not have. @see https://nginx.org/en/docs/http/ngx_http_proxy_module.html */
const OF_NGINX = ['proxy_read_timeout 60s;'];

/** nginx.conf without the directives that repeat what the http block, or nginx itself, already says. */
function inherited(conf: string): string {
  const lines = conf.split('\n');
  const directives = lines.flatMap((line) => /^ {2}(\w.*;)/.exec(line)?.[1] ?? []);
  const outer = new Set([...OF_NGINX, ...directives]);
  return lines.filter((line) => !/^ {4}/.test(line) || !outer.has(line.trim())).join('\n');
}

const DEFAULTS: readonly Default[] = [
  ...OF_FLEETS,
  row('Life of the host', 'onChange', (onChange) => stack({ onChange }), 'restart'),
  row('Life of the host', 'liveTrigger', (liveTrigger) => stack({ liveTrigger }), 'poll'),
  row(
    'Life of the host',
    'confirm[].expect',
    (expect) => stack({ confirm: { web: { http: '/health', expect } } }),
    204,
  ),
  row('Life of the host', 'attempt', (attempt) => stack({ attempt }), 1),
  row(
    'Forwards and access',
    'ssh',
    (ssh) => ({ ...stack({}), ...(ssh === 'endpoint' ? { adminCidr: undefined } : {}), ssh }),
    'endpoint',
  ),
  row('Network', 'availabilityZoneIndex', (availabilityZoneIndex) => stack({ availabilityZoneIndex }), 1),
  row('Network', 'flowLogs', (flowLogs) => stack({ flowLogs }), true),
  row('Network', 'detailedMonitoring', (detailedMonitoring) => stack({ detailedMonitoring }), true),
  row('Network', 'maxSecurityGroupRules', (n) => ({ ...http({ allowFrom: SOURCES }), maxSecurityGroupRules: n }), 61),
  row('Network', 'ipv6', (ipv6) => stack({ ipv6 }), true),
  row(
    'Forwards and access',
    'engine',
    (engine) => stack({ engine, forwards: { game: Forward.tcp({ listen: 9000, to: 9001 }) } }),
    'iptables',
  ),
  row(
    'In the kernel',
    'flowOffload',
    (flowOffload) =>
      stack({ flowOffload, forwards: { game: Forward.tcp({ listen: 9000, to: TWO, engine: 'iptables' }) } }),
    true,
  ),
  row(
    'Blocking for a time',
    'protect.refusedRequests',
    (refusedRequests) => ({ ...http({ limits: { requestsPerSecond: 9 } }), protect: { refusedRequests } }),
    101,
  ),
  row('Blocking for a time', 'protect.failedLogins.most', (most) => logins({ most }), 21),
  row('Blocking for a time', 'protect.dryRun', (dryRun) => logins({}, { dryRun }), true),
  row(
    'In the kernel',
    'monitoring.prometheus.port',
    (port) => stack({ monitoring: { prometheus: { from: ['10.0.5.0/24'], ...(port === undefined ? {} : { port }) } } }),
    9100,
  ),
  row(
    'In the kernel',
    'monitoring.cloudWatch.level',
    (level) => stack({ monitoring: { cloudWatch: level === undefined ? {} : { level } } }),
    'forwards',
  ),
  row(
    'In the kernel',
    'monitoring.cloudWatch.retentionDays',
    (retentionDays) => stack({ monitoring: { cloudWatch: retentionDays === undefined ? {} : { retentionDays } } }),
    7,
  ),
  row(
    'In the kernel',
    'monitoring.logs.access',
    (access) => stack({ monitoring: { logs: access === undefined ? {} : { access } } }),
    true,
  ),
  row(
    'In the kernel',
    'monitoring.logs.retentionDays',
    (retentionDays) => stack({ monitoring: { logs: retentionDays === undefined ? {} : { retentionDays } } }),
    7,
  ),
  row(
    'In the kernel',
    'monitoring.dashboard',
    (dashboard) =>
      stack({
        monitoring: { prometheus: { from: ['10.0.5.0/24'] }, ...(dashboard === undefined ? {} : { dashboard }) },
      }),
    true,
  ),
  row('Machine', 'os', (os) => stack({ os }), 'debian-12'),
  row('Machine', 'instanceType', (instanceType) => stack({ instanceType }), 't4g.small'),
  row(
    'Machine',
    'instanceType',
    (instanceType) => stack({ instanceType, architecture: 'x86_64' }),
    't3.small',
    't3.micro',
  ),
  row('Machine', 'diskGiB', (diskGiB) => stack({ diskGiB }), 9),
  row('Ports and targets', 'to[].weight', (weight) => http({ to: [{ to: TWO[0], weight }, TWO[1]] }), 2),
  row('Ports and targets', 'to[].backup', (backup) => http({ to: [{ to: TWO[0], backup }, TWO[1]] }), true),
  row(TCP, 'balance', (balance) => transport('tcp', 'iptables', { balance }), 'source'),
  row(TCP, 'balance', (balance) => transport('tcp', 'nginx', { balance }), 'source', 'round-robin'),
  row(TCP, 'healthCheck', (healthCheck) => transport('tcp', 'iptables', { healthCheck }), true),
  row(TCP, 'healthCheck.by', (by) => transport('tcp', 'iptables', { healthCheck: { by } }), 'ping'),
  row(TCP, 'healthCheck.by', (by) => transport('udp', 'iptables', { healthCheck: { by } }), 'tcp', 'ping'),
  row(TCP, 'healthCheck.interval', (interval) => transport('tcp', 'iptables', { healthCheck: { interval } }), 6),
  row(TCP, 'healthCheck.failures', (failures) => transport('tcp', 'iptables', { healthCheck: { failures } }), 3),
  row(
    TCP,
    'proxyProtocol.send',
    (send) => transport('tcp', 'nginx', { proxyProtocol: { accept: { from: ['10.0.0.0/16'] }, send } }),
    true,
  ),
  row(TCP, 'idleTimeout', (idleTimeout) => transport('udp', 'nginx', { idleTimeout }), 121, 120),
  row(
    'With engine iptables',
    'preserveClientAddress',
    (preserveClientAddress) => transport('tcp', 'iptables', { preserveClientAddress }),
    true,
  ),
  row('Forward.tls', 'balance', (balance) => passthrough({ balance }), 'source'),
  row(
    'Forward.tls',
    'proxyProtocol.send',
    (send) => passthrough({ proxyProtocol: { accept: { from: ['10.0.0.0/16'] }, send } }),
    true,
  ),
  row('Forward.tls', 'engine', (engine) => passthrough({ engine }), 'iptables'),
  row(
    'Hosts and paths',
    'routes[].stripPrefix',
    (stripPrefix) => http({ routes: { '/api/*': { to: 9000, stripPrefix } } }),
    true,
  ),
  row('Hosts and paths', 'protocol', (protocol) => https({ protocol }), 'grpc'),
  row('Hosts and paths', 'streaming', (streaming) => http({ streaming }), true),
  row(PROTECTION, 'maxBodyMiB', (maxBodyMiB) => http({ routes: { '/a': { to: 9000, maxBodyMiB } } }), 101),
  row(PROTECTION, 'timeouts.body', (body) => http({ routes: { '/a': { to: 9000, timeouts: { body } } } }), 21),
  row(PROTECTION, 'timeouts.response', (response) => http({ timeouts: { response } }), 61),
  row(PROTECTION, 'logs.level', (level) => http({ logs: { level } }), 'errors'),
  row(PROTECTION, 'logs.redact', (redact) => http({ logs: { redact } }), true),
  row(TARGETS, 'balance', (balance) => http({ to: TWO, balance }), 'source'),
  row(TARGETS, 'failover.maxFails', (maxFails) => http({ to: TWO, failover: { maxFails } }), 4),
  row(TARGETS, 'failover.failTimeout', (failTimeout) => http({ to: TWO, failover: { failTimeout } }), 11),
  row(TARGETS, 'failover.tries', (tries) => http({ to: TWO, failover: { tries } }), 4),
  row(TARGETS, 'failover.timeout', (timeout) => http({ to: TWO, failover: { timeout } }), 16),
  row(TARGETS, 'failover.connectTimeout', (connectTimeout) => http({ to: TWO, failover: { connectTimeout } }), 3),
  row(TARGETS, 'failover.resend', (resend) => http({ to: TWO, failover: { resend } }), 'safe'),
  row(TARGETS, 'cache.keepFor', (keepFor) => http({ cache: { sizeMb: 100, keepFor } }), 86_401),
  row(TARGETS, 'cache.ignoreCookies', (ignoreCookies) => http({ cache: { sizeMb: 100, ignoreCookies } }), true),
  row(TARGETS, 'cache.waitForFill', (waitForFill) => http({ cache: { sizeMb: 100, waitForFill } }), 2),
  row(TARGETS, 'targetKeepAlive', (targetKeepAlive) => http({ targetKeepAlive }), false),
  row('Error pages', 'errors.title', (title) => http({ errors: { title } }), 'Closed'),
  row('Error pages', 'errors.message', (message) => http({ errors: { message } }), 'Call us.'),
  row('Forward.http', 'maxHeaderKiB', (maxHeaderKiB) => http({ maxHeaderKiB }), 32),
  row('Forward.http', 'proxiesOnly', (proxiesOnly) => http({ trustedProxies: ['10.0.0.0/16'], proxiesOnly }), true),
  row('Forward.http', 'underscoresInHeaders', (underscoresInHeaders) => http({ underscoresInHeaders }), true),
  row('Forward.http', 'maintenance', (maintenance) => http({ maintenance }), true),
  row('Forward.http', 'engine', (engine) => http({ engine }), 'iptables'),
  row('Forward.https', 'hsts', (hsts) => https({ hsts }), true),
  row('Forward.https', 'hsts.maxAgeDays', (maxAgeDays) => https({ hsts: { maxAgeDays } }), 364),
  row('Forward.https', 'hsts.includeSubDomains', (includeSubDomains) => https({ hsts: { includeSubDomains } }), true),
  row('Forward.https', 'hsts.preload', (preload) => https({ hsts: { includeSubDomains: true, preload } }), true),
  row('Forward.https', 'http3', (http3) => https({ http3 }), true),
  row(
    'Forward.protocol',
    'engine',
    (engine) => stack({ forwards: { vpn: Forward.protocol({ protocol: 'esp', to: '10.0.1.20', engine } as never) } }),
    'nginx',
  ),
  row('Tls.letsEncrypt', 'tls.staging', (staging) => letsEncrypt({ staging }), true),
];

/** The first literal of a default, if it begins with one: `100; no limit for gRPC`. */
function firstLiteral(standard: string): unknown {
  const match = /^(?:'([^']*)'|(true|false|\d+)(?=$|[:;,]))/.exec(standard);
  if (match?.[1] !== undefined) return match[1];
  return match?.[2] === undefined ? undefined : JSON.parse(match[2]);
}

const documented = publicProps().map((prop) => ({ ...prop, key: `${prop.category}: ${prop.path}` }));

test.each(DEFAULTS.map((entry) => [entry.prop.join(': '), entry] as const))(
  '%s: giving the documented default changes nothing, another value does',
  (key, { stack: stackWith, literal, other }) => {
    const { standard = '' } = documented.find((prop) => prop.key === key) ?? {};
    const value = literal ?? firstLiteral(standard);
    expect(standard).toContain(String(value));
    const without = result(stackWith(undefined));
    expect(result(stackWith(value))).toEqual(without);
    expect(result(stackWith(other))).not.toEqual(without);
  },
);

test('every documented default that is a literal is tried', () => {
  const literals = documented.filter(({ standard = '' }) => firstLiteral(standard) !== undefined);
  expect(DEFAULTS.map(({ prop }) => prop.join(': '))).toEqual(expect.arrayContaining(literals.map(({ key }) => key)));
});
