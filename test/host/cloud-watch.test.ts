import { setTimeout as sleep } from 'node:timers/promises';
import { cloudWatchMetrics } from '../../lib/forward/cloud-watch-metrics';
import { Forward } from '../../lib/forward/forward';
import { NO_SETTINGS } from '../../lib/forward/gateway-settings';
import { resolveForwardsOrThrow } from '../../lib/forward/resolve';
import { Tls } from '../../lib/forward/tls';
import { PACKAGE } from '../../lib/host/assets';
import { certificatesRoot } from './support/certificates-root';
import { during } from './support/clients';
import { rotateLogs, serveCounted } from './support/counted-host';
import { type EmbeddedMetrics, embeddedMetrics } from './support/embedded-metrics';
import type { Deploy } from './support/gateway';
import { ADDRESS, describeHost, until } from './support/host';
import { deployedOf, edited, impatient, LiveGateway } from './support/live-gateway';

jest.setTimeout(120_000);

const GATEWAY = ADDRESS.gateway.v4;
const TARGET = `${ADDRESS.backend.v4}:9001`;
const ECHO = `${ADDRESS.backend.v4}:9002`;
const stream = (name: string) => (name === 'metrics' ? '/portway/Portway:metrics' : `/portway/Portway/${name}`);
const PID = '$(pgrep -o -P $(cat /run/systemd/portway-metrics.pid))';

const FORWARDS: Deploy['forwards'] = {
  web: Forward.http({ listen: 80, to: TARGET, limits: { requestsPerSecond: 10 }, logs: { level: 'none' } }),
  secure: Forward.https({ listen: 443, to: TARGET, tls: Tls.selfSigned() }),
  raw: Forward.tcp({ listen: 82, to: ECHO }),
  kernel: Forward.tcp({ listen: 83, to: ECHO, family: 'ipv4', engine: 'iptables' }),
  checked: Forward.tcp({ listen: 85, to: [ECHO, TARGET], family: 'ipv4', engine: 'iptables', healthCheck: true }),
};
const MORE: Deploy['forwards'] = { more: Forward.http({ listen: 84, to: TARGET }) };
const SETTINGS = {
  cloudWatch: { level: 'percentiles', retentionDays: 30 },
  shippedLogs: { access: true, retentionDays: 7 },
} as const;

/** A host that tells every second, and goes on to the next file of a log soon. */
const deploy = (more: Deploy['forwards'] = {}, on = true) =>
  deployedOf({
    forwards: { ...FORWARDS, ...more },
    settings: on ? SETTINGS : {},
    alter: (content) => (on ? hasty(impatient(content)) : impatient(content)),
  });

const hasty: NonNullable<Deploy['alter']> = (content) =>
  edited(
    edited(content, '/etc/portway/cloudwatch.json', '"seconds":60', '"seconds":1'),
    `${PACKAGE}/cloudwatch_logs.py`,
    /^LATE = .*$/m,
    'LATE = 2',
  );

