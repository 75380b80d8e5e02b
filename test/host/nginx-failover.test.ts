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
/** An address that nobody has: what is sent there is never answered. */
const NOWHERE = '10.0.1.99:9001';

describeHost('failover through nginx', () => {
  let targets: Targets;
  beforeAll(async () => {
    targets = await Targets.start(PORTS);
    await targets.host.app('backend', 'udp', 9001);
    await targets.host.sh('gateway', 'ip neigh replace 10.0.1.99 lladdr 02:00:00:00:00:99 dev ens6 nud permanent');
    const [first, second] = targets.to as [string, string];
    const all = targets.to;
    await targets.nginx.run({
      web: Forward.http({ listen: 80, to: all }),
      secure: Forward.https({ listen: 443, to: all, tls: Tls.selfSigned() }),
      safe: Forward.http({ listen: 81, to: all, failover: { resend: 'safe' } }),
      source: Forward.http({ listen: 82, to: all, balance: 'source' }),
      few: Forward.http({ listen: 83, to: all, failover: { tries: 2 } }),
      refused: Forward.http({ listen: 84, to: [NOBODY, first] }),
      'refused-safe': Forward.http({ listen: 85, to: [NOBODY, first], failover: { resend: 'safe', maxFails: 100 } }),
      gone: Forward.http({ listen: 86, to: [NOBODY, NOBODY_ELSE] }),
      silent: Forward.http({ listen: 87, to: [NOWHERE, first], failover: { connectTimeout: 1, maxFails: 1 } }),
      slow: Forward.http({ listen: 88, to: all, failover: { timeout: 1 }, timeouts: { response: 2 } }),
      backup: Forward.http({ listen: 89, to: [first, { to: second, backup: true }], failover: { maxFails: 1 } }),
      'source-short': Forward.http({ listen: 105, to: all, balance: 'source', failover: { failTimeout: 2 } }),
      single: Forward.http({ listen: 90, to: first }),
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
  /** A path that no other request has. */
  const fresh = () => `/${++number}`;

  /** What became of a request by every target doing the same, and how many of them got it. */
  const tried = async (port: number, method: string, what: Parameters<typeof asking>[0], scheme = 'http') => {
    const path = fresh();
    const words = ['-X', method, ...(method === 'GET' || method === 'OPTIONS' ? [] : ['--data', 'once'])];
    const { status } = await targets.get(`${scheme}://${GATEWAY}:${port}${path}`, ...words, ...asking(what));
    return [status, sum(await targets.counts(path))];
  };

  describe('a target that closes instead of answering', () => {
    test.each([
      ['GET', 80, 3],
      ['OPTIONS', 80, 3],
      ['PUT', 80, 3],
      ['DELETE', 80, 3],
      ['PROPFIND', 80, 3],
      ['POST', 80, 1],
      ['PATCH', 80, 1],
      ['GET', 81, 3],
      ['PUT', 81, 1],
      ['DELETE', 81, 1],
      ['POST', 81, 1],
      ['PUT', 82, 3],
      ['POST', 82, 1],
      ['GET', 83, 2],
      ['PUT', 83, 2],
    ])('%s on port %i is tried by %i', async (method, port, count) => {
      expect(await tried(port, method, { Break: 1 })).toEqual([502, count]);
    });

    test('one alone costs a GET nothing', async () => {
      for (let i = 0; i < 6; i++) {
        const { status } = await targets.get(`http://${GATEWAY}/`, ...asking({ Break: 1, At: 9002 }));
        expect(status).toBe(200);
      }
    });
  });

  describe.each([502, 503, 504])('an answer of %i', (status) => {
    test.each([
      ['GET', 80, 3],
      ['PUT', 80, 1],
      ['DELETE', 80, 1],
      ['POST', 80, 1],
      ['GET', 82, 1],
      ['GET', 90, 1],
    ])('to %s on port %i comes from %i', async (method, port, count) => {
      expect(await tried(port, method, { Status: status })).toEqual([status, count]);
    });
  });

  test('other errors are answers like all others', async () => {
    expect(await tried(80, 'GET', { Status: 500 })).toEqual([500, 1]);
  });

  test('over TLS and HTTP/2 it is the same', async () => {
    expect(await tried(443, 'GET', { Status: 503 }, 'https')).toEqual([503, 3]);
    expect(await tried(443, 'DELETE', { Status: 503 }, 'https')).toEqual([503, 1]);
    expect(await tried(443, 'POST', { Break: 1 }, 'https')).toEqual([502, 1]);
  });

  test('a path that always fails takes no target away from the others', async () => {
    for (const what of [{ Status: 503 }, { Break: 1 }]) {
      for (let i = 0; i < 10; i++) await tried(80, 'GET', what);
      for (let i = 0; i < 10; i++) expect((await targets.get(`http://${GATEWAY}/`)).status).toBe(200);
    }
  });

  describe('a target that refuses connections', () => {
    test.each(['GET', 'POST', 'PUT', 'PATCH', 'DELETE'])('%s goes to the other one', async (method) => {
      for (let i = 0; i < 4; i++) expect(await tried(84, method, {})).toEqual([200, 1]);
    });

    test("with resend 'safe' it costs PUT what it costs nobody else", async () => {
      const statuses = async (method: string) => {
        const all = new Set();
        for (let i = 0; i < 6; i++) all.add((await tried(85, method, {}))[0]);
        return all;
      };
      expect(await statuses('GET')).toEqual(new Set([200]));
      expect(await statuses('POST')).toEqual(new Set([200]));
      expect(await statuses('PUT')).toEqual(new Set([200, 502]));
    });

    test('all of them: the gateway says so on its own page, to every method', async () => {
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

  test('a target that says nothing at all is given up after connectTimeout', async () => {
    for (const method of ['GET', 'POST', 'PUT']) expect(await tried(87, method, {})).toEqual([200, 1]);
  });

  test('a connection that was idle for longer than targets keep it open is not used again', async () => {
    const connection = async () => (await targets.ask(`http://${GATEWAY}:90/`)).connection;
    // Each worker of nginx has connections of its own: one that asks twice finds the one it had.
    const [first, ...soon] = [await connection(), await connection(), await connection(), await connection()];
    expect(new Set(soon).size).toBeLessThan(3);
    await sleep(5500);
    const later = [await connection(), await connection(), await connection()];
    for (const one of [first, ...soon]) expect(later).not.toContain(one);
  });

  test('one target alone: what met a connection that was being closed is sent again, if it may be', async () => {
    const counts = async (method: string) => {
      const all = new Set<number>();
      for (let i = 0; i < 10; i++) {
        // Some find the connection of the request before, others are another worker's.
        await targets.get(`http://${GATEWAY}:90/`);
        all.add((await tried(90, method, { Break: 1 }))[1] as number);
      }
      return all;
    };
    expect(await counts('GET')).toContain(2);
    expect(await counts('POST')).toEqual(new Set([1]));
  });

  test('what takes longer than the time for all tries is tried nowhere else', async () => {
    expect(await tried(88, 'GET', { Pause: 4 })).toEqual([504, 1]);
  });

  test('a large body arrives whole at the next target, also of a method that has a place of its own', async () => {
    const body = 'x'.repeat(300_000);
    for (const method of ['POST', 'PUT']) {
      const words = ['-X', method, '--data-binary', '@-', `http://${GATEWAY}:84/`];
      const { stdout } = await targets.host.run('client', ['curl', '-s', ...words], body);
      expect(JSON.parse(stdout)).toMatchObject({ method, length: body.length });
    }
  });

  test('the place of other methods has what the path has: its prefix taken away, its limits', async () => {
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
    ])('gets %s only while the others fail', async (_, port) => {
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

  test('a TCP connection that is refused goes to the next target', async () => {
    for (let i = 0; i < 6; i++) expect((await targets.ask(`http://${GATEWAY}:92/`)).name).toBe('9001');
  });

  test.each([
    ['refuses', 103],
    ['says nothing', 104],
  ])('a UDP target that owes an answer and %s gets no more clients', async (_, port) => {
    const ask = async () => (await targets.host.ask('client', 'udp', GATEWAY, port)).name;
    // One client has asked in vain by then; round robin would lead every other one there.
    for (let i = 0; i < 2; i++) await ask();
    await sleep(1500);
    for (let i = 0; i < 8; i++) expect(await ask()).toBe('backend');
  });

  test('when all targets were gone for a moment, they are asked again at once', async () => {
    for (const port of PORTS) await targets.kill(port);
    for (let i = 0; i < 12; i++) expect((await targets.get(`http://${GATEWAY}/`)).status).toBe(502);
    for (const port of PORTS) await targets.revive(port);
    for (let i = 0; i < 6; i++) expect((await targets.get(`http://${GATEWAY}/`)).status).toBe(200);
  });

  test("with 'source' nobody is asked for failTimeout, once all have refused", async () => {
    const status = async () => (await targets.get(`http://${GATEWAY}:105/`)).status;
    expect(await status()).toBe(200);
    for (const port of PORTS) await targets.kill(port);
    for (let i = 0; i < 6; i++) expect(await status()).toBe(502);
    for (const port of PORTS) await targets.revive(port);
    await until('they are asked again', async () => (await status()) === 200);
  });
});
