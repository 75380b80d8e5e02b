import { Forward } from '../../lib/forward/forward';
import { Tls } from '../../lib/forward/tls';
import { BLANKED } from '../../lib/http/blanked-headers';
import { Caches, kept, MINUTE, SMALL, told } from './support/caches';
import { ADDRESS, describeHost } from './support/host';
import type { Got } from './support/targets';

jest.setTimeout(120_000);

const GATEWAY = ADDRESS.gateway.v4;

describeHost("the keys of nginx's cache", () => {
  let caches: Caches;
  beforeAll(async () => {
    caches = await Caches.start((to, other) => ({
      web: Forward.http({ listen: 80, to, cache: SMALL }),
      secure: Forward.https({ listen: 443, to, cache: SMALL, tls: Tls.selfSigned() }),
      query: Forward.http({ listen: 84, to, cache: { ...SMALL, query: ['page', 'sortBy'] } }),
      stripped: Forward.http({
        listen: 85,
        routes: { '/shop/*': { to, stripPrefix: true, cache: { ...SMALL, query: ['page'] } } },
      }),
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
      plain: Forward.http({
        listen: 88,
        to,
        routes: { '/passed/*': { to, stripPrefix: true, passHeaders: ['x-http-method-override', 'CF-Connecting-IP'] } },
      }),
    }));
  });
  afterAll(() => caches?.stop());

  describe('answers are keyed', () => {
    test('by the headers in Vary', async () => {
      const url = caches.fresh();
      const by = (language: string) =>
        caches.get(url, '-H', `X-Language: ${language}`, ...kept(MINUTE, 'Vary: X-Language'));
      const all = [await by('de'), await by('fr'), await by('de'), await by('fr')];
      expect(all.map((a) => a.headers['x-cache'])).toEqual(['MISS', 'MISS', 'HIT', 'HIT']);
      expect(all.map((a) => told(a).headers['x-language'])).toEqual(['de', 'fr', 'de', 'fr']);
    });

    test('by the whole query, in order', async () => {
      const url = caches.fresh();
      await caches.states(1, `${url}?a=1&b=2`, ...kept(MINUTE));
      expect(await caches.states(1, `${url}?a=1&b=2`)).toEqual(['HIT']);
      for (const query of ['', '?', '?b=2&a=1', '?a=1&b=3', '?a=1'])
        expect(await caches.states(1, url + query)).toEqual(['MISS']);
    });

    test('by HTTP and HTTPS', async () => {
      const path = caches.path();
      await caches.states(1, `http://${GATEWAY}${path}`, ...kept(MINUTE));
      expect(await caches.states(1, `https://${GATEWAY}${path}`)).toEqual(['MISS']);
    });

    test('with one entry for HEAD and GET', async () => {
      const url = caches.fresh();
      const head = await caches.get(url, '--head', ...kept(MINUTE));
      const length = Number(head.headers['content-length']);
      const whole = await caches.get(url);
      expect([head.headers['x-cache'], whole.headers['x-cache']]).toEqual(['MISS', 'HIT']);
      expect(whole.body).toHaveLength(length);
      expect(told(whole).method).toBe('GET');
      expect((await caches.get(url, '--head')).headers['x-cache']).toBe('HIT');
    });

    test('with ranges cut from the whole answer, which is fetched', async () => {
      const url = caches.fresh();
      const words = kept(MINUTE, 'Accept-Ranges: bytes', 'Content-Type: text/plain');
      const whole = await caches.get(url, ...words);
      expect(told(whole).headers.range).toBeUndefined();
      const part = await caches.get(url, '-r', '3-9');
      expect([part.status, part.headers['x-cache'], part.body]).toEqual([206, 'HIT', whole.body.slice(3, 10)]);
      const other = caches.fresh();
      const first = await caches.get(other, '-r', '0-4', ...words);
      expect([first.status, first.headers['x-cache'], first.body]).toEqual([206, 'MISS', '{"nam']);
      expect(told(await caches.get(other)).headers.range).toBeUndefined();
    });

    test('and conditional requests get 304', async () => {
      const url = caches.fresh();
      await caches.states(1, url, ...kept(MINUTE, 'ETag: "v1"'));
      const { status, headers } = await caches.get(url, '-H', 'If-None-Match: "v1"');
      expect([status, headers['x-cache']]).toEqual([304, 'HIT']);
    });
  });

  describe('cannot be poisoned', () => {
    const FORGED = [
      ...BLANKED,
      'X-Forwarded-Host',
      'X-Forwarded-Proto',
      'X-Forwarded-Port',
      'X-Forwarded-For',
      'X-Forwarded-Prefix',
      'Forwarded',
    ];

    test('by headers that tell targets their own URL', async () => {
      const url = caches.fresh();
      const forged = FORGED.flatMap((name) => ['-H', `${name}: evil.example`]);
      const { body } = await caches.get(url, ...forged, ...kept(MINUTE));
      expect(body).not.toContain('evil.example');
      expect((await caches.get(url)).body).toBe(body);
    });

    test('and neither can targets without a cache, unless passHeaders allows a header', async () => {
      const forged = FORGED.flatMap((name) => ['-H', `${name}: evil.example`]);
      const plain = await caches.get(caches.fresh(88), ...forged);
      expect([plain.status, plain.body]).toEqual([200, expect.not.stringContaining('evil.example')]);
      const passed = told(await caches.get(`http://${GATEWAY}:88/passed/x`, ...forged));
      const evil = Object.entries(passed.headers).filter(([, value]) => value.includes('evil.example'));
      expect(evil.map(([name]) => name).sort()).toEqual(['cf-connecting-ip', 'x-http-method-override']);
      // Everything else is as in other forwards.
      expect(passed.path).toBe('/x');
      expect(passed.headers).toMatchObject({ host: `${GATEWAY}:88`, 'x-forwarded-prefix': '/passed' });
      expect(passed.headers['x-real-ip']).toBe(ADDRESS.client.v4);
    });

    test('by a forged Host', async () => {
      const url = caches.fresh();
      const at = (host: string) => caches.get(url, '-H', `Host: ${host}`, ...kept(MINUTE));
      for (const host of ['evil.example', 'www.example:1234', 'www.example', 'WWW.example']) {
        const answer = await at(host);
        expect([answer.headers['x-cache'], told(answer).headers.host]).toEqual(['MISS', host]);
      }
      expect(told(await at('www.example')).headers.host).toBe('www.example');
    });

    test.each(['--http1.1', '--http2'])('by a forged TLS server name: %s', async (version) => {
      const path = caches.path();
      const at = (name: string) =>
        caches.get(`https://${name}${path}`, version, '--resolve', `${name}:443:${GATEWAY}`, ...kept(MINUTE));
      const all = [await at('evil.example'), await at('www.example'), await at('www.example')];
      expect(all.map((answer) => told(answer).headers.host)).toEqual(['evil.example', 'www.example', 'www.example']);
      expect(all.map((answer) => answer.headers['x-cache'])).toEqual(['MISS', 'MISS', 'HIT']);
    });

    test('by different hosts in the request line and the headers', async () => {
      const path = caches.path();
      const lines = (first: string, host: string) =>
        `GET ${first}${path} HTTP/1.1\r\nHost: ${host}\r\nX-Test-Header: ${MINUTE}\r\nConnection: close\r\n\r\n`;
      const crossed = await caches.targets.nginx.raw(86, lines('http://a.example', 'b.example'));
      expect(crossed).toMatch(/^HTTP\/1\.1 400 /);
      const own = await caches.targets.nginx.raw(86, lines('', 'b.example'));
      expect(own).toContain('"name": "9002"');
      expect(own).toMatch(/^X-Cache: MISS\r$/m);
      const a = await caches.targets.nginx.raw(86, lines('', 'a.example'));
      expect(a).toMatch(/^X-Cache: MISS\r$/m);
    });

    test("through another route's path in the same cache", async () => {
      const number = caches.path().slice(1);
      const path = `b/${number}`;
      const names = [];
      for (const url of [
        `http://${GATEWAY}:87/b/../${path}`,
        `http://${GATEWAY}:87/${path}`,
        `http://${GATEWAY}:87/x/../${path}`,
      ])
        names.push(told(await caches.get(url, '--path-as-is', ...kept(MINUTE))).name);
      expect(names).toEqual(['9002', '9002', '9002']);
      const slash = await caches.get(`http://${GATEWAY}:87/b%2f${number}`, '--path-as-is', ...kept(MINUTE));
      expect(told(slash).path).toBe(`/b%2f${number}`);
    });
  });

  describe('query', () => {
    test('passes only listed parameters to the target, and keys answers by them', async () => {
      const url = caches.fresh(84);
      const first = await caches.get(`${url}?utm=1&sortBy=name&page=2&x=%26`, ...kept(MINUTE));
      expect(told(first).path).toBe(`${url.replace(/^.*\//, '/')}?page=2&sortBy=name&`);
      expect(await caches.states(1, `${url}?page=2&sortBy=name&utm=other`)).toEqual(['HIT']);
      expect(await caches.states(1, `${url}?SORTBY=name&page=2`)).toEqual(['HIT']);
      expect(await caches.states(1, `${url}?page=3&sortBy=name`)).toEqual(['MISS']);
      expect(told(await caches.get(`${url}?utm=1`, ...kept(MINUTE))).path).toBe(url.replace(/^.*\//, '/'));
      expect(await caches.states(1, url)).toEqual(['HIT']);
    });

    test('distinguishes an encoded question mark from a query', async () => {
      const path = caches.path();
      const at = (asked: string) => caches.get(`http://${GATEWAY}:84${path}${asked}`, '--path-as-is', ...kept(MINUTE));
      // The target distinguishes them, although they are the same once decoded.
      const all = [await at('%3Fpage=1?page=2'), await at('?page=1?page=2'), await at('%3Fpage=1?page=2')];
      expect(all.map((a) => a.headers['x-cache'])).toEqual(['MISS', 'MISS', 'HIT']);
      expect(told(all[1] as Got).path).not.toBe(told(all[0] as Got).path);
    });

    test('passes the whole query of uncacheable requests', async () => {
      const url = caches.fresh(84);
      const post = await caches.get(`${url}?utm=1&page=2`, '--data', 'x');
      expect(told(post).path).toBe(`${url.replace(/^.*\//, '/')}?utm=1&page=2`);
    });

    test('passes any path unchanged, with and without stripPrefix', async () => {
      const path = `a%20b/%C3%A9${caches.path()}/%3F%23+;=`;
      const plain = await caches.get(`http://${GATEWAY}:84/${path}?page=%2F%3F`, ...kept(MINUTE));
      expect(decodeURIComponent(told(plain).path)).toBe(decodeURIComponent(`/${path}?page=/?&`));
      const stripped = await caches.get(`http://${GATEWAY}:85/shop/${path}?page=1&x`, ...kept(MINUTE));
      expect(decodeURIComponent(told(stripped).path)).toBe(decodeURIComponent(`/${path}?page=1&`));
      expect(told(stripped).headers['x-forwarded-prefix']).toBe('/shop');
      expect(await caches.states(1, `http://${GATEWAY}:85/shop/${path}?page=1`)).toEqual(['HIT']);
    });
  });

  test('no worker of nginx crashed', async () => {
    const log = await caches.targets.host.read('/var/log/portway/error.log');
    expect(log).not.toMatch(/\[(crit|emerg)\]|exited on signal/);
  });
});