describeHost('metrics in CloudWatch', () => {
  let gateway: LiveGateway;
  /** What CloudWatch made of all events: of the gateway (''), and of each forward. */
  const events = async (): Promise<ReadonlyMap<string, readonly EmbeddedMetrics[]>> => {
    const sent = (await gateway.aws.events()).filter(({ stream }) => stream === 'metrics');
    const all = sent.map(({ message }) => embeddedMetrics(message));
    const names = new Set(all.map(({ dimensions: { Forward: name = '' } }) => name));
    const of = (name: string) => all.filter(({ dimensions }) => (dimensions.Forward ?? '') === name);
    return new Map([...names].map((name) => [name, of(name)]));
  };
  const sum = (some: readonly EmbeddedMetrics[] = [], name = '') =>
    some.reduce((total, { metrics }) => total + (metrics[name] ?? 0), 0);

  beforeAll(() => certificatesRoot(), 600_000);
  beforeAll(async () => {
    gateway = await LiveGateway.start({ isImpatient: true });
    const { host, aws } = gateway;
    await aws.keep(
      'streams',
      ['metrics', 'logs:bootstrap', 'logs:access', 'logs:stream', 'logs:error'].map(stream).join('\n'),
    );
    await serveCounted(host);
    await gateway.publish(deploy());
    expect((await gateway.boot()).code).toBe(0);
    await gateway.outcome();
  });
  afterAll(() => gateway?.stop());

  test('are what clients counted, over a live change, rotated logs, an outage of AWS and a killed program', async () => {
    const { host, aws } = gateway;
    const words = ['http:80:/', 'https:443:/', 'tcp:82:', 'tcp:83:'] as const;
    const [said = ''] = await during(host, async () => {
      expect(await gateway.update(deploy(MORE))).toMatchObject({ Status: 'SUCCESS' });
      await aws.keep('outage', '');
      await rotateLogs(host);
      await sleep(2500);
      await host.sh('gateway', `kill -9 ${PID}`);
      await sleep(2000);
      await rotateLogs(host);
      await aws.keep('outage');
    }, ['measured.py', GATEWAY, ...words]);
    const counted = JSON.parse(said) as Record<
      (typeof words)[number],
      { readonly connections: number; readonly codes: Record<string, number>; readonly bytes: number }
    >;
    console.info(said);
    const [web, secure, raw, kernel] = words.map((word) => counted[word]) as [never, never, never, never] as {
      readonly connections: number;
      readonly codes: Record<string, number>;
      readonly bytes: number;
    }[];
    const answers = (codes: Record<string, number> = {}) => Object.values(codes).reduce((all, one) => all + one, 0);
    const expected = {
      web: [web?.connections, web?.bytes, answers(web?.codes), web?.codes['429'], web?.codes['429']],
      secure: [secure?.connections, answers(secure?.codes)],
      raw: [raw?.connections, raw?.bytes],
      kernel: [kernel?.connections],
      all: [answers(web?.codes) + answers(secure?.codes)],
      waiting: [],
    };
    const seen = async () => {
      const told = await events();
      const of = (forward: string, ...names: readonly string[]) => names.map((name) => sum(told.get(forward), name));
      const state: unknown = JSON.parse(await host.read('/var/lib/portway/cloudwatch.json'));
      return {
        web: of('web', 'Connections', 'Bytes', 'Requests', 'ClientErrors', 'Refused'),
        secure: of('secure', 'Connections', 'Requests'),
        raw: of('raw', 'Connections', 'Bytes'),
        kernel: of('kernel', 'Connections'),
        all: of('', 'Requests'),
        waiting: (state as { readonly waiting: unknown }).waiting,
      };
    };
    await until('all is told', async () => JSON.stringify(await seen()) === JSON.stringify(expected), 30).catch(
      () => undefined,
    );
    expect(await seen()).toEqual(expected);
    expect(web?.codes['200']).toBeGreaterThan(50);
    expect(web?.codes['429']).toBeGreaterThan(50);
    expect(await host.read('/var/log/portway-metrics')).toMatch(
      /portway cloudwatch: Remote.+\n(.*\n)*portway cloudwatch: all is sent\n/,
    );
  });

  test('come with the lines of logs, each once', async () => {
    const { host, aws } = gateway;
    const sent = async (name: string) =>
      (await aws.events()).filter(({ stream: of }) => of === name).map(({ message }) => message);
    const there = async (name: string) =>
      (
        await host.sh(
          'gateway',
          `cd /var/log/portway; for f in ${name}.log-*; do [[ ! -e $f ]] || zcat -f $f; done; cat ${name}.log`,
        )
      )
        .split('\n')
        .filter(Boolean);
    // Workers of nginx write later lines before earlier ones; CloudWatch has them by time.
    const difference = async (name: string) => {
      const [left, right] = [(await sent(name)).sort(), (await there(name)).sort()];
      return left.join('\n') === right.join('\n') ? '' : `${left.length} of ${right.length} lines`;
    };
    for (const name of ['bootstrap', 'access', 'stream', 'error']) {
      await until(`all of ${name}.log is sent`, async () => (await difference(name)) === '', 30).catch(() => undefined);
      expect([name, await difference(name)]).toEqual([name, '']);
    }
    expect((await sent('access')).length).toBeGreaterThan(200);
    expect((await sent('stream')).length).toBeGreaterThan(200);
    expect((await sent('bootstrap')).join()).toMatch(/portway \d{4}-.*Z /);
    // They are of the time that is in them, to the second.
    const [line] = (await aws.events()).filter(({ stream: of }) => of === 'access');
    expect(new Date(line?.timestamp ?? 0).toISOString().slice(0, 19)).toBe(
      new Date(JSON.parse(line?.message ?? '{}').time).toISOString().slice(0, 19),
    );
    expect(await host.sh('gateway', 'ls /var/log/portway')).toMatch(/access\.log-\d+\.gz/);
  });

  test('are signed as AWS demands', async () => {
    const requests = (await gateway.aws.requests()).filter(({ headers }) => headers.host?.startsWith('logs.'));
    expect(requests.length).toBeGreaterThan(5);
    for (const request of requests) expect(await gateway.aws.isSigned(request)).toBe(true);
  });

  test('are those that the plan counts, and no others', async () => {
    const told = await events();
    const forwards = resolveForwardsOrThrow({ forwards: { ...FORWARDS, ...MORE } });
    const planned = cloudWatchMetrics(forwards, { ...NO_SETTINGS, ...SETTINGS });
    const names = (some: readonly EmbeddedMetrics[] = []) => [
      ...new Set(some.flatMap((one) => Object.keys(one.metrics))),
    ];
    expect(names(told.get('')).sort()).toEqual([...(planned?.gateway ?? [])].sort());
    for (const [name, wanted] of Object.entries(planned?.forwards ?? {})) {
      const without = name === 'more' ? wanted.filter((one) => !one.startsWith('RequestTime')) : wanted;
      expect([name, names(told.get(name)).sort()]).toEqual([name, [...without].sort()]);
    }
    for (const { dimensions } of [...told.values()].flat()) expect(dimensions.Gateway).toBe('Portway');
    const last = told.get('')?.at(-1);
    expect(last?.metrics).toMatchObject({ ForwardsWithoutTarget: 0, CertificateDays: expect.any(Number) });
    expect(last?.fields.Content).toBe(deploy(MORE).content);
    const times = told.get('web')?.flatMap((one) => one.metrics.RequestTimeP99 ?? []) ?? [];
    expect(Math.max(...times)).toBeLessThan(1000);
    expect(Math.min(...times)).toBeGreaterThan(0);
  });

  test('take at most 25 MB of memory', async () => {
    const { host } = gateway;
    // The sender lives for a moment. What programs share, such as Python's own code, counts for each of them in part.
    const peak = await host.sh(
      'gateway',
      `python3 - ${PID} <<'END'
import glob, re, sys, time
def kib(pid, *names):
    try:
        text = open(f"/proc/{pid}/smaps_rollup").read()
    except OSError:
        return 0
    return sum(int(n) for name in names for n in re.findall(f"^{name}: +([0-9]+)", text, re.M))
main, most, end = sys.argv[1], 0, time.monotonic() + 3
while time.monotonic() < end:
    for pid in open(f"/proc/{main}/task/{main}/children").read().split():
        most = max(most, kib(pid, "Pss") + kib(main, "Pss"))
    time.sleep(0.005)
print(kib(main, "Pss"), most)
END`,
    );
    const [alone = 0, both = 0] = peak.split(' ').map(Number);
    console.info(`${alone} KiB, ${both} KiB while it sends`);
    expect(both).toBeGreaterThan(alone);
    expect(both).toBeLessThan(25_000);
  });

  test('end with the prop', async () => {
    expect(await gateway.update(deploy(MORE, false))).toMatchObject({ Status: 'SUCCESS' });
    // The last sender may still be at it.
    await sleep(2000);
    const before = (await gateway.aws.events()).length;
    await sleep(2000);
    expect((await gateway.aws.events()).length).toBe(before);
    expect(await gateway.host.sh('gateway', 'ls /etc/portway /usr/local/lib/portway/portway')).not.toMatch(
      /cloudwatch|metrics/,
    );
  });
});
