import { readFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Forward } from '../../lib/forward/forward';
import { Tls } from '../../lib/forward/tls';
import { readAsset, UNITS } from '../../lib/host/assets';
import { ensureDebianRoot } from '../../rehearsal/src/image/root';
import { certificatesRoot } from './support/certificates-root';
import { during } from './support/clients';
import { rotateLogs, serveCounted } from './support/counted-host';
import type { Deploy } from './support/gateway';
import { ADDRESS, describeHost, until } from './support/host';
import { inRoot } from './support/in-root';
import { deployedOf, impatient, LiveGateway } from './support/live-gateway';

jest.setTimeout(120_000);

const GATEWAY = ADDRESS.gateway.v4;
const PORT = 9464;
const TARGET = `${ADDRESS.backend.v4}:9001`;
const ECHO = `${ADDRESS.backend.v4}:9002`;
/** A second address of the client, which is blocked. */
const STRANGER = '198.51.100.66';
const MONITORING = join(__dirname, '..', '..', 'docs', 'monitoring');

const FORWARDS: Deploy['forwards'] = {
  web: Forward.http({
    listen: 80,
    to: TARGET,
    limits: { requestsPerSecond: 10 },
    routes: {
      '/quiet/*': { to: TARGET, logs: { level: 'none' }, limits: { requestsPerSecond: 1000 } },
      '/posts/*': { to: TARGET, methods: ['POST'], logs: { level: 'errors' }, limits: { requestsPerSecond: 1000 } },
    },
  }),
  secure: Forward.https({ listen: 443, to: TARGET, tls: Tls.selfSigned() }),
  raw: Forward.tcp({ listen: 82, to: ECHO }),
  kernel: Forward.tcp({ listen: 83, to: ECHO, family: 'ipv4', engine: 'iptables' }),
  // Each datagram of another port is a connection.
  shut: Forward.udp({ listen: 86, to: ECHO, family: 'ipv4', engine: 'iptables', denyFrom: ['198.51.100.0/24'] }),
  office: Forward.udp({ listen: 87, to: ECHO, family: 'ipv4', engine: 'iptables', allowFrom: ['192.0.2.0/24'] }),
  limited: Forward.udp({
    ...{ listen: 88, to: ECHO, family: 'ipv4', engine: 'iptables' },
    limits: { newConnectionsPerSecond: 1 },
  }),
  checked: Forward.tcp({ listen: 85, to: [ECHO, TARGET], family: 'ipv4', engine: 'iptables', healthCheck: true }),
};

/** What a change adds. */
const MORE = Forward.http({ listen: 84, to: TARGET });

/** The value of each row by its name and labels, as Prometheus reads them. */
type Metrics = ReadonlyMap<string, number>;

function parse(text: string): Metrics {
  const rows = text.split('\n').filter((line) => line !== '' && !line.startsWith('#'));
  return new Map(rows.map((row) => [row.slice(0, row.lastIndexOf(' ')), Number(row.slice(row.lastIndexOf(' ') + 1))]));
}

/** Debian's Prometheus, whose tool checks the text, and its systemd, which rates the unit. */
const tools = () => ensureDebianRoot({ release: 'trixie', packages: ['prometheus', 'systemd'], name: 'prometheus' });

