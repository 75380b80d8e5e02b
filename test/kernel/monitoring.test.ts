import { checkStack } from '../../lib/check-stack';
import { Forward } from '../../lib/forward/forward';
import { Sources } from '../../lib/forward/known-sources';
import { hostContent } from '../../lib/host/host-content';
import { OPERATING_SYSTEMS } from '../../lib/host/operating-system';

const FORWARDS = { web: Forward.http({ listen: 80, to: 8080 }) };

function check(monitoring: unknown, more: object = {}) {
  return checkStack({
    adminCidr: '203.0.113.7/32',
    forwards: FORWARDS,
    ...(monitoring ? { monitoring } : {}),
    ...more,
  });
}

function filesOf(monitoring: unknown, more: object = {}) {
  const { forwards, settings, machine } = check(monitoring, more);
  return hostContent({ forwards, settings, os: OPERATING_SYSTEMS[machine.os] }).files;
}

const paths = (files: readonly { readonly path: string }[]) => files.map(({ path }) => path);

test('opens the port to the readers alone, in the security group and on the host', () => {
  const monitoring = { prometheus: { from: ['10.0.0.0/24', '10.0.1.0/24', '2001:db8::/32'], port: 9999 } };
  const { inbound } = check(monitoring, { ipv6: true });
  const ports = inbound.filter(({ ports }) => ports?.from === 9999);
  expect(ports.map(({ protocol, peer, reasons }) => [protocol, peer.text, reasons])).toEqual([
    ['tcp', '10.0.0.0/24', ['metrics']],
    ['tcp', '10.0.1.0/24', ['metrics']],
    ['tcp', '2001:db8::/32', ['metrics']],
  ]);
  const files = filesOf(monitoring, { ipv6: true });
  expect(files.find(({ path }) => path.endsWith('metrics.json'))?.text).toBe(
    '{"port":9999,"from":["10.0.0.0/23","2001:db8::/32"]}\n',
  );
  // A chain would look at each packet of every forward.
  expect(paths(files)).not.toContain('/etc/portway/nftables.rules');
});

test('takes names of lists, and of those the networks that the gateway can hear', () => {
  const lists = { ops: ['10.0.5.0/24', '2001:db8:5::/48'], also: ['10.0.5.0/24'], six: ['2001:db8:6::/48'] };
  const readers = (from: readonly unknown[], more: object = {}) =>
    check({ prometheus: { from } }, { lists, ...more }).inbound.flatMap(({ reasons, peer }) =>
      reasons.includes('metrics') ? peer.text : [],
    );
  expect(readers(['ops', 'also', '10.0.6.0/24'])).toEqual(['10.0.5.0/24', '10.0.6.0/24']);
  expect(readers(['ops'], { ipv6: true })).toEqual(['10.0.5.0/24', '2001:db8:5::/48']);
  expect(() => readers(['six'])).toThrow('monitoring.prometheus.from must be IPv4 while the gateway has no IPv6');
  expect(() => readers(['opps'])).toThrow('the name of a list (did you mean ops?), got: opps');
  expect(() => readers([Sources.cloudflare()])).toThrow('must be networks of your own: anybody may ask through a CDN');
});

test('puts nothing on a host without it', () => {
  expect(paths(filesOf(undefined)).filter((path) => /metrics/.test(path))).toEqual([]);
  expect(filesOf(undefined).find(({ path }) => path.endsWith('nginx.conf'))?.text).not.toMatch(/metrics/);
});

test('opens nothing for CloudWatch, and names its metrics, a forward a line', () => {
  const before = check(undefined).inbound;
  const monitoring = { cloudWatch: { level: 'forwards' } };
  expect(check(monitoring).inbound).toEqual(before);
  const files = filesOf(monitoring);
  const text = (name: string) => files.find(({ path }) => path.endsWith(name))?.text;
  expect(text('/metrics.json')).toBe('{}\n');
  expect(text('nginx.conf')).toContain('/metrics.log metrics-web ');
  expect(text('/cloudwatch.json')?.split('\n').slice(2)).toEqual([
    '"web": ["Connections","Bytes","Requests","ClientErrors","ServerErrors","Refused"]',
    '}}',
    '',
  ]);
  expect(JSON.parse(text('/cloudwatch.json') ?? '')).toMatchObject({ group: '/portway/Portway', seconds: 60 });
  expect(JSON.parse(filesOf({ cloudWatch: {} }).find(({ path }) => /cloudwatch.json/.test(path))?.text ?? '')).toEqual(
    expect.objectContaining({ forwards: {} }),
  );
});

