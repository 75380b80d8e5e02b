import { setTimeout as sleep } from 'node:timers/promises';
import { Forward } from '../../lib/forward/forward';
import { Tls } from '../../lib/forward/tls';
import { ADDRESS, describeHost, until } from './support/host';
import { NginxHost } from './support/nginx';

jest.setTimeout(60_000);

const GATEWAY = ADDRESS.gateway.v4;
const web = `${ADDRESS.backend.v4}:8080`;
const holds = `${ADDRESS.backend.v4}:9000`;

/**
 * Scales shares down to an eighth, and spare connections to a quarter, so that fewer clients are enough. Two workers,
 * as on the default host. Heads get less time, so that the test takes less.
 */
const small = (conf: string) =>
  conf
    .replace('worker_processes auto', 'worker_processes 2')
    .replace(/(client_header_timeout) 10s/, '$1 2s')
    .replace('worker_connections 24576', `worker_connections ${CONNECTIONS}`)
    .replace(
      /(set (\w+)\S+ \{\n.+\n +size) (\d+)/g,
      (_, set, kind, size) => `${set} ${size / (kind === 'spare' ? 4 : 8)}`,
    )
    .replaceAll('timeout 11s', 'timeout 3s')
    .replace(/(limit_conn share-\S+) (\d+);/g, (_, zone, share) => `${zone} ${Number(share) / 8};`);

/** For each worker. */
const CONNECTIONS = 4096;

/** More sessions than both workers can take, with two connections for each. */
const CROWD = CONNECTIONS + 300;

/** Sessions in one share: a quarter of three quarters of a worker's connections, two for each session. */
const SHARE = (2048 * 0.75) / 4 / 2;

const FORWARDS = {
  web: Forward.http({ listen: 80, to: web }),
  slow: Forward.http({ listen: 81, to: holds, limits: { openConnections: 60_000 } }),
  live: Forward.http({ listen: 82, to: holds, streaming: true }),
  fill: Forward.http({ listen: 83, to: holds, cache: { sizeMb: 10, waitForFill: 60 } }),
  tcp: Forward.tcp({ listen: 84, to: holds }),
  udp: Forward.udp({ listen: 85, to: holds }),
  few: Forward.udp({ listen: 86, to: holds, limits: { openConnections: 1 } }),
  names: Forward.tls({ listen: 443, hosts: { 'a.example': { to: holds } } }),
  secure: Forward.https({ listen: 443, to: holds, tls: Tls.selfSigned() }),
  alone: Forward.https({ listen: 88, to: holds, tls: Tls.selfSigned() }),
  moved: Forward.http({ listen: 87, redirectTo: 'https' }),
};

describeHost('while one forward is flooded, another is served', () => {
  let nginx: NginxHost;
  beforeAll(async () => {
    nginx = await NginxHost.start();
    const serve = (script: string, ...words: string[]) =>
      nginx.host.serve('backend', ['python3', nginx.host.support('backend', script), ...words]);
    await serve('target.py', '8080', 'web', '/dev/null');
    await serve('hold.py', 'serve', '9000');
    await nginx.run(FORWARDS, small);
  });
  afterAll(() => nginx?.stop());

  let number = 0;
  /** Outcomes of the requests of eight visitors of the web forward while `happens` runs. */
  const visit = async (happens: () => Promise<void>) => {
    const stop = `/tmp/portway-exhaustion-${process.pid}-${++number}`;
    const script = nginx.host.support('client', 'visitors.py');
    const visitors = nginx.host.run('client', ['python3', script, `http://${GATEWAY}/`, '8', stop]);
    try {
      await sleep(300);
      await happens();
    } finally {
      await nginx.host.sh('client', `touch ${stop}`);
    }
    const { stdout } = await visitors;
    await nginx.host.sh('client', `rm ${stop}`);
    return JSON.parse(stdout.trim().split('\n').at(-1) ?? '') as Record<string, number>;
  };

  const expectServed = (counts: Record<string, number>) => {
    const { 'kept closed': _, 'kept 200': kept, 'new 200': fresh, ...failed } = counts;
    expect(failed).toEqual({});
    expect(kept).toBeGreaterThan(20);
    expect(fresh).toBeGreaterThan(20);
  };

  const hold = async (...words: (string | number)[]) => {
    const script = nginx.host.support('client', 'hold.py');
    return nginx.host.sh('client', `python3 ${script} ${words.join(' ')}`);
  };

  /** Its forward is served again soon after the slow heads are dropped: nginx refuses what is not a request at all. */
  const expectHeard = (port: number) =>
    until('the forward hears its clients', async () => (await nginx.raw(port, 'none\r\n\r\n')).includes('400 Bad'));

  test.each([
    ['TCP connections that say nothing', 84, 'idle', 'closed'],
    ['TLS that is passed through, on a port with another forward', 443, 'a.example', 'closed'],
    ['requests to a slow target', 81, 'get', '429'],
    ['bodies that never arrive', 82, 'post', '503'],
    ['requests that wait for the cache', 83, 'get', '503'],
  ])('%s', async (_, port, kind, refusal) => {
    // A session takes four connections on a shared port, else two.
    const share = port === 443 ? SHARE / 2 : SHARE;
    let said = '';
    const counts = await visit(async () => {
      said = await hold('open', GATEWAY, port, CROWD, share, kind);
    });
    expectServed(counts);
    expect(JSON.parse(said)).toEqual({ held: share, [refusal]: CROWD - share });
  });

  test('WebSockets', async () => {
    let said = '';
    const counts = await visit(async () => {
      said = await hold('open', GATEWAY, 82, CROWD, 0, 'websocket');
    });
    expectServed(counts);
    expect(JSON.parse(said)).toEqual({ held: 0, 101: SHARE, 503: CROWD - SHARE });
  });

  test('idle clients after their answer', async () => {
    let said = '';
    const counts = await visit(async () => {
      // Not all at once: what is beyond the kernel's bound on heads is dropped and sent again, here past nginx's 2 s.
      said = await hold('open', GATEWAY, 87, 2 * CROWD, 0, 'calm');
    });
    expectServed(counts);
    expect(JSON.parse(said)).toEqual({ held: 0, 308: 2 * CROWD });
  });

  test.each([
    ['in all', 85],
    ['for one client', 86],
  ])('24,000 datagrams from forged sources, with a limit %s', async (_, port) => {
    const counts = await visit(() => hold('forge', GATEWAY, port, 24_000, '203.0').then(() => undefined));
    expectServed(counts);
    const open = await nginx.host.sh('gateway', `ss -Hun state established "dst ${ADDRESS.backend.v4}" | wc -l`);
    expect(Number(open)).toBeLessThanOrEqual(2 * SHARE);
    expect(Number(open)).toBeGreaterThanOrEqual(SHARE);
  });

  test('logs refused requests, and samples of forged datagrams', async () => {
    const errors = await nginx.host.read('/var/log/portway/error.log');
    const shares = new Set([...errors.matchAll(/by zone "share-([^"]+)"/g)].map(([, name]) => name));
    expect([...shares].sort()).toEqual(['fill', 'live', 'names', 'names.port', 'tcp']);
    // nginx may reuse idle connections only.
    expect(errors).not.toMatch(/worker_connections are not enough(?!, reusing)/);
    const refused = async (port: number) => (await nginx.log(port, 1, 'stream')).filter((e) => e.status === 503).length;
    await until('a datagram in the log', async () => {
      await hold('forge', GATEWAY, 85, 2000, '192.0');
      return (await refused(85)) > 0;
    });
    expect(await refused(85)).toBeLessThan(5000);
    const { length } = await nginx.log(86, 1, 'stream');
    expect(length).toBeLessThan(5000);
  });

  test('portway status names the forwards that used up their shares', async () => {
    const warnings = await nginx.warnings(FORWARDS);
    // A burst may also have filled the places of clients that wait for an answer, which is another warning.
    const said = /^(\S+): has used up its share of connections: (\d+) refused since \d{4}-/;
    const counts = Object.fromEntries(
      warnings.flatMap((w) => {
        const [, name, count] = said.exec(w) ?? [];
        return name === undefined ? [] : [[name, Number(count)]];
      }),
    );
    // If clients also have a limit of their own (`slow`, `few`), nginx does not say which of the two was exceeded.
    expect(Object.keys(counts)).toEqual(['fill', 'live', 'names', 'tcp', 'udp']);
    expect(counts).toMatchObject({ fill: CROWD - SHARE, live: 2 * (CROWD - SHARE), tcp: CROWD - SHARE });
  });

  // nginx counts requests and not connections, so these belong to no share. The kernel limits them
  // (lib/nginx/heads.ts).
  test.each([
    ['heads', 82, 'head'],
    ['heads after a request', 87, 'second'],
    ['TLS handshakes', 88, 'handshake'],
  ])('%s that come a byte at a time, more than there are connections', async (_, port, kind) => {
    let said = '';
    const counts = await visit(async () => {
      said = await hold('open', GATEWAY, port, 2 * CONNECTIONS + 500, 0, kind);
    });
    expectServed(counts);
    expect(JSON.parse(said)).toEqual({ held: 0, closed: 2 * CONNECTIONS + 500 });
    await expectHeard(port);
  });

  test('segments without a connection, from forged sources: even their own forward is served', async () => {
    await hold('segments', GATEWAY, 80, 20_000, '203.0');
    const counts = await visit(() => hold('segments', GATEWAY, 80, 20_000, '203.0').then(() => undefined));
    expectServed(counts);
  });

  test('portway status names the forwards whose clients the kernel held back', async () => {
    const warnings = (await nginx.warnings(FORWARDS)).join('\n');
    for (const name of ['live', 'moved', 'alone'])
      expect(warnings).toMatch(new RegExp(`^${name}: too many clients wait`, 'm'));
    expect(warnings).not.toMatch(/^web: /m);
  });
});
