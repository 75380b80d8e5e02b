import { setTimeout as sleep } from 'node:timers/promises';
import { Forward } from '../../lib/forward/forward';
import { Tls } from '../../lib/forward/tls';
import { ADDRESS, describeHost, until } from './support/host';
import { asking, sum, Targets } from './support/targets';

jest.setTimeout(120_000);

const GATEWAY = ADDRESS.gateway.v4;
const PORTS = [9001, 9002, 9003];
const NOBODY = `${ADDRESS.backend.v4}:9999`;
const NOBODY_ELSE = `${ADDRESS.backend.v4}:9998`;
/** An unused address, which never answers. */
const NOWHERE = '10.0.1.99:9001';

/** Listeners of the forwards that tests of several forwards name. */
const PORT = { web: 80, safe: 81, source: 82, few: 83, single: 90 } as const;

describeHost('failover through nginx', () => {
  let targets: Targets;
  beforeAll(async () => {
    targets = await Targets.start(PORTS);
    await targets.host.app('backend', 'udp', 9001);
    await targets.host.sh('gateway', 'ip neigh replace 10.0.1.99 lladdr 02:00:00:00:00:99 dev ens6 nud permanent');
    const [first, second] = targets.to as [string, string];
    const all = targets.to;
    await targets.nginx.run({
      web: Forward.http({ listen: PORT.web, to: all }),
      secure: Forward.https({ listen: 443, to: all, tls: Tls.selfSigned() }),
      safe: Forward.http({ listen: PORT.safe, to: all, failover: { resend: 'safe' } }),
      source: Forward.http({ listen: PORT.source, to: all, balance: 'source' }),
      few: Forward.http({ listen: PORT.few, to: all, failover: { tries: 2 } }),
      refused: Forward.http({ listen: 84, to: [NOBODY, first] }),
      'refused-safe': Forward.http({ listen: 85, to: [NOBODY, first], failover: { resend: 'safe', maxFails: 100 } }),
      gone: Forward.http({ listen: 86, to: [NOBODY, NOBODY_ELSE] }),
      silent: Forward.http({ listen: 87, to: [NOWHERE, first], failover: { connectTimeout: 1, maxFails: 1 } }),
      slow: Forward.http({ listen: 88, to: all, failover: { timeout: 1 }, timeouts: { response: 2 } }),
      backup: Forward.http({ listen: 89, to: [first, { to: second, backup: true }], failover: { maxFails: 1 } }),
      'source-short': Forward.http({ listen: 105, to: all, balance: 'source', failover: { failTimeout: 2 } }),
      single: Forward.http({ listen: PORT.single, to: first }),
      'tcp-backup': Forward.tcp({ listen: 91, to: [first, { to: second, backup: true }] }),
      'tcp-refused': Forward.tcp({ listen: 92, to: [NOBODY, first] }),
      stripped: Forward.http({ listen: 93, routes: { '/api/*': { to: [first, second], stripPrefix: true } } }),
      limited: Forward.http({ listen: 94, to: all, limits: { requestsPerSecond: 1, burst: 1 } }),
      'udp-refused': Forward.udp({
        listen: 103,
        to: [NOBODY, first],
        responses: 1,
        idleTimeout: 1,
        failover: { maxFails: 1, failTimeout: 60 },
      }),
      'udp-silent': Forward.udp({
        listen: 104,
        to: [NOWHERE, first],
        responses: 1,
        idleTimeout: 1,
        failover: { maxFails: 1, failTimeout: 60 },
      }),
    });
  });
  afterAll(() => targets?.stop());

  let number = 0;
  /** A path that is unique to the request. */
  const fresh = () => `/${++number}`;

  /** The status of a request when all targets behave alike, and how many of them received it. */
  const tried = async (port: number, method: string, what: Parameters<typeof asking>[0], scheme = 'http') => {
    const path = fresh();
    const words = ['-X', method, ...(method === 'GET' || method === 'OPTIONS' ? [] : ['--data', 'once'])];
    const { status } = await targets.get(`${scheme}://${GATEWAY}:${port}${path}`, ...words, ...asking(what));
    return [status, sum(await targets.counts(path))];
  };

  describe('a target that closes instead of answering', () => {
    test.each([
      ['GET', 'web', 3],
      ['OPTIONS', 'web', 3],
      ['PUT', 'web', 3],
      ['DELETE', 'web', 3],
      ['PROPFIND', 'web', 3],
      ['POST', 'web', 1],
      ['PATCH', 'web', 1],
      ['GET', 'safe', 3],
      ['PUT', 'safe', 1],
      ['DELETE', 'safe', 1],
      ['POST', 'safe', 1],
      ['PUT', 'source', 3],
      ['POST', 'source', 1],
      ['GET', 'few', 2],
      ['PUT', 'few', 2],
    ] as const)('%s to the forward %s is tried on %i targets', async (method, forward, count) => {
      expect(await tried(PORT[forward], method, { Break: 1 })).toEqual([502, count]);
    });

    test('costs a GET nothing if the others work', async () => {
      for (let i = 0; i < 6; i++) {
        const { status } = await targets.get(`http://${GATEWAY}/`, ...asking({ Break: 1, At: 9002 }));
        expect(status).toBe(200);
      }
    });
  });

  describe.each([502, 503, 504])('an answer of %i', (status) => {
    test.each([
      ['GET', 'web', 3],
      ['PUT', 'web', 1],
      ['DELETE', 'web', 1],
      ['POST', 'web', 1],
      ['GET', 'source', 1],
      ['GET', 'single', 1],
    ] as const)('to %s through the forward %s is returned after trying %i targets', async (method, forward, count) => {
      expect(await tried(PORT[forward], method, { Status: status })).toEqual([status, count]);
    });
  });

  test('passes other errors through', async () => {
    expect(await tried(80, 'GET', { Status: 500 })).toEqual([500, 1]);
  });

  test('does the same over TLS and HTTP/2', async () => {
    expect(await tried(443, 'GET', { Status: 503 }, 'https')).toEqual([503, 3]);
    expect(await tried(443, 'DELETE', { Status: 503 }, 'https')).toEqual([503, 1]);
    expect(await tried(443, 'POST', { Break: 1 }, 'https')).toEqual([502, 1]);
  });

  test('keeps all targets for other paths when one path always fails', async () => {
    for (const what of [{ Status: 503 }, { Break: 1 }]) {
      for (let i = 0; i < 10; i++) await tried(80, 'GET', what);
      for (let i = 0; i < 10; i++) expect((await targets.get(`http://${GATEWAY}/`)).status).toBe(200);
    }
  });

  describe('a target that refuses connections', () => {
    test.each(['GET', 'POST', 'PUT', 'PATCH', 'DELETE'])('is skipped for %s', async (method) => {
      for (let i = 0; i < 4; i++) expect(await tried(84, method, {})).toEqual([200, 1]);
    });

    test("fails a PUT, and nothing else, with resend 'safe'", async () => {
      const statuses = async (method: string) => {
        const all = new Set();
        for (let i = 0; i < 6; i++) all.add((await tried(85, method, {}))[0]);
        return all;
      };
      expect(await statuses('GET')).toEqual(new Set([200]));
      expect(await statuses('POST')).toEqual(new Set([200]));
      expect(await statuses('PUT')).toEqual(new Set([200, 502]));
    });

    test("gets the gateway's error page for every method if there is no other", async () => {
      for (const method of ['GET', 'PUT', 'POST']) {
        const { status, body } = await targets.get(
          `http://${GATEWAY}:86/`,
          '-X',
          method,
          '-H',
          'Accept: application/json',
        );
        expect({ status, title: JSON.parse(body).title }).toEqual({ status: 502, title: 'Not available' });
      }
    });
  });

  test('gives up a silent target after connectTimeout', async () => {
    for (const method of ['GET', 'POST', 'PUT']) expect(await tried(87, method, {})).toEqual([200, 1]);
  });

  test('does not reuse a connection for longer than targets keep it open', async () => {
    const connection = async () => (await targets.ask(`http://${GATEWAY}:90/`)).connection;
    // Each worker has its own connections, and reuses one for its second request.
    const [first, ...soon] = [await connection(), await connection(), await connection(), await connection()];
    expect(new Set(soon).size).toBeLessThan(3);
    await sleep(5500);
    const later = [await connection(), await connection(), await connection()];
    for (const one of [first, ...soon]) expect(later).not.toContain(one);
  });

  test('resends a request to a single target if its kept connection was just closed, and the method allows it', async () => {
    const counts = async (method: string) => {
      const all = new Set<number>();
      for (let i = 0; i < 10; i++) {
        // Some requests reuse the previous connection, others are handled by another worker.
        await targets.get(`http://${GATEWAY}:90/`);
        all.add((await tried(90, method, { Break: 1 }))[1] as number);
      }
      return all;
    };
    expect(await counts('GET')).toContain(2);
    expect(await counts('POST')).toEqual(new Set([1]));
  });

  test('tries no other target after the time for all tries', async () => {
    expect(await tried(88, 'GET', { Pause: 4 })).toEqual([504, 1]);
  });

  test('sends a large body whole to the next target, for methods with a location of their own too', async () => {
    const body = 'x'.repeat(300_000);
    for (const method of ['POST', 'PUT']) {
      const words = ['-X', method, '--data-binary', '@-', `http://${GATEWAY}:84/`];
      const { stdout } = await targets.host.run('client', ['curl', '-s', ...words], body);
      expect(JSON.parse(stdout)).toMatchObject({ method, length: body.length });
    }
  });

  test('applies stripPrefix and limits to methods with a location of their own', async () => {
    const told = await targets.ask(`http://${GATEWAY}:93/api/x?y=%2F`, '-X', 'PUT', '--data', 'z');
    expect(told).toMatchObject({ method: 'PUT', path: '/x?y=%2F', headers: { 'x-forwarded-prefix': '/api' } });
    const statuses = [];
    for (let i = 0; i < 6; i++) statuses.push((await targets.get(`http://${GATEWAY}:94/`, '-X', 'DELETE')).status);
    expect(statuses).toEqual(expect.arrayContaining([200, 429]));
  });

  describe('a backup', () => {
    test.each([
      ['requests', 89],
      ['connections', 91],
    ])('gets %s only while the other targets fail', async (_, port) => {
      const names = async () => {
        const told = [];
        for (let i = 0; i < 6; i++) told.push((await targets.ask(`http://${GATEWAY}:${port}/`)).name);
        return new Set(told);
      };
      expect(await names()).toEqual(new Set(['9001']));
      await targets.kill(9001);
      expect(await names()).toEqual(new Set(['9002']));
      await targets.revive(9001);
    });
  });

  test('connects to the next target if one refuses a TCP connection', async () => {
    for (let i = 0; i < 6; i++) expect((await targets.ask(`http://${GATEWAY}:92/`)).name).toBe('9001');
  });

  test.each([
    ['refuses', 103],
    ['says nothing', 104],
  ])('takes out a UDP target that must answer and %s', async (_, port) => {
    const ask = async () => (await targets.host.ask('client', 'udp', GATEWAY, port)).name;
    // By now one client got no answer; round robin would send every other client to that target.
    for (let i = 0; i < 2; i++) await ask();
    await sleep(1500);
    for (let i = 0; i < 8; i++) expect(await ask()).toBe('backend');
  });

  test('asks all targets again at once after all of them failed', async () => {
    for (const port of PORTS) await targets.kill(port);
    for (let i = 0; i < 12; i++) expect((await targets.get(`http://${GATEWAY}/`)).status).toBe(502);
    for (const port of PORTS) await targets.revive(port);
    for (let i = 0; i < 6; i++) expect((await targets.get(`http://${GATEWAY}/`)).status).toBe(200);
  });

  test("asks no target for failTimeout after all refused, with balance 'source'", async () => {
    const status = async () => (await targets.get(`http://${GATEWAY}:105/`)).status;
    expect(await status()).toBe(200);
    for (const port of PORTS) await targets.kill(port);
    for (let i = 0; i < 6; i++) expect(await status()).toBe(502);
    for (const port of PORTS) await targets.revive(port);
    await until('they are asked again', async () => (await status()) === 200);
  });
});