describeHost('metrics for Prometheus', () => {
  let gateway: LiveGateway;
  const deploy = (more: Deploy['forwards'] = {}, prometheus = true) =>
    deployedOf({
      forwards: { ...FORWARDS, ...more },
      settings: prometheus
        ? {
            prometheus: { from: [{ text: '198.51.100.0/24', family: 4 }], port: PORT },
            blocked: [{ text: `${STRANGER}/32`, family: 4 }],
          }
        : {},
      alter: impatient,
    });
  const scrape = async () => gateway.host.sh('client', `curl -sf -m 5 http://${GATEWAY}:${PORT}/metrics`);
  const metrics = async () => parse(await scrape());

  beforeAll(() => Promise.all([certificatesRoot(), tools()]), 600_000);
  beforeAll(async () => {
    gateway = await LiveGateway.start({ isImpatient: true });
    const { host } = gateway;
    await serveCounted(host);
    await gateway.publish(deploy());
    expect((await gateway.boot()).code).toBe(0);
    await gateway.outcome();
  });
  afterAll(() => gateway?.stop());

  test('are what clients counted, over a live change, rotated logs and a killed program', async () => {
    const { host } = gateway;
    const words = ['http:80:/', 'http:80:/quiet/', 'http:80:/posts/', 'https:443:/', 'tcp:82:', 'tcp:83:'] as const;
    const [said = ''] = await during(host, async () => {
      expect(await gateway.update(deploy({ more: MORE }))).toMatchObject({
        Status: 'SUCCESS',
      });
      for (let time = 0; time < 2; time++) {
        await rotateLogs(host);
        // Until it has kept where it is.
        await sleep(3500);
      }
      await host.sh('gateway', 'pkill -9 -P $(cat /run/systemd/portway-metrics.pid)');
      await rotateLogs(host);
    }, ['measured.py', GATEWAY, ...words]);
    // systemd starts a killed program again after a second.
    await until('the program runs again', () => scrape().then(Boolean, () => false), 20);
    const counted = JSON.parse(said) as Record<
      (typeof words)[number],
      { readonly connections: number; readonly codes: Record<string, number>; readonly bytes: number }
    >;
    console.info(said);
    const [web, quiet, posts] = [counted['http:80:/'], counted['http:80:/quiet/'], counted['http:80:/posts/']];
    const sum = (key: 'connections' | 'bytes') => web[key] + quiet[key] + posts[key];
    const code = (status: string) => [web, quiet, posts].reduce((all, { codes }) => all + (codes[status] ?? 0), 0);
    const of = (forward: string) => `{forward="${forward}"}`;
    const expected: Record<string, number> = {
      [`portway_forward_connections_total${of('web')}`]: sum('connections'),
      [`portway_forward_bytes_total${of('web')}`]: sum('bytes'),
      'portway_http_requests_total{forward="web",code="200"}': code('200'),
      'portway_http_requests_total{forward="web",code="405"}': code('405'),
      'portway_http_requests_total{forward="web",code="429"}': code('429'),
      [`portway_http_request_seconds_count${of('web')}`]: code('200') + code('405') + code('429'),
      'portway_refused_total{forward="web",reason="limit"}': code('429'),
      'portway_refused_total{forward="web",reason="method"}': code('405'),
      [`portway_forward_connections_total${of('secure')}`]: counted['https:443:/'].connections,
      'portway_http_requests_total{forward="secure",code="200"}': counted['https:443:/'].codes['200'] ?? 0,
      [`portway_forward_connections_total${of('raw')}`]: counted['tcp:82:'].connections,
      [`portway_forward_bytes_total${of('raw')}`]: counted['tcp:82:'].bytes,
      [`portway_forward_connections_total${of('kernel')}`]: counted['tcp:83:'].connections,
    };
    const seen = async () => {
      const now = await metrics();
      return Object.fromEntries(Object.keys(expected).map((key) => [key, now.get(key)]));
    };
    await until(
      'nginx has written all',
      async () => JSON.stringify(await seen()) === JSON.stringify(expected),
      5,
    ).catch(() => undefined);
    expect(await seen()).toEqual(expected);
    expect(code('200')).toBeGreaterThan(500);
    expect(code('429')).toBeGreaterThan(100);
    expect(await host.sh('gateway', 'ls /var/log/portway | grep -c "^metrics.log-"')).not.toBe('0\n');
    expect((await metrics()).get('portway_log_gaps_total')).toBe(0);
  });

  test('are what the dashboard and the page name', async () => {
    const text = await scrape();
    const told = new Set([...text.matchAll(/^# TYPE (\S+) /gm)].map(([, name]) => name));
    const rows = new Set([...text.matchAll(/^(portway_\w+)[{ ]/gm)].map(([, name]) => name));
    const dashboard = readFileSync(join(MONITORING, 'grafana.json'), 'utf8');
    const asked = [...new Set(dashboard.match(/portway_\w+/g))];
    expect(asked.length).toBeGreaterThan(15);
    expect(asked.filter((name) => !rows.has(name))).toEqual([]);
    const page = readFileSync(join(MONITORING, 'README.md'), 'utf8');
    const named = [...page.matchAll(/^\| `(portway_\w+)`/gm)].map(([, name]) => name);
    // Only hosts with `protect` tell that one.
    expect(named.filter((name) => !told.has(name))).toEqual(['portway_blocked_sources']);
  });

  test('tell what the kernel drops, by forward and reason, and go on over a change of rules', async () => {
    const { host } = gateway;
    const send = (port: number, count: number) =>
      host.sh('client', `for n in {1..${count}}; do echo >/dev/udp/${GATEWAY}/${port}; done`);
    const dropped = async () => {
      await sleep(1100);
      const now = await metrics();
      const of = (forward: string, reason: string) =>
        now.get(`portway_dropped_packets_total{forward="${forward}",reason="${reason}"}`) ?? 0;
      return {
        ...{ shut: of('shut', 'source'), office: of('office', 'source'), limited: of('limited', 'limit') },
        blocked: now.get('portway_blocked_packets_total{by="blocked"}'),
        passed: now.get('portway_forward_connections_total{forward="limited"}') ?? 0,
      };
    };
    expect(await dropped()).toEqual({ shut: 0, office: 0, limited: 0, blocked: 0, passed: 0 });
    await send(86, 5);
    await send(87, 3);
    await send(88, 40);
    await host.sh('client', `ip addr add ${STRANGER}/32 dev eth0`);
    // A first packet each: TCP sends it again after a second.
    await host.sh('client', `for n in {1..4}; do curl -m 0.3 --interface ${STRANGER} ${GATEWAY} || (($? == 28)); done`);
    const first = await dropped();
    console.info(first);
    expect(first).toMatchObject({ shut: 5, office: 3, blocked: 4 });
    expect(first.passed + first.limited).toBe(40);
    expect(first.limited).toBeGreaterThan(20);
    const other = Forward.udp({
      ...{ listen: 89, to: ECHO, family: 'ipv4', engine: 'iptables' },
      denyFrom: ['203.0.113.0/24'],
    });
    expect(await gateway.update(deploy({ more: MORE, other }))).toMatchObject({ Status: 'SUCCESS' });
    await send(86, 2);
    expect(await dropped()).toEqual({ ...first, shut: 7 });
    expect(await gateway.update(deploy({ more: MORE }))).toMatchObject({ Status: 'SUCCESS' });
    expect(await dropped()).toEqual({ ...first, shut: 7 });
  });

  test('are in the format that promtool checks', async () => {
    const text = await scrape();
    await gateway.host.write('/tmp/metrics', text);
    expect(await inRoot(await tools(), ['promtool', 'check', 'metrics'], text)).toBe('');
  });

  test('name what the host is', async () => {
    const { host } = gateway;
    const now = await metrics();
    const value = (name: string) => now.get(`portway_${name}`);
    const end = await host.sh('gateway', 'openssl x509 -in /etc/portway/tls/secure.self-signed.pem -noout -enddate');
    expect(value('certificate_end_timestamp_seconds{forward="secure",source="self-signed"}')).toBe(
      Date.parse(end.split('=')[1] ?? '') / 1000,
    );
    const [content] = [...now.keys()].filter((key) => key.startsWith('portway_content_info'));
    expect(content).toBe(`portway_content_info{content="${deploy({ more: MORE }).content}"}`);
    expect(Math.abs((value('content_timestamp_seconds') ?? 0) - Date.now() / 1000)).toBeLessThan(60);
    const memory = /MemTotal: +(\d+)/.exec(await host.read('/proc/meminfo'))?.[1];
    expect(value('memory_bytes')).toBe(Number(memory) * 1024);
    expect(value('memory_available_bytes')).toBeGreaterThan(0);
    expect(value('disk_available_bytes')).toBeGreaterThan(0);
    expect(value('tracked_connections')).toBeLessThan(value('tracked_connections_limit') ?? 0);
    expect([value('mended_total'), value('clock_offset_seconds')]).toEqual([0, expect.any(Number)]);
    await host.sh('gateway', 'echo 1 >>/usr/local/lib/portway/portway/status.py');
    await until('it is put right', async () => (await metrics()).get('portway_mended_total') === 1, 30);
    expect(value(`target_up{forward="checked",target="${ECHO}"}`)).toBe(1);
    expect(value('forward_info{forward="kernel",listener="tcp/83",engine="iptables"}')).toBe(1);
  });

  test('reach only the networks that may read them', async () => {
    const { host } = gateway;
    const ask = (party: 'backend' | 'gateway', address: string) =>
      host.run(party, [
        'curl',
        '-s',
        '-o',
        '/dev/null',
        '-m',
        '1',
        '-w',
        '%{http_code}',
        `http://${address}:${PORT}/metrics`,
      ]);
    expect((await ask('backend', ADDRESS.inside.v4)).stdout).toBe('000');
    expect((await ask('gateway', '127.0.0.1')).stdout).toBe('200');
    expect((await ask('gateway', GATEWAY)).stdout).toBe('200');
  });

  test.each([
    ['another path', ['/'], '404'],
    ['another method', ['-X', 'POST', '/metrics'], '405'],
    ['the head alone', ['-I', '/metrics'], '200'],
    ['a question', ['/metrics?name=x'], '200'],
  ])('answers %s', async (_, words, status) => {
    const url = `http://${GATEWAY}:${PORT}${words.at(-1)}`;
    const ask = ['curl', '-s', '-o', '/dev/null', '-m', '5', '-w', '%{http_code}', ...words.slice(0, -1), url];
    expect((await gateway.host.run('client', ask)).stdout).toBe(status);
  });

  test('come while others ask slowly, or send no question', async () => {
    const slow = gateway.host.sh(
      'client',
      `exec 3<>/dev/tcp/${GATEWAY}/${PORT}; printf 'GET /' >&3; timeout 5 cat <&3 || :`,
    );
    const large = gateway.host.sh('client', `head -c 100000 /dev/zero | timeout 5 nc -q1 ${GATEWAY} ${PORT} || :`);
    await sleep(100);
    expect((await metrics()).size).toBeGreaterThan(20);
    await Promise.all([slow, large]);
  });

  test('take at most 25 MB of memory', async () => {
    const status = await gateway.host.sh(
      'gateway',
      'cat /proc/$(pgrep -P $(cat /run/systemd/portway-metrics.pid))/status',
    );
    const [, kib] = /VmHWM:\s+(\d+) kB/.exec(status) ?? [];
    console.info(`at most ${kib} KiB resident`);
    expect(Number(kib)).toBeLessThan(25_000);
    expect(status).toMatch(/CapBnd:\s+0000000000000004/);
  });

  test.each(['metrics', 'drops'])('come from a unit that systemd rates as safe: %s', async (name) => {
    const root = await tools();
    const path = `/tmp/portway-${name}.service`;
    await writeFile(join(root, path), readAsset(`${UNITS}/portway-${name}.service`));
    const said = await inRoot(root, ['systemd-analyze', 'security', '--offline=yes', '--no-pager', path], '');
    const [line = '', rating = '10'] = /exposure level for \S+ (\d+\.\d)/.exec(said) ?? [];
    console.info(line);
    expect(Number(rating)).toBeLessThanOrEqual(4);
  });

  test('end with the prop', async () => {
    expect(await gateway.update(deploy({}, false))).toMatchObject({ Status: 'SUCCESS' });
    const ask = await gateway.host.run('client', ['curl', '-s', '-m', '2', `http://${GATEWAY}:${PORT}/metrics`]);
    expect(ask.code).toBe(7);
    expect(await gateway.host.sh('gateway', 'ls /etc/portway /usr/local/lib/portway/portway')).not.toMatch(/metrics/);
    expect(await gateway.host.read('/etc/nginx/nginx.conf')).not.toMatch(/metrics/);
  });
});