test('counts nothing where only logs are sent', () => {
  const files = filesOf({ logs: { access: true } });
  const text = (name: string) => files.find(({ path }) => path.endsWith(name))?.text;
  expect(text('nginx.conf')).not.toMatch(/metrics/);
  expect(JSON.parse(text('/cloudwatch.json') ?? '')).toEqual({
    ...{ gateway: 'Portway', seconds: 60, forwards: {} },
    logs: { group: '/portway/Portway/logs', names: ['bootstrap', 'access', 'error'] },
  });
  expect(paths(filesOf({ cloudWatch: {} })).join()).not.toMatch(/cloudwatch_logs/);
});

test("counts what is dropped by each forward's entry of a set, where there are metrics", () => {
  const more = {
    engine: 'iptables',
    lists: { bad: ['203.0.113.0/25'] },
    forwards: {
      game: Forward.tcp({ listen: 80, to: '10.0.1.10:80', denyFrom: ['203.0.113.128/25', 'bad'] }),
      office: Forward.tcp({ listen: 81, to: '10.0.1.10:81', allowFrom: ['192.0.2.0/24'] }),
    },
  };
  const counting = (monitoring: unknown) => {
    const files = filesOf(monitoring, more);
    const rules = files.find(({ path }) => path.endsWith('nftables.rules'))?.text ?? '';
    const sets = [...rules.matchAll(/^ {2}set (\w+) \{\n(?: {4}(?!counter).*\n)* {4}counter\n/gm)].map(
      ([, name]) => name,
    );
    return [sets, paths(files).filter((path) => path.includes('drops'))];
  };
  expect(counting({ prometheus: { from: ['10.0.0.0/24'] } })).toEqual([
    ['denied_v4', 'denied_list_bad_v4', 'restricted_v4', 'restricted_v6'],
    [
      '/usr/local/lib/portway/portway/drops.py',
      '/etc/systemd/system/portway-drops.socket',
      '/etc/systemd/system/portway-drops.service',
    ],
  ]);
  expect(counting({ logs: {} })).toEqual([[], []]);
});

test('needs what is comfort otherwise', () => {
  const engine = { engine: 'iptables', forwards: { game: Forward.tcp({ listen: 80, to: '10.0.1.10:80' }) } };
  const files = filesOf({ prometheus: { from: ['10.0.0.0/24'] } }, engine);
  const needed = ['forwards', 'traffic.py', 'portway-traffic.socket', 'portway-traffic.service'];
  for (const name of needed)
    expect(files.filter(({ path, optional }) => path.endsWith(`/${name}`) && optional === undefined)).toHaveLength(1);
  expect(paths(files.filter(({ optional }) => optional !== undefined))).toContain(
    '/usr/local/lib/portway/portway/status.py',
  );
});

test.each([
  ['nothing to tell', {}, /monitoring must hold prometheus, cloudWatch, logs, alarms or dashboard/],
  ['no network', { prometheus: {} }, /monitoring\.prometheus\.from must say which networks may read the metrics/],
  ['an empty list', { prometheus: { from: [] } }, /monitoring\.prometheus\.from must hold at least one CIDR block/],
  ['everyone', { prometheus: { from: ['0.0.0.0/0'] } }, /monitoring\.prometheus\.from must not be everyone/],
  ['two halves', { prometheus: { from: ['::/1', '8000::/1'] } }, /monitoring\.prometheus\.from must not be everyone/],
  ['IPv6 on a host without', { prometheus: { from: ['fd00::/8'] } }, /must be IPv4 while the gateway has no IPv6/],
  ['host bits', { prometheus: { from: ['10.0.0.5/24'] } }, /monitoring\.prometheus\.from\[0\]/],
  ['a low port', { prometheus: { from: ['10.0.0.0/24'], port: 80 } }, /port must be a whole number of 1024-65535/],
  ['the port of an application', { prometheus: { from: ['10.0.0.0/24'], port: 8080 } }, /a target of forwards\.web/],
  ['another name', { prometheus: { From: ['10.0.0.0/24'] } }, /did you mean from/],
  ['a list', [], /monitoring must be an object/],
])('refuses %s', (_, monitoring, message) => {
  expect(() => check(monitoring)).toThrow(message);
});

test("refuses a forward's port, and one of its range", () => {
  const forwards = { range: Forward.tcp({ listen: '9000-9999', to: '10.0.1.10:9000-9999', engine: 'iptables' }) };
  expect(() => check({ prometheus: { from: ['10.0.0.0/24'] } }, { forwards })).toThrow(
    'monitoring.prometheus.port must not be in forwards.range.listen (9000-9999): choose another, got: 9464',
  );
  const udp = { range: Forward.udp({ listen: '9000-9999', to: '10.0.1.10:9000-9999', engine: 'iptables' }) };
  expect(check({ prometheus: { from: ['10.0.0.0/24'] } }, { forwards: udp }).settings.prometheus?.port).toBe(9464);
});
