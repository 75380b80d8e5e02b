import { setTimeout as sleep } from 'node:timers/promises';
import { Forward } from '../../lib/forward/forward';
import { Tls } from '../../lib/forward/tls';
import { asset } from './support/assets';
import { ADDRESS, describeHost, until } from './support/host';
import { asking, type Got, Targets, type Told } from './support/targets';

jest.setTimeout(120_000);

const GATEWAY = ADDRESS.gateway.v4;
const PURGE = '/usr/local/lib/portway/cache.py';
const MINUTE = 'Cache-Control: max-age=60';

describeHost('the cache of nginx', () => {
  let targets: Targets;
  beforeAll(async () => {
    targets = await Targets.start([9001, 9002]);
    const [to, other] = targets.to as [string, string];
    const cache = { sizeMb: 10 };
    await targets.host.write(PURGE, asset('cache.py'), '0755');
    await targets.nginx.run({
      web: Forward.http({ listen: 80, to, cache }),
      secure: Forward.https({ listen: 443, to, cache, tls: Tls.selfSigned() }),
      valid: Forward.http({ listen: 81, to, cache: { ...cache, validFor: 60 } }),
      anonymous: Forward.http({ listen: 82, to, cache: { ...cache, ignoreCookies: true } }),
      sticky: Forward.http({ listen: 83, to: [to, other], balance: 'cookie', cache }),
      query: Forward.http({ listen: 84, to, cache: { ...cache, query: ['page', 'sortBy'] } }),
      stripped: Forward.http({
        listen: 85,
        routes: { '/shop/*': { to, stripPrefix: true, cache: { ...cache, query: ['page'] } } },
      }),
      hosts: Forward.http({
        listen: 86,
        cache,
        hosts: { 'a.example': { to }, 'b.example': { to: other }, 'c.example': { to, cache: false } },
      }),
      routes: Forward.http({
        listen: 87,
        to,
        cache,
        routes: { '/b/*': { to: other }, '/live/*': { to, streaming: true } },
      }),
      impatient: Forward.http({ listen: 88, to, cache: { ...cache, waitForFill: 0 } }),
      small: Forward.http({ listen: 89, to, cache }),
      failing: Forward.http({ listen: 90, to: [to, other], cache }),
      plain: Forward.http({ listen: 91, to }),
    });
  });
  afterAll(() => targets?.stop());

  let number = 0;
  /** An address that no other test asks for. */
  const fresh = (port = 80) => `http://${GATEWAY}:${port}/${++number}`;
  const kept = (...headers: string[]) => asking({ Header: headers });
  const get = (url: string, ...words: string[]) => targets.get(url, ...words);
  const told = ({ body }: Got): Told => JSON.parse(body);

  /** The cache's states of the answers to the same request, one after the other. */
  const states = async (count: number, url: string, ...words: string[]) => {
    const all = [];
    for (let i = 0; i < count; i++) all.push((await get(url, ...words)).headers['x-cache']);
    return all;
  };

  /** How often the target of a port was asked for an address. */
  const asked = async (url: string, port = 9001) => {
    const path = url.replace(/^https?:\/\/[^/]+/, '');
    return (await targets.seen(port)).filter((request) => request.split(' ')[1] === path).length;
  };

  describe('what is kept', () => {
    test.each([
      ['max-age', [MINUTE]],
      ['s-maxage', ['Cache-Control: max-age=0, s-maxage=60']],
      ['public', ['Cache-Control: public, max-age=60']],
      ['Expires', ['Expires: Thu, 31 Dec 2037 23:55:55 GMT']],
    ])('an answer with %s is given out again as it was', async (_, headers) => {
      const url = fresh();
      const first = await get(url, ...kept(...headers));
      const second = await get(url);
      expect([first.headers['x-cache'], second.headers['x-cache']]).toEqual(['MISS', 'HIT']);
      expect(second.body).toBe(first.body);
      expect(await asked(url)).toBe(1);
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
      const url = fresh();
      expect(await states(3, url, ...kept(...headers))).toEqual(['MISS', 'MISS', 'MISS']);
      expect(await asked(url)).toBe(3);
    });

    test.each([404, 500, 302, 206])('an answer of %i is not, where nobody says so', async (status) => {
      const url = fresh(81);
      expect(await states(2, url, ...asking({ Status: status }))).toEqual(['MISS', 'MISS']);
    });

    test('validFor is for answers that say nothing themselves', async () => {
      expect(await states(2, fresh(81))).toEqual(['MISS', 'HIT']);
      for (const header of ['Cache-Control: no-store', 'Cache-Control: private', 'Set-Cookie: a=1']) {
        expect(await states(2, fresh(81), ...kept(header))).toEqual(['MISS', 'MISS']);
      }
    });

    test('a target cannot speak for the cache', async () => {
      const { headers } = await get(fresh(), ...kept(MINUTE, 'X-Cache: forged'));
      expect(headers['x-cache']).toBe('MISS');
    });

    test('without a cache nothing is said of it', async () => {
      expect((await get(fresh(91), ...kept(MINUTE))).headers['x-cache']).toBeUndefined();
      expect((await get(fresh(91))).headers['x-cache']).toBeUndefined();
    });

    test('the log says where an answer came from', async () => {
      const url = fresh(88);
      await states(2, url, ...kept(MINUTE));
      await states(1, url, '-H', 'Cookie: a=1');
      const path = url.replace(/^.*\//, '/');
      const entries = (await targets.nginx.log(88, 3)).filter((entry) => entry.uri === path);
      expect(entries.map((entry) => entry.cache).sort()).toEqual(['BYPASS', 'HIT', 'MISS']);
    });

    test('it outlives a restart of nginx', async () => {
      const url = fresh();
      await states(1, url, ...kept(MINUTE));
      await targets.host.sh('gateway', 'nginx -s stop; while [ -e /run/nginx.pid ]; do sleep 0.1; done; nginx');
      expect(await states(1, url)).toEqual(['HIT']);
    });
  });

  describe('who is not answered from it', () => {
    test.each([
      ['credentials', ['-H', 'Authorization: Basic YTpi']],
      ['a cookie', ['-H', 'Cookie: session=1']],
      ['a WebSocket handshake', ['-H', 'Upgrade: websocket', '-H', 'Connection: upgrade']],
    ])('a request with %s: it goes to the target, and what comes is kept for nobody', async (_, words) => {
      const url = fresh();
      expect(await states(2, url, ...words, ...kept(MINUTE))).toEqual(['BYPASS', 'BYPASS']);
      expect(await states(2, url, ...kept(MINUTE))).toEqual(['MISS', 'HIT']);
      const before = await asked(url);
      expect(await states(1, url, ...words, ...kept(MINUTE))).toEqual(['BYPASS']);
      expect(await asked(url)).toBe(before + 1);
    });

    test.each(['POST', 'PUT', 'DELETE', 'PATCH', 'OPTIONS'])('a %s', async (method) => {
      const url = fresh();
      await states(1, url, ...kept(MINUTE));
      const { headers, body } = await get(url, '-X', method, '--data', 'x', ...kept(MINUTE));
      expect(headers['x-cache'] ?? '').not.toBe('HIT');
      expect(JSON.parse(body).method).toBe(method);
    });

    test('who cannot speak for all: a client asks for a new answer in vain', async () => {
      const url = fresh();
      await states(1, url, ...kept(MINUTE));
      expect(await states(2, url, '-H', 'Cache-Control: no-cache', '-H', 'Pragma: no-cache')).toEqual(['HIT', 'HIT']);
    });
  });

  describe('ignoreCookies', () => {
    test('answers requests with cookies as all others, and targets see none', async () => {
      const url = fresh(82);
      const first = await get(url, '-H', 'Cookie: session=1; other=2', ...kept(MINUTE));
      expect(told(first).headers.cookie).toBeUndefined();
      expect(await states(2, url, '-H', 'Cookie: session=3')).toEqual(['HIT', 'HIT']);
      expect(await states(1, url, '-H', 'Authorization: Basic YTpi')).toEqual(['BYPASS']);
    });

    test('is for what may be kept: others keep their cookies', async () => {
      const post = await get(fresh(82), '-H', 'Cookie: session=1', '--data', 'x');
      expect(told(post).headers.cookie).toBe('session=1');
      expect(told(await get(fresh(91), '-H', 'Cookie: session=1')).headers.cookie).toBe('session=1');
    });
  });

  test("the gateway's own cookie makes nobody a stranger to the cache", async () => {
    const url = fresh(83);
    const first = await get(url, ...kept(MINUTE));
    const cookie = first.headers['set-cookie']?.split(';')[0];
    expect(await states(1, url, '-H', `Cookie: ${cookie}`)).toEqual(['HIT']);
    expect(await states(1, url, '-H', `Cookie: ${cookie}; session=1`)).toEqual(['BYPASS']);
    // Each browser gets one of its own, and not the one of whom the answer was made for.
    expect((await get(url)).headers['set-cookie']).not.toBe(first.headers['set-cookie']);
  });

  describe('when an answer has expired', () => {
    test('the old one is given out while a new one is fetched', async () => {
      const url = fresh();
      const first = told(await get(url, ...kept('Cache-Control: max-age=1')));
      await sleep(2500);
      const stale = await get(url, ...kept('Cache-Control: max-age=60'), ...asking({ Pause: 1 }));
      expect(['STALE', 'UPDATING']).toContain(stale.headers['x-cache']);
      expect(told(stale).count).toBe(first.count);
      await until('there is a new one', async () => (await get(url)).headers['x-cache'] === 'HIT');
      expect(told(await get(url)).count).toBeGreaterThan(first.count);
      expect(await asked(url)).toBe(2);
    });

    test('a target that has no newer one only says so', async () => {
      const url = fresh();
      const tag = 'ETag: "v1"';
      const first = await get(url, ...kept('Cache-Control: max-age=1', tag));
      await sleep(2500);
      await get(url, ...asking({ Status: 304, Header: [MINUTE, tag] }));
      await until('it is fresh again', async () => (await get(url)).headers['x-cache'] === 'HIT');
      expect((await get(url)).body).toBe(first.body);
      expect(await asked(url)).toBe(2);
    });

    test.each([500, 502, 503, 504])('and the target answers %i, the old one is better', async (status) => {
      const url = fresh();
      const first = await get(url, ...kept('Cache-Control: max-age=1'));
      await sleep(2500);
      for (let i = 0; i < 3; i++) {
        const { headers, body, status: got } = await get(url, ...asking({ Status: status }));
        expect({ got, body }).toEqual({ got: 200, body: first.body });
        expect(['STALE', 'UPDATING']).toContain(headers['x-cache']);
      }
    });

    test('even where it says must-revalidate: nginx does not heed that', async () => {
      const url = fresh();
      const first = await get(url, ...kept('Cache-Control: max-age=1, must-revalidate'));
      await sleep(2500);
      expect((await get(url, ...asking({ Status: 503 }))).body).toBe(first.body);
    });

    test('and the targets are down, the old one is better than nothing', async () => {
      const url = fresh(90);
      const first = await get(url, ...kept('Cache-Control: max-age=1'));
      await sleep(2500);
      for (const port of [9001, 9002]) await targets.kill(port);
      for (let i = 0; i < 5; i++) {
        const { status, body } = await get(url);
        expect({ status, body }).toEqual({ status: 200, body: first.body });
      }
      expect((await get(fresh(90))).status).toBe(502);
      for (const port of [9001, 9002]) await targets.revive(port);
    });
  });

  describe('many at once', () => {
    const parallel = async (url: string, count: number, ...words: string[]) => {
      const all = Array.from({ length: count }, () => url);
      const options = [
        '-Z',
        '--parallel-immediate',
        '--parallel-max',
        `${count}`,
        '-o',
        '/dev/null',
        '-w',
        '%{http_code}\n',
      ];
      const outputs = all.slice(1).flatMap(() => ['-o', '/dev/null']);
      const { stdout } = await targets.nginx.curl('client', ...options, ...outputs, ...words, ...all);
      return stdout.trim().split('\n');
    };

    test('one asks the target for all of them', async () => {
      const url = fresh();
      const statuses = await parallel(url, 50, ...kept(MINUTE), ...asking({ Pause: 0.5 }));
      expect(statuses).toEqual(Array.from({ length: 50 }, () => '200'));
      expect(await asked(url)).toBe(1);
    });

    test('where nobody is to wait, each asks', async () => {
      const url = fresh(88);
      await parallel(url, 10, ...kept(MINUTE), ...asking({ Pause: 1 }));
      expect(await asked(url)).toBe(10);
    });

    test('what is not kept in the end makes them wait, but not for long', async () => {
      const url = fresh();
      const statuses = await parallel(url, 10, ...kept('Cache-Control: no-store'), ...asking({ Pause: 0.2 }));
      expect(statuses).toEqual(Array.from({ length: 10 }, () => '200'));
      expect(await asked(url)).toBe(10);
    });
  });

  describe('answers are told apart', () => {
    test('by the headers that Vary names', async () => {
      const url = fresh();
      const by = (language: string) => get(url, '-H', `X-Language: ${language}`, ...kept(MINUTE, 'Vary: X-Language'));
      const all = [await by('de'), await by('fr'), await by('de'), await by('fr')];
      expect(all.map((a) => a.headers['x-cache'])).toEqual(['MISS', 'MISS', 'HIT', 'HIT']);
      expect(all.map((a) => told(a).headers['x-language'])).toEqual(['de', 'fr', 'de', 'fr']);
    });

    test('by their query, whole and in order', async () => {
      const url = fresh();
      await states(1, `${url}?a=1&b=2`, ...kept(MINUTE));
      expect(await states(1, `${url}?a=1&b=2`)).toEqual(['HIT']);
      for (const query of ['', '?', '?b=2&a=1', '?a=1&b=3', '?a=1'])
        expect(await states(1, url + query)).toEqual(['MISS']);
    });

    test('by HTTP and HTTPS', async () => {
      const path = `/${++number}`;
      await states(1, `http://${GATEWAY}${path}`, ...kept(MINUTE));
      expect(await states(1, `https://${GATEWAY}${path}`)).toEqual(['MISS']);
    });

    test('HEAD and GET share theirs', async () => {
      const url = fresh();
      const head = await get(url, '--head', ...kept(MINUTE));
      const length = Number(head.headers['content-length']);
      const whole = await get(url);
      expect([head.headers['x-cache'], whole.headers['x-cache']]).toEqual(['MISS', 'HIT']);
      expect(whole.body).toHaveLength(length);
      expect(told(whole).method).toBe('GET');
      expect((await get(url, '--head')).headers['x-cache']).toBe('HIT');
    });

    test('a part is cut from the whole, which is what is fetched', async () => {
      const url = fresh();
      const words = kept(MINUTE, 'Accept-Ranges: bytes', 'Content-Type: text/plain');
      const whole = await get(url, ...words);
      expect(told(whole).headers.range).toBeUndefined();
      const part = await get(url, '-r', '3-9');
      expect([part.status, part.headers['x-cache'], part.body]).toEqual([206, 'HIT', whole.body.slice(3, 10)]);
      const other = fresh();
      const first = await get(other, '-r', '0-4', ...words);
      expect([first.status, first.headers['x-cache'], first.body]).toEqual([206, 'MISS', '{"nam']);
      expect(told(await get(other)).headers.range).toBeUndefined();
    });

    test('who has it already is told that it is the same', async () => {
      const url = fresh();
      await states(1, url, ...kept(MINUTE, 'ETag: "v1"'));
      const { status, headers } = await get(url, '-H', 'If-None-Match: "v1"');
      expect([status, headers['x-cache']]).toEqual([304, 'HIT']);
    });
  });

  describe('cannot be poisoned', () => {
    const FORGED = [
      'X-Forwarded-Host',
      'X-Forwarded-Proto',
      'X-Forwarded-Port',
      'X-Forwarded-For',
      'X-Forwarded-Prefix',
      'Forwarded',
    ];

    test('by headers that targets look into for where they are', async () => {
      const url = fresh();
      const forged = FORGED.flatMap((name) => ['-H', `${name}: evil.example`]);
      const { body } = await get(url, ...forged, ...kept(MINUTE));
      expect(body).not.toContain('evil.example');
      expect((await get(url)).body).toBe(body);
    });

    test('by a Host of their own', async () => {
      const url = fresh();
      const at = (host: string) => get(url, '-H', `Host: ${host}`, ...kept(MINUTE));
      for (const host of ['evil.example', 'www.example:1234', 'www.example', 'WWW.example']) {
        const answer = await at(host);
        expect([answer.headers['x-cache'], told(answer).headers.host]).toEqual(['MISS', host]);
      }
      expect(told(await at('www.example')).headers.host).toBe('www.example');
    });

    test.each(['--http1.1', '--http2'])('by a name of theirs in TLS: %s', async (version) => {
      const path = `/${++number}`;
      const at = (name: string) =>
        get(`https://${name}${path}`, version, '--resolve', `${name}:443:${GATEWAY}`, ...kept(MINUTE));
      const all = [await at('evil.example'), await at('www.example'), await at('www.example')];
      expect(all.map((answer) => told(answer).headers.host)).toEqual(['evil.example', 'www.example', 'www.example']);
      expect(all.map((answer) => answer.headers['x-cache'])).toEqual(['MISS', 'MISS', 'HIT']);
    });

    test('by one host in the first line and another one in the headers', async () => {
      const path = `/${++number}`;
      const lines = (first: string, host: string) =>
        `GET ${first}${path} HTTP/1.1\r\nHost: ${host}\r\nX-Test-Header: ${MINUTE}\r\nConnection: close\r\n\r\n`;
      // a.example's target answers, and is told that it was asked for b.example.
      const crossed = await targets.nginx.raw(86, lines('http://a.example', 'b.example'));
      expect(crossed).toContain('"name": "9001"');
      const own = await targets.nginx.raw(86, lines('', 'b.example'));
      expect(own).toContain('"name": "9002"');
      expect(own).toMatch(/^X-Cache: MISS\r$/m);
      const a = await targets.nginx.raw(86, lines('', 'a.example'));
      expect(a).toMatch(/^X-Cache: MISS\r$/m);
    });

    test('by a path of another route in the same cache', async () => {
      const path = `b/${++number}`;
      const names = [];
      for (const url of [
        `http://${GATEWAY}:87/b/../${path}`,
        `http://${GATEWAY}:87/${path}`,
        `http://${GATEWAY}:87/x/../${path}`,
      ])
        names.push(told(await get(url, '--path-as-is', ...kept(MINUTE))).name);
      expect(names).toEqual(['9002', '9002', '9002']);
      const slash = await get(`http://${GATEWAY}:87/b%2f${number}`, '--path-as-is', ...kept(MINUTE));
      expect(told(slash).path).toBe(`/b%2f${number}`);
    });
  });

  test('a host, and a path that streams, may keep nothing', async () => {
    const words = kept(MINUTE);
    const c = await get(`http://${GATEWAY}:86/`, '-H', 'Host: c.example', ...words);
    const live = await get(`http://${GATEWAY}:87/live/`, ...words);
    expect([c.headers['x-cache'], live.headers['x-cache']]).toEqual([undefined, undefined]);
    expect(await states(2, `http://${GATEWAY}:87/b/${++number}`, ...words)).toEqual(['MISS', 'HIT']);
  });

  describe('query', () => {
    test('only the parameters that count reach the target, and tell answers apart', async () => {
      const url = fresh(84);
      const first = await get(`${url}?utm=1&sortBy=name&page=2&x=%26`, ...kept(MINUTE));
      expect(told(first).path).toBe(`${url.replace(/^.*\//, '/')}?page=2&sortBy=name&`);
      expect(await states(1, `${url}?page=2&sortBy=name&utm=other`)).toEqual(['HIT']);
      expect(await states(1, `${url}?SORTBY=name&page=2`)).toEqual(['HIT']);
      expect(await states(1, `${url}?page=3&sortBy=name`)).toEqual(['MISS']);
      expect(told(await get(`${url}?utm=1`, ...kept(MINUTE))).path).toBe(url.replace(/^.*\//, '/'));
      expect(await states(1, url)).toEqual(['HIT']);
    });

    test('what is not kept has its whole query', async () => {
      const url = fresh(84);
      const post = await get(`${url}?utm=1&page=2`, '--data', 'x');
      expect(told(post).path).toBe(`${url.replace(/^.*\//, '/')}?utm=1&page=2`);
    });

    test('a path with anything in it arrives as it was, its prefix taken away or not', async () => {
      const path = `a%20b/%C3%A9/${++number}/%3F%23+;=`;
      const plain = await get(`http://${GATEWAY}:84/${path}?page=%2F%3F`, ...kept(MINUTE));
      expect(decodeURIComponent(told(plain).path)).toBe(decodeURIComponent(`/${path}?page=/?&`));
      const stripped = await get(`http://${GATEWAY}:85/shop/${path}?page=1&x`, ...kept(MINUTE));
      expect(decodeURIComponent(told(stripped).path)).toBe(decodeURIComponent(`/${path}?page=1&`));
      expect(told(stripped).headers['x-forwarded-prefix']).toBe('/shop');
      expect(await states(1, `http://${GATEWAY}:85/shop/${path}?page=1`)).toEqual(['HIT']);
    });
  });

  describe('room', () => {
    const used = async () =>
      Number((await targets.host.sh('gateway', 'du -sm /var/cache/portway-small')).split('\t')[0]);

    test('what was not asked for the longest goes when there is no more', async () => {
      const urls = Array.from({ length: 30 }, () => fresh(89));
      for (const url of urls) await get(url, ...kept(MINUTE), ...asking({ Size: 500_000 }), '-o', '/dev/null');
      // nginx looks every ten seconds.
      for (let i = 0; i < 60 && (await used()) > 10; i++) await sleep(500);
      expect(await used()).toBeLessThanOrEqual(10);
      expect(await states(1, urls.at(-1) as string, '--head')).toEqual(['HIT']);
      expect(await states(1, urls[0] as string, '--head')).toEqual(['MISS']);
    });

    test('an answer that would take too much of it is not kept', async () => {
      const url = fresh(89);
      const words = [...kept(MINUTE), ...asking({ Size: 5 * 2 ** 20 }), '--output', '/dev/null', '-D', '-'];
      const state = async () =>
        /^x-cache: (\w+)/im.exec((await targets.nginx.curl('client', ...words, url)).stdout)?.[1];
      expect([await state(), await state()]).toEqual(['MISS', 'MISS']);
    });
  });

  describe('portway cache', () => {
    const portwayCache = async (...words: string[]) => {
      const result = await targets.host.run('gateway', [PURGE, ...words]);
      // nginx keeps files open for that long.
      if (words[0] === 'purge') await sleep(1100);
      return result;
    };
    const fill = async (url: string, ...words: string[]) => {
      await states(1, url, ...words, ...kept(MINUTE));
      expect(await states(1, url, ...words)).toEqual(['HIT']);
    };

    test('shows what is there', async () => {
      await fill(fresh());
      const { code, stdout } = await portwayCache();
      expect(code).toBe(0);
      expect(stdout).toMatch(/^web: [1-9]\d* answers, \d+\.\d MB$/m);
      expect(stdout).toMatch(/^secure: /m);
    });

    test('throws away one address, with all that Vary tells apart, and nothing else', async () => {
      const [url, other] = [fresh(), fresh()];
      const vary = [...kept(MINUTE, 'Vary: X-Language')];
      for (const language of ['de', 'fr']) await get(url, '-H', `X-Language: ${language}`, ...vary);
      await fill(`${url}?x=1`);
      await fill(other);
      const { stdout } = await portwayCache('purge', url);
      expect(stdout).toBe('2 answers thrown away\n');
      for (const language of ['de', 'fr'])
        expect(await states(1, url, '-H', `X-Language: ${language}`, ...vary)).toEqual(['MISS']);
      expect(await states(1, `${url}?x=1`)).toEqual(['HIT']);
      expect(await states(1, other)).toEqual(['HIT']);
      expect((await portwayCache('purge', `${url}/nothing`)).stdout).toBe('0 answers thrown away\n');
    });

    test('by host, port and scheme as clients write them', async () => {
      const path = `/${++number}`;
      const host = ['-H', 'Host: A.example'];
      await fill(`http://${GATEWAY}:86${path}`, ...host);
      await fill(`https://${GATEWAY}${path}`);
      expect((await portwayCache('purge', `http://a.EXAMPLE${path}`)).stdout).toBe('1 answers thrown away\n');
      expect(await states(1, `http://${GATEWAY}:86${path}`, ...host)).toEqual(['MISS']);
      expect((await portwayCache('purge', `http://${GATEWAY}${path}`)).stdout).toBe('0 answers thrown away\n');
      expect((await portwayCache('purge', `https://${GATEWAY}${path}`)).stdout).toBe('1 answers thrown away\n');
    });

    test('where only some parameters count', async () => {
      const url = `http://${GATEWAY}:85/shop/a%20b/${++number}`;
      await fill(`${url}?page=1`);
      await fill(`${url}?page=2`);
      expect((await portwayCache('purge', `${url}?utm=3&page=1`)).stdout).toBe('1 answers thrown away\n');
      expect(await states(1, `${url}?page=1`)).toEqual(['MISS']);
      expect(await states(1, `${url}?page=2`)).toEqual(['HIT']);
    });

    test('all that begins so, and all', async () => {
      const [one, two, else_] = [fresh(81), fresh(81), fresh(82)];
      for (const url of [`${one}/a`, `${one}/b?c`, two, else_]) await fill(url);
      expect((await portwayCache('purge', `${one}/*`)).stdout).toBe('2 answers thrown away\n');
      expect(await states(1, two)).toEqual(['HIT']);
      expect((await portwayCache('purge', 'all')).stdout).toMatch(/^[1-9]\d* answers thrown away\n$/);
      expect([...(await states(1, two)), ...(await states(1, else_))]).toEqual(['MISS', 'MISS']);
      expect((await portwayCache()).stdout).toMatch(/^query: 0 answers/m);
    });

    test.each([['purge'], ['purge', 'www.example.com/x'], ['purge', ''], ['clear'], ['purge', 'all', 'all']])(
      'tells what it takes: %s %s',
      async (...words) => {
        const { code, stderr } = await portwayCache(...words.filter((w) => w !== undefined));
        expect(code).toBe(1);
        expect(stderr).toMatch(/portway: must be all or an address|portway cache purge/);
      },
    );
  });

  test('every worker of nginx lived through all that', async () => {
    const log = await targets.host.read('/var/log/portway/error.log');
    expect(log).not.toMatch(/\[(crit|emerg)\]|exited on signal/);
  });
});
