import { checkStack } from '../../lib/check-stack';
import { Forward } from '../../lib/forward/forward';
import { Sources } from '../../lib/forward/known-sources';
import { hostContent } from '../../lib/host/host-content';
import { OPERATING_SYSTEMS } from '../../lib/host/operating-system';

const WEB = { web: Forward.http({ listen: 80, to: 8080, limits: { requestsPerSecond: 20 } }) };
const stack = (props: object) => ({ adminCidr: '203.0.113.7/32', forwards: WEB, ...props });

/** The host's files by path. */
function files(props: object): ReadonlyMap<string, string> {
  const { forwards, settings, machine } = checkStack(stack(props));
  const { files } = hostContent({ forwards, settings, os: OPERATING_SYSTEMS[machine.os] });
  return new Map(files.map(({ path, text }) => [path, text]));
}

const settingsOf = (props: object) => files(props).get('/etc/portway/protect') ?? '';

test('only hosts with it have its files, and offences in nginx.conf', () => {
  const without = files({});
  expect([...without.keys()].filter((path) => /protect|offenders|blocked/.test(path))).toEqual([]);
  expect(without.get('/etc/nginx/nginx.conf')).not.toMatch(/offence|protect|first_uri/);
  expect([...files({ protect: {} }).keys()].filter((path) => /protect|offenders|blocked/.test(path))).toHaveLength(6);
});

test('settings name what counts, and who is never blocked', () => {
  const text = settingsOf({
    ipv6: true,
    protect: { refusedRequests: 50, failedLogins: { paths: ['/login'] }, never: ['198.51.100.0/24'], dryRun: true },
    forwards: {
      ...WEB,
      cdn: Forward.http({ listen: 81, to: '192.0.2.10:80', trustedProxies: ['192.0.2.128/25', '2001:db8:c::/48'] }),
    },
  });
  expect(text).toMatch(/^refused 50\nlogins 20\ndry-run true\nproxied true\nuser www-data\nnever /);
  const never = text.match(/(?<=^never ).*/gm);
  for (const one of ['203.0.113.7/32', '198.51.100.0/24', '192.0.2.10/32', '192.0.2.128/25', '2001:db8:c::/48'])
    expect(never).toContain(one);
  for (const one of ['10.0.0.0/8', '169.254.0.0/16', 'fc00::/7']) expect(never).toContain(one);
});

test('flows in the flow table are ended too, where there are any', () => {
  expect(settingsOf({ protect: {} })).not.toContain('flows');
  expect(settingsOf({ protect: {}, flowOffload: true })).toContain('\nflows true\n');
});

test('without failed logins nginx.conf has no path, which no server would set', () => {
  const conf = files({ protect: {} }).get('/etc/nginx/nginx.conf');
  expect(conf).toContain('portway-offence');
  expect(conf).not.toContain('first_uri');
});

test('offences are told beside every access log, also where nothing is logged', () => {
  const conf = files({
    protect: { failedLogins: { paths: ['/', '/a.b/'] } },
    forwards: {
      ...WEB,
      quiet: Forward.http({
        listen: 81,
        to: 8080,
        logs: { level: 'none' },
        routes: { '/x/*': { to: 8081, logs: { redact: true } } },
      }),
    },
  }).get('/etc/nginx/nginx.conf');
  expect(conf).toContain('"~*^(?:|/a\\.b)(?:[/;]|$)" logins;');
  const contexts = conf?.split(/^.*\{$/m).filter((text) => /access_log (?!off)/.test(text)) ?? [];
  expect(contexts.length).toBeGreaterThanOrEqual(3);
  for (const text of contexts) expect(text.match(/access_log syslog:/g)).toHaveLength(1);
  expect(conf?.match(/access_log off;/g)).toHaveLength(1);
});

test('first packets that are too many are dropped, and only counted with dryRun', () => {
  const rules = (protect: object) => files({ protect }).get('/etc/portway/protect.nft');
  expect(rules({})).not.toMatch(/rate|open/);
  const limit = 'limit rate over 30/second burst 150 packets } update @flooding_v4 { ip saddr } counter';
  expect(rules({ newConnectionsPerSecond: 30 })).toContain(`${limit} drop\n`);
  expect(rules({ newConnectionsPerSecond: 30, dryRun: true })).toContain(`${limit}\n`);
});

test('a proxy that a prefix list may hold, and Portway does not know, offends nobody where only a CDN comes', () => {
  const cdn = (props: object) =>
    files({
      protect: { failedLogins: { paths: ['/login'] }, newConnectionsPerSecond: 30 },
      forwards: {
        ...WEB,
        cdn: Forward.http({
          listen: 81,
          to: 8080,
          trustedProxies: [Sources.cloudFront({ prefixList: 'pl-0123abcd' })],
          ...props,
        }),
      },
    });
  const hidden = cdn({ proxiesOnly: true });
  expect(hidden.get('/etc/nginx/nginx.conf')).toContain('"~^(?:81) (?<unnamed>');
  expect(hidden.get('/etc/nginx/nginx.conf')).toContain('map "$portway_unnamed$upstream_status" $portway_refused');
  expect(hidden.get('/etc/portway/protect.nft')).toContain('== syn tcp dport != { 81 } jump opening');
  // Where clients may come too, nobody can tell them apart.
  const open = cdn({});
  expect(open.get('/etc/nginx/nginx.conf')).not.toContain('unnamed');
  expect(open.get('/etc/portway/protect.nft')).toContain('== syn jump opening');
});

test('connections count on hosts without nginx too', () => {
  const text = settingsOf({
    engine: 'iptables',
    forwards: { db: Forward.tcp({ listen: 5432, to: 5433 }) },
    protect: { newConnectionsPerSecond: 30 },
  });
  expect(text).toContain('\nconnections 30\nuser root\n');
});

test.each([
  ['nothing to count', {}, /protect must find something to count: add limits/],
  [
    'no HTTP forward',
    { forwards: { db: Forward.tcp({ listen: 5432, to: 5433 }) } },
    /protect must go with Forward\.http/,
  ],
  [
    'a number out of bounds',
    { protect: { refusedRequests: 9 } },
    /protect\.refusedRequests must be a whole number of 10-100000, got: 9/,
  ],
  ['no paths', { protect: { failedLogins: {} } }, /protect\.failedLogins\.paths must list paths/],
  [
    'a path with a quote',
    { protect: { failedLogins: { paths: ['/a"b'] } } },
    /protect\.failedLogins\.paths\[0\] must be a path/,
  ],
  ['everyone', { protect: { never: ['0.0.0.0/0'] } }, /protect\.never must not be everyone/],
  [
    'everyone as two halves',
    { protect: { never: ['0.0.0.0/1', '128.0.0.0/1'] } },
    /protect\.never must not be everyone/,
  ],
  [
    'a number of refusals that nothing makes',
    { protect: { refusedRequests: 50, newConnectionsPerSecond: 30 } },
    /protect\.refusedRequests must go with limits on an HTTP forward.*got: 50/,
  ],
  ['an unknown prop', { protect: { dryrun: true } }, /protect\.dryrun .*dryRun/],
  ['no object', { protect: true }, /protect must be an object such as/],
])('%s is refused', (_, props, message) => {
  const forwards = { web: Forward.http({ listen: 80, to: 8080 }) };
  expect(() => checkStack(stack({ forwards, protect: {}, ...props }))).toThrow(message);
});
