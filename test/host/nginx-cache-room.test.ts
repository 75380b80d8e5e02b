import { setTimeout as sleep } from 'node:timers/promises';
import { Forward } from '../../lib/forward/forward';
import { Tls } from '../../lib/forward/tls';
import { writePackage } from './support/assets';
import { Caches, kept, MINUTE, SMALL } from './support/caches';
import { ADDRESS, describeHost } from './support/host';
import { asking } from './support/targets';

jest.setTimeout(120_000);

const GATEWAY = ADDRESS.gateway.v4;

describeHost("the size of nginx's cache", () => {
  let caches: Caches;
  beforeAll(async () => {
    caches = await Caches.start((to, other) => ({
      web: Forward.http({ listen: 80, to, cache: SMALL }),
      secure: Forward.https({ listen: 443, to, cache: SMALL, tls: Tls.selfSigned() }),
      valid: Forward.http({ listen: 81, to, cache: { ...SMALL, validFor: 60 } }),
      anonymous: Forward.http({ listen: 82, to, cache: { ...SMALL, ignoreCookies: true } }),
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
      impatient: Forward.http({ listen: 88, to, cache: { ...SMALL, waitForFill: 0 } }),
      small: Forward.http({ listen: 89, to, cache: SMALL }),
    }));
    await writePackage(caches.targets.host);
  });
  afterAll(() => caches?.stop());

  describe('concurrent requests', () => {
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
      const { stdout } = await caches.targets.nginx.curl('client', ...options, ...outputs, ...words, ...all);
      return stdout.trim().split('\n');
    };

    test('wait for a single request to the target', async () => {
      const url = caches.fresh();
      const statuses = await parallel(url, 50, ...kept(MINUTE), ...asking({ Pause: 0.5 }));
      expect(statuses).toEqual(Array.from({ length: 50 }, () => '200'));
      expect(await caches.asked(url)).toBe(1);
    });

    test('each ask the target if waiting is off', async () => {
      const url = caches.fresh(88);
      await parallel(url, 10, ...kept(MINUTE), ...asking({ Pause: 1 }));
      expect(await caches.asked(url)).toBe(10);
    });

    test('wait only briefly for an uncacheable answer', async () => {
      const url = caches.fresh();
      const statuses = await parallel(url, 10, ...kept('Cache-Control: no-store'), ...asking({ Pause: 0.2 }));
      expect(statuses).toEqual(Array.from({ length: 10 }, () => '200'));
      expect(await caches.asked(url)).toBe(10);
    });
  });

  describe('size', () => {
    const used = async () =>
      Number((await caches.targets.host.sh('gateway', 'du -sm /var/cache/portway-small')).split('\t')[0]);

    test('evicts the least recently used answers', async () => {
      const urls = Array.from({ length: 30 }, () => caches.fresh(89));
      for (const url of urls) await caches.get(url, ...kept(MINUTE), ...asking({ Size: 500_000 }), '-o', '/dev/null');
      // nginx evicts every ten seconds.
      for (let i = 0; i < 60 && (await used()) > 10; i++) await sleep(500);
      expect(await used()).toBeLessThanOrEqual(10);
      expect(await caches.states(1, urls.at(-1) as string, '--head')).toEqual(['HIT']);
      expect(await caches.states(1, urls[0] as string, '--head')).toEqual(['MISS']);
    });

    test('does not store oversized answers', async () => {
      const url = caches.fresh(89);
      const words = [...kept(MINUTE), ...asking({ Size: 5 * 2 ** 20 }), '--output', '/dev/null', '-D', '-'];
      const state = async () =>
        /^x-cache: (\w+)/im.exec((await caches.targets.nginx.curl('client', ...words, url)).stdout)?.[1];
      expect([await state(), await state()]).toEqual(['MISS', 'MISS']);
    });
  });

  describe('portway cache', () => {
    const portwayCache = async (...words: string[]) => {
      const result = await caches.targets.host.run('gateway', ['portway', 'cache', ...words]);
      // nginx keeps files open for up to a second.
      if (words[0] === 'purge') await sleep(1100);
      return result;
    };
    const fill = async (url: string, ...words: string[]) => {
      await caches.states(1, url, ...words, ...kept(MINUTE));
      expect(await caches.states(1, url, ...words)).toEqual(['HIT']);
    };

    test('shows the caches', async () => {
      await fill(caches.fresh());
      const { code, stdout } = await portwayCache();
      expect(code).toBe(0);
      expect(stdout).toMatch(/^web: [1-9]\d* answers, \d+\.\d MB$/m);
      expect(stdout).toMatch(/^secure: /m);
    });

    test('purges one URL with all its variants, and nothing else', async () => {
      const [url, other] = [caches.fresh(), caches.fresh()];
      const vary = [...kept(MINUTE, 'Vary: X-Language')];
      for (const language of ['de', 'fr']) await caches.get(url, '-H', `X-Language: ${language}`, ...vary);
      await fill(`${url}?x=1`);
      await fill(other);
      const { stdout } = await portwayCache('purge', url);
      expect(stdout).toBe('2 answers thrown away\n');
      for (const language of ['de', 'fr'])
        expect(await caches.states(1, url, '-H', `X-Language: ${language}`, ...vary)).toEqual(['MISS']);
      expect(await caches.states(1, `${url}?x=1`)).toEqual(['HIT']);
      expect(await caches.states(1, other)).toEqual(['HIT']);
      expect((await portwayCache('purge', `${url}/nothing`)).stdout).toBe('0 answers thrown away\n');
    });

    test('purges by host, port and scheme as clients write them', async () => {
      const path = caches.path();
      const host = ['-H', 'Host: A.example'];
      await fill(`http://${GATEWAY}:86${path}`, ...host);
      await fill(`https://${GATEWAY}${path}`);
      expect((await portwayCache('purge', `http://a.EXAMPLE${path}`)).stdout).toBe('1 answers thrown away\n');
      expect(await caches.states(1, `http://${GATEWAY}:86${path}`, ...host)).toEqual(['MISS']);
      expect((await portwayCache('purge', `http://${GATEWAY}${path}`)).stdout).toBe('0 answers thrown away\n');
      expect((await portwayCache('purge', `https://${GATEWAY}${path}`)).stdout).toBe('1 answers thrown away\n');
    });

    test('purges by the listed parameters only', async () => {
      const url = `http://${GATEWAY}:85/shop/a%20b${caches.path()}`;
      await fill(`${url}?page=1`);
      await fill(`${url}?page=2`);
      expect((await portwayCache('purge', `${url}?utm=3&page=1`)).stdout).toBe('1 answers thrown away\n');
      expect(await caches.states(1, `${url}?page=1`)).toEqual(['MISS']);
      expect(await caches.states(1, `${url}?page=2`)).toEqual(['HIT']);
    });

    test('purges by prefix, and everything', async () => {
      const [one, two, else_] = [caches.fresh(81), caches.fresh(81), caches.fresh(82)];
      for (const url of [`${one}/a`, `${one}/b?c`, two, else_]) await fill(url);
      expect((await portwayCache('purge', `${one}/*`)).stdout).toBe('2 answers thrown away\n');
      expect(await caches.states(1, two)).toEqual(['HIT']);
      expect((await portwayCache('purge', 'all')).stdout).toMatch(/^[1-9]\d* answers thrown away\n$/);
      expect([...(await caches.states(1, two)), ...(await caches.states(1, else_))]).toEqual(['MISS', 'MISS']);
      expect((await portwayCache()).stdout).toMatch(/^query: 0 answers/m);
    });

    test.each([['purge'], ['purge', 'www.example.com/x'], ['purge', ''], ['clear'], ['purge', 'all', 'all']])(
      'prints its usage: %s %s',
      async (...words) => {
        const { code, stderr } = await portwayCache(...words.filter((w) => w !== undefined));
        expect(code).toBe(1);
        expect(stderr).toMatch(/portway: must be all or an address|portway cache purge/);
      },
    );
  });

  test('no worker of nginx crashed', async () => {
    const log = await caches.targets.host.read('/var/log/portway/error.log');
    expect(log).not.toMatch(/\[(crit|emerg)\]|exited on signal/);
  });
});
