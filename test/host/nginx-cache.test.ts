import { setTimeout as sleep } from 'node:timers/promises';
import { Forward } from '../../lib/forward/forward';
import { Caches, kept, MINUTE, SMALL, told } from './support/caches';
import { ADDRESS, describeHost, until } from './support/host';
import { asking } from './support/targets';

jest.setTimeout(120_000);

const GATEWAY = ADDRESS.gateway.v4;

describeHost('what the cache of nginx keeps', () => {
  let caches: Caches;
  beforeAll(async () => {
    caches = await Caches.start((to, other) => ({
      web: Forward.http({ listen: 80, to, cache: SMALL }),
      valid: Forward.http({ listen: 81, to, cache: { ...SMALL, validFor: 60 } }),
      anonymous: Forward.http({ listen: 82, to, cache: { ...SMALL, ignoreCookies: true } }),
      sticky: Forward.http({ listen: 83, to: [to, other], balance: 'cookie', cache: SMALL }),
      hosts: Forward.http({
        listen: 86,
        cache: SMALL,
        hosts: { 'a.example': { to }, 'b.example': { to: other }, 'c.example': { to, cache: false } },
      }),
      routes: Forward.http({
        listen: 87,
        to,
        cache: SMALL,
        routes: { '/b/*': { to: other }, '/live/*': { to, streaming: true } },
      }),
      impatient: Forward.http({ listen: 88, to, cache: { ...SMALL, waitForFill: 0 } }),
      failing: Forward.http({ listen: 90, to: [to, other], cache: SMALL }),
      plain: Forward.http({ listen: 91, to }),
    }));
  });
  afterAll(() => caches?.stop());

  describe('what is kept', () => {
    test.each([
      ['max-age', [MINUTE]],
      ['s-maxage', ['Cache-Control: max-age=0, s-maxage=60']],
      ['public', ['Cache-Control: public, max-age=60']],
      ['Expires', ['Expires: Thu, 31 Dec 2037 23:55:55 GMT']],
    ])('an answer with %s is given out again as it was', async (_, headers) => {
      const url = caches.fresh();
      const first = await caches.get(url, ...kept(...headers));
      const second = await caches.get(url);
      expect([first.headers['x-cache'], second.headers['x-cache']]).toEqual(['MISS', 'HIT']);
      expect(second.body).toBe(first.body);
      expect(await caches.asked(url)).toBe(1);
    });

    test.each([
      ['nothing about it', []],
      ['private', ['Cache-Control: private, max-age=60']],
      ['no-store', ['Cache-Control: no-store']],
      ['no-cache', ['Cache-Control: no-cache']],
      ['max-age=0', ['Cache-Control: max-age=0']],
      ['a cookie', [MINUTE, 'Set-Cookie: session=1']],
      ['Vary: *', [MINUTE, 'Vary: *']],
      ['an Expires that is over', ['Expires: Thu, 01 Jan 1970 00:00:00 GMT']],
    ])('an answer that says %s is not', async (_, headers) => {
      const url = caches.fresh();
      expect(await caches.states(3, url, ...kept(...headers))).toEqual(['MISS', 'MISS', 'MISS']);
      expect(await caches.asked(url)).toBe(3);
    });

    test.each([404, 500, 302, 206])('an answer of %i is not, where nobody says so', async (status) => {
      const url = caches.fresh(81);
      expect(await caches.states(2, url, ...asking({ Status: status }))).toEqual(['MISS', 'MISS']);
    });

    test('validFor is for answers that say nothing themselves', async () => {
      expect(await caches.states(2, caches.fresh(81))).toEqual(['MISS', 'HIT']);
      for (const header of ['Cache-Control: no-store', 'Cache-Control: private', 'Set-Cookie: a=1']) {
        expect(await caches.states(2, caches.fresh(81), ...kept(header))).toEqual(['MISS', 'MISS']);
      }
    });

    test('a target cannot speak for the cache', async () => {
      const { headers } = await caches.get(caches.fresh(), ...kept(MINUTE, 'X-Cache: forged'));
      expect(headers['x-cache']).toBe('MISS');
    });

    test('without a cache nothing is said of it', async () => {
      expect((await caches.get(caches.fresh(91), ...kept(MINUTE))).headers['x-cache']).toBeUndefined();
      expect((await caches.get(caches.fresh(91))).headers['x-cache']).toBeUndefined();
    });

    test('the log says where an answer came from', async () => {
      const url = caches.fresh(88);
      await caches.states(2, url, ...kept(MINUTE));
      await caches.states(1, url, '-H', 'Cookie: a=1');
      const path = url.replace(/^.*\//, '/');
      const entries = (await caches.targets.nginx.log(88, 3)).filter((entry) => entry.uri === path);
      expect(entries.map((entry) => entry.cache).sort()).toEqual(['BYPASS', 'HIT', 'MISS']);
    });

    test('it outlives a restart of nginx', async () => {
      const url = caches.fresh();
      await caches.states(1, url, ...kept(MINUTE));
      await caches.targets.host.sh('gateway', 'nginx -s stop; while [ -e /run/nginx.pid ]; do sleep 0.1; done; nginx');
      expect(await caches.states(1, url)).toEqual(['HIT']);
    });
  });

  describe('who is not answered from it', () => {
    test.each([
      ['credentials', ['-H', 'Authorization: Basic YTpi']],
      ['a cookie', ['-H', 'Cookie: session=1']],
      ['a WebSocket handshake', ['-H', 'Upgrade: websocket', '-H', 'Connection: upgrade']],
    ])('a request with %s: it goes to the target, and what comes is kept for nobody', async (_, words) => {
      const url = caches.fresh();
      expect(await caches.states(2, url, ...words, ...kept(MINUTE))).toEqual(['BYPASS', 'BYPASS']);
      expect(await caches.states(2, url, ...kept(MINUTE))).toEqual(['MISS', 'HIT']);
      const before = await caches.asked(url);
      expect(await caches.states(1, url, ...words, ...kept(MINUTE))).toEqual(['BYPASS']);
      expect(await caches.asked(url)).toBe(before + 1);
    });

    test.each(['POST', 'PUT', 'DELETE', 'PATCH', 'OPTIONS'])('a %s', async (method) => {
      const url = caches.fresh();
      await caches.states(1, url, ...kept(MINUTE));
      const { headers, body } = await caches.get(url, '-X', method, '--data', 'x', ...kept(MINUTE));
      expect(headers['x-cache'] ?? '').not.toBe('HIT');
      expect(JSON.parse(body).method).toBe(method);
    });

    test('who cannot speak for all: a client asks for a new answer in vain', async () => {
      const url = caches.fresh();
      await caches.states(1, url, ...kept(MINUTE));
      expect(await caches.states(2, url, '-H', 'Cache-Control: no-cache', '-H', 'Pragma: no-cache')).toEqual([
        'HIT',
        'HIT',
      ]);
    });
  });

  describe('ignoreCookies', () => {
    test('answers requests with cookies as all others, and targets see none', async () => {
      const url = caches.fresh(82);
      const first = await caches.get(url, '-H', 'Cookie: session=1; other=2', ...kept(MINUTE));
      expect(told(first).headers.cookie).toBeUndefined();
      expect(await caches.states(2, url, '-H', 'Cookie: session=3')).toEqual(['HIT', 'HIT']);
      expect(await caches.states(1, url, '-H', 'Authorization: Basic YTpi')).toEqual(['BYPASS']);
    });

    test('is for what may be kept: others keep their cookies', async () => {
      const post = await caches.get(caches.fresh(82), '-H', 'Cookie: session=1', '--data', 'x');
      expect(told(post).headers.cookie).toBe('session=1');
      expect(told(await caches.get(caches.fresh(91), '-H', 'Cookie: session=1')).headers.cookie).toBe('session=1');
    });
  });

  test("the gateway's own cookie makes nobody a stranger to the cache", async () => {
    const url = caches.fresh(83);
    const first = await caches.get(url, ...kept(MINUTE));
    const cookie = first.headers['set-cookie']?.split(';')[0];
    expect(await caches.states(1, url, '-H', `Cookie: ${cookie}`)).toEqual(['HIT']);
    expect(await caches.states(1, url, '-H', `Cookie: ${cookie}; session=1`)).toEqual(['BYPASS']);
    // Each browser gets one of its own, and not the one of whom the answer was made for.
    expect((await caches.get(url)).headers['set-cookie']).not.toBe(first.headers['set-cookie']);
  });

  describe('when an answer has expired', () => {
    test('the old one is given out while a new one is fetched', async () => {
      const url = caches.fresh();
      const first = told(await caches.get(url, ...kept('Cache-Control: max-age=1')));
      await sleep(2500);
      const stale = await caches.get(url, ...kept('Cache-Control: max-age=60'), ...asking({ Pause: 1 }));
      expect(['STALE', 'UPDATING']).toContain(stale.headers['x-cache']);
      expect(told(stale).count).toBe(first.count);
      await until('there is a new one', async () => (await caches.get(url)).headers['x-cache'] === 'HIT');
      expect(told(await caches.get(url)).count).toBeGreaterThan(first.count);
      expect(await caches.asked(url)).toBe(2);
    });

    test('a target that has no newer one only says so', async () => {
      const url = caches.fresh();
      const tag = 'ETag: "v1"';
      const first = await caches.get(url, ...kept('Cache-Control: max-age=1', tag));
      await sleep(2500);
      await caches.get(url, ...asking({ Status: 304, Header: [MINUTE, tag] }));
      await until('it is fresh again', async () => (await caches.get(url)).headers['x-cache'] === 'HIT');
      expect((await caches.get(url)).body).toBe(first.body);
      expect(await caches.asked(url)).toBe(2);
    });

    test.each([500, 502, 503, 504])('and the target answers %i, the old one is better', async (status) => {
      const url = caches.fresh();
      const first = await caches.get(url, ...kept('Cache-Control: max-age=1'));
      await sleep(2500);
      for (let i = 0; i < 3; i++) {
        const { headers, body, status: got } = await caches.get(url, ...asking({ Status: status }));
        expect({ got, body }).toEqual({ got: 200, body: first.body });
        expect(['STALE', 'UPDATING']).toContain(headers['x-cache']);
      }
    });

    test('even where it says must-revalidate: nginx does not heed that', async () => {
      const url = caches.fresh();
      const first = await caches.get(url, ...kept('Cache-Control: max-age=1, must-revalidate'));
      await sleep(2500);
      expect((await caches.get(url, ...asking({ Status: 503 }))).body).toBe(first.body);
    });

    test('and the targets are down, the old one is better than nothing', async () => {
      const url = caches.fresh(90);
      const first = await caches.get(url, ...kept('Cache-Control: max-age=1'));
      await sleep(2500);
      for (const port of [9001, 9002]) await caches.targets.kill(port);
      for (let i = 0; i < 5; i++) {
        const { status, body } = await caches.get(url);
        expect({ status, body }).toEqual({ status: 200, body: first.body });
      }
      expect((await caches.get(caches.fresh(90))).status).toBe(502);
      for (const port of [9001, 9002]) await caches.targets.revive(port);
    });
  });

  test('a host, and a path that streams, may keep nothing', async () => {
    const words = kept(MINUTE);
    const c = await caches.get(`http://${GATEWAY}:86/`, '-H', 'Host: c.example', ...words);
    const live = await caches.get(`http://${GATEWAY}:87/live/`, ...words);
    expect([c.headers['x-cache'], live.headers['x-cache']]).toEqual([undefined, undefined]);
    expect(await caches.states(2, `http://${GATEWAY}:87/b${caches.path()}`, ...words)).toEqual(['MISS', 'HIT']);
  });

  test('every worker of nginx lived through all that', async () => {
    const log = await caches.targets.host.read('/var/log/portway/error.log');
    expect(log).not.toMatch(/\[(crit|emerg)\]|exited on signal/);
  });
});
