import { setTimeout as sleep } from 'node:timers/promises';
import { Forward } from '../../lib/forward/forward';
import { Tls } from '../../lib/forward/tls';
import { Caches, kept, MINUTE, SMALL, told } from './support/caches';
import { ADDRESS, describeHost, STOP_NGINX, until } from './support/host';
import { asking } from './support/targets';

jest.setTimeout(120_000);

const GATEWAY = ADDRESS.gateway.v4;

describeHost("what nginx's cache stores", () => {
  let caches: Caches;
  beforeAll(async () => {
    caches = await Caches.start((to, other) => ({
      web: Forward.http({ listen: 80, to, cache: SMALL }),
      secure: Forward.https({ listen: 443, to, cache: SMALL, tls: Tls.selfSigned() }),
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

  describe('stores', () => {
    test.each([
      ['max-age', [MINUTE]],
      ['s-maxage', ['Cache-Control: max-age=0, s-maxage=60']],
      ['public', ['Cache-Control: public, max-age=60']],
      ['Expires', ['Expires: Thu, 31 Dec 2037 23:55:55 GMT']],
    ])('an answer with %s, and serves it unchanged', async (_, headers) => {
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
      ['an Expires in the past', ['Expires: Thu, 01 Jan 1970 00:00:00 GMT']],
      ['an Expires of now', ['Expires: Thu, 31 Dec 2037 23:55:55 GMT', 'Date: Thu, 31 Dec 2037 23:55:55 GMT']],
      ['Vary: * among others', [MINUTE, 'Vary: X-Language, *']],
      ['an Age', [MINUTE, 'Age: 30']],
      ['two Ages', [MINUTE, 'Age: 30', 'Age: 0']],
      ['something to surrogates', [MINUTE, 'Surrogate-Control: no-store']],
      ['something to CDNs', [MINUTE, 'CDN-Cache-Control: no-store']],
      ['must-understand', [MINUTE.replace('max', 'must-understand, max')]],
      ['must-revalidate beside stale-while-revalidate', [`${MINUTE}, must-revalidate, stale-while-revalidate=60`]],
    ])('no answer with %s', async (_, headers) => {
      const url = caches.fresh();
      expect(await caches.states(3, url, ...kept(...headers))).toEqual(['MISS', 'MISS', 'MISS']);
      expect(await caches.asked(url)).toBe(3);
    });

    test.each([404, 500, 302, 206])('no answer with status %i by default', async (status) => {
      const url = caches.fresh(81);
      expect(await caches.states(2, url, ...asking({ Status: status }))).toEqual(['MISS', 'MISS']);
    });

    test('answers without a lifetime of their own for validFor', async () => {
      expect(await caches.states(2, caches.fresh(81))).toEqual(['MISS', 'HIT']);
      for (const header of ['Cache-Control: no-store', 'Cache-Control: private', 'Set-Cookie: a=1']) {
        expect(await caches.states(2, caches.fresh(81), ...kept(header))).toEqual(['MISS', 'MISS']);
      }
    });

    test.each(['0', '0, 30', '-1', 'old'])('an answer with Age: %s (RFC 9111, 5.1)', async (age) => {
      expect(await caches.states(2, caches.fresh(), ...kept(MINUTE, `Age: ${age}`))).toEqual(['MISS', 'HIT']);
    });

    test('the original Date of an answer', async () => {
      const url = caches.fresh();
      const date = 'Tue, 01 Sep 2026 10:00:00 GMT';
      await caches.get(url, ...kept(MINUTE, `Date: ${date}`));
      const { headers } = await caches.get(url);
      expect([headers['x-cache'], headers.date]).toEqual(['HIT', date]);
    });

    test('no X-Cache header from a target', async () => {
      const { headers } = await caches.get(caches.fresh(), ...kept(MINUTE, 'X-Cache: forged'));
      expect(headers['x-cache']).toBe('MISS');
    });

    test('nothing, and adds no header, without a cache', async () => {
      expect((await caches.get(caches.fresh(91), ...kept(MINUTE))).headers['x-cache']).toBeUndefined();
      expect((await caches.get(caches.fresh(91))).headers['x-cache']).toBeUndefined();
    });

    test('the source of each answer in the log', async () => {
      const url = caches.fresh(88);
      await caches.states(2, url, ...kept(MINUTE));
      await caches.states(1, url, '-H', 'Cookie: a=1');
      const path = url.replace(/^.*\//, '/');
      const entries = (await caches.targets.nginx.log(88, 3)).filter((entry) => entry.uri === path);
      expect(entries.map((entry) => entry.cache).sort()).toEqual(['BYPASS', 'HIT', 'MISS']);
    });

    test('answers across a restart of nginx', async () => {
      const url = caches.fresh();
      await caches.states(1, url, ...kept(MINUTE));
      await caches.targets.host.sh('gateway', `${STOP_NGINX}; nginx`);
      expect(await caches.states(1, url)).toEqual(['HIT']);
    });
  });

  describe('bypasses the cache for', () => {
    test.each([
      ['credentials', ['-H', 'Authorization: Basic YTpi']],
      ['a cookie', ['-H', 'Cookie: session=1']],
      ['a WebSocket handshake', ['-H', 'Upgrade: websocket', '-H', 'Connection: upgrade']],
    ])('a request with %s, and does not store the answer', async (_, words) => {
      const url = caches.fresh();
      expect(await caches.states(2, url, ...words, ...kept(MINUTE))).toEqual(['BYPASS', 'BYPASS']);
      expect(await caches.states(2, url, ...kept(MINUTE))).toEqual(['MISS', 'HIT']);
      const before = await caches.asked(url);
      expect(await caches.states(1, url, ...words, ...kept(MINUTE))).toEqual(['BYPASS']);
      expect(await caches.asked(url)).toBe(before + 1);
    });

    const chunked = ['-H', 'Transfer-Encoding: chunked'];
    test.each([
      ['of a length that it tells', 80, ['--http1.1']],
      ['in chunks', 80, ['--http1.1', ...chunked]],
      ['of a length that it tells, over HTTP/2', 443, ['--http2']],
      ['of unknown length, over HTTP/2', 443, ['--http2', '-H', 'Content-Length:']],
    ])('a GET with a body %s, which the key does not contain', async (_, port, words) => {
      const url = `${port === 443 ? 'https' : 'http'}://${GATEWAY}${caches.path()}`;
      const asked = await caches.get(url, '-X', 'GET', '--data', 'evil', ...words, ...kept(MINUTE));
      expect([asked.headers['x-cache'], told(asked).length]).toEqual(['BYPASS', 4]);
      expect(await caches.states(2, url, ...kept(MINUTE))).toEqual(['MISS', 'HIT']);
      expect((await caches.get(url, '-X', 'GET', '--data', 'evil', ...words)).headers['x-cache']).toBe('BYPASS');
    });

    test('no GET with an empty body', async () => {
      const url = caches.fresh();
      expect(await caches.states(2, url, '-H', 'Content-Length: 0', ...kept(MINUTE))).toEqual(['MISS', 'HIT']);
    });

    test.each(['POST', 'PUT', 'DELETE', 'PATCH', 'OPTIONS'])('a %s', async (method) => {
      const url = caches.fresh();
      await caches.states(1, url, ...kept(MINUTE));
      const { headers, body } = await caches.get(url, '-X', method, '--data', 'x', ...kept(MINUTE));
      expect(headers['x-cache'] ?? '').not.toBe('HIT');
      expect(JSON.parse(body).method).toBe(method);
    });

    test('no client that asks for a fresh answer', async () => {
      const url = caches.fresh();
      await caches.states(1, url, ...kept(MINUTE));
      expect(await caches.states(2, url, '-H', 'Cache-Control: no-cache', '-H', 'Pragma: no-cache')).toEqual([
        'HIT',
        'HIT',
      ]);
    });
  });

  describe('ignoreCookies', () => {
    test('serves requests with cookies from the cache, and hides cookies from targets', async () => {
      const url = caches.fresh(82);
      const first = await caches.get(url, '-H', 'Cookie: session=1; other=2', ...kept(MINUTE));
      expect(told(first).headers.cookie).toBeUndefined();
      expect(await caches.states(2, url, '-H', 'Cookie: session=3')).toEqual(['HIT', 'HIT']);
      expect(await caches.states(1, url, '-H', 'Authorization: Basic YTpi')).toEqual(['BYPASS']);
    });

    test('passes the cookies of uncacheable requests', async () => {
      const post = await caches.get(caches.fresh(82), '-H', 'Cookie: session=1', '--data', 'x');
      expect(told(post).headers.cookie).toBe('session=1');
      expect(told(await caches.get(caches.fresh(91), '-H', 'Cookie: session=1')).headers.cookie).toBe('session=1');
    });
  });

  test("ignores the gateway's own balancing cookie", async () => {
    const url = caches.fresh(83);
    const first = await caches.get(url, ...kept(MINUTE));
    const cookie = first.headers['set-cookie']?.split(';')[0];
    expect(await caches.states(1, url, '-H', `Cookie: ${cookie}`)).toEqual(['HIT']);
    expect(await caches.states(1, url, '-H', `Cookie: ${cookie}; session=1`)).toEqual(['BYPASS']);
    // Each browser gets its own cookie, not the one stored with the answer.
    expect((await caches.get(url)).headers['set-cookie']).not.toBe(first.headers['set-cookie']);
  });

  describe('when an answer has expired', () => {
    // nginx counts whole seconds: an answer of one second has certainly expired after two.
    const EXPIRED = 2500;

    test('fetches a new one, however recently it expired', async () => {
      const url = caches.fresh();
      await caches.get(url, ...kept('Cache-Control: max-age=1'));
      await sleep(EXPIRED);
      expect(await caches.states(2, url, ...kept(MINUTE))).toEqual(['EXPIRED', 'HIT']);
      expect(await caches.asked(url)).toBe(2);
    });

    test('serves the old one within stale-while-revalidate while fetching a new one', async () => {
      const url = caches.fresh();
      const first = told(await caches.get(url, ...kept('Cache-Control: max-age=1, stale-while-revalidate=60')));
      await sleep(EXPIRED);
      const stale = await caches.get(url, ...kept(MINUTE), ...asking({ Pause: 1 }));
      expect(['STALE', 'UPDATING']).toContain(stale.headers['x-cache']);
      expect(told(stale).count).toBe(first.count);
      await until('there is a new one', async () => (await caches.get(url)).headers['x-cache'] === 'HIT');
      expect(told(await caches.get(url)).count).toBeGreaterThan(first.count);
      expect(await caches.asked(url)).toBe(2);
    });

    test('does not serve it after stale-while-revalidate', async () => {
      const url = caches.fresh();
      await caches.get(url, ...kept('Cache-Control: max-age=1, stale-while-revalidate=1'));
      await sleep(EXPIRED + 1000);
      expect(await caches.states(1, url, ...kept(MINUTE))).toEqual(['EXPIRED']);
    });

    test('revalidates it with the target', async () => {
      const url = caches.fresh();
      const tag = 'ETag: "v1"';
      const first = await caches.get(url, ...kept('Cache-Control: max-age=1', tag));
      await sleep(EXPIRED);
      const checked = await caches.get(url, ...asking({ Status: 304, Header: [MINUTE, tag] }));
      expect([checked.headers['x-cache'], checked.body]).toEqual(['REVALIDATED', first.body]);
      expect((await caches.get(url)).body).toBe(first.body);
      expect(await caches.asked(url)).toBe(2);
    });

    test('passes on 500 to 504 from the target, even within stale-if-error', async () => {
      const all = [500, 502, 503, 504].map((status) => ({ status, url: caches.fresh() }));
      for (const { url } of all) await caches.get(url, ...kept('Cache-Control: max-age=1, stale-if-error=60'));
      await sleep(EXPIRED);
      const got = [];
      for (const { url, status } of all) got.push((await caches.get(url, ...asking({ Status: status }))).status);
      expect(got).toEqual(all.map(({ status }) => status));
    });

    describe('and the targets are down', () => {
      /** What clients get for an answer with these directives after it expired, with all targets down. */
      const afterwards = async (directives: readonly string[]) => {
        const urls = directives.map(() => caches.fresh(90));
        const bodies = [];
        for (const [i, url] of urls.entries())
          bodies.push((await caches.get(url, ...kept(`Cache-Control: ${directives[i]}`))).body);
        await sleep(EXPIRED + 1000);
        for (const port of [9001, 9002]) await caches.targets.kill(port);
        const results = [];
        for (const [i, url] of urls.entries()) {
          // Repeated, because failed targets are taken out for a while, which is a different state.
          for (let n = 0; n < 3; n++) {
            const { status, headers, body } = await caches.get(url);
            results.push([directives[i], status, body === bodies[i] ? headers['x-cache'] : 'another answer']);
          }
        }
        for (const port of [9001, 9002]) await caches.targets.revive(port);
        return results;
      };

      test('serves the old one only within stale-if-error', async () => {
        const allowed = ['max-age=1, stale-if-error=60', 'max-age=1, stale-while-revalidate=60'];
        const forbidden = [
          ...['max-age=1', 'max-age=1, must-revalidate', 'max-age=1, proxy-revalidate', 's-maxage=1, max-age=60'],
          ...['max-age=1, stale-if-error=1', 'max-age=1, stale-while-revalidate=1'],
          ...[
            'max-age=1, stale-if-error=60, must-revalidate',
            'max-age=1, Proxy-Revalidate, stale-while-revalidate=60',
          ],
        ];
        const results = await afterwards([...allowed, ...forbidden]);
        expect(results).toEqual([
          ...allowed.flatMap((d) => Array.from({ length: 3 }, () => [d, 200, 'STALE'])),
          ...forbidden.flatMap((d) => Array.from({ length: 3 }, () => [d, 502, 'another answer'])),
        ]);
      });
    });
  });

  test('stores nothing for a host without a cache or a streaming path', async () => {
    const words = kept(MINUTE);
    const c = await caches.get(`http://${GATEWAY}:86/`, '-H', 'Host: c.example', ...words);
    const live = await caches.get(`http://${GATEWAY}:87/live/`, ...words);
    expect([c.headers['x-cache'], live.headers['x-cache']]).toEqual([undefined, undefined]);
    expect(await caches.states(2, `http://${GATEWAY}:87/b${caches.path()}`, ...words)).toEqual(['MISS', 'HIT']);
  });

  test('no nginx worker died meanwhile', async () => {
    const log = await caches.targets.host.read('/var/log/portway/error.log');
    expect(log).not.toMatch(/\[(crit|emerg)\]|exited on signal/);
  });
});
