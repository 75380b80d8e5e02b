import { setTimeout as sleep } from 'node:timers/promises';
import { Forward } from '../../lib/forward/forward';
import { Tls } from '../../lib/forward/tls';
import { ADDRESS, DEBIAN, describeHost, STOP_NGINX, until } from './support/host';
import { NginxHost, type WebRequest } from './support/nginx';

jest.setTimeout(60_000);

const [BACKEND, GATEWAY] = [ADDRESS.backend.v4, ADDRESS.gateway.v4];
const to = `${BACKEND}:8080`;
const tls = Tls.selfSigned();
const hsts = { maxAgeDays: 30, includeSubDomains: true };
const VALUE = 'max-age=2592000; includeSubDomains';
const few = { denyFrom: [`${ADDRESS.client.v4}/32`] };

const HSTS = {
  all: Forward.https({
    listen: 443,
    tls,
    hsts,
    to,
    maintenance: true,
    routes: {
      '/moved': { redirectTo: 'https://b.example' },
      '/dead': { to: `${BACKEND}:9999` },
      '/own': { to, headers: { 'X-Own': 'yes' } },
      '/get': { to, methods: ['GET'] },
    },
  }),
  hosts: Forward.https({ listen: 444, tls, hsts: true, hosts: { 'a.example': { to, headers: { 'X-Own': 'a' } } }, to }),
  denied: Forward.https({ listen: 445, tls, hsts, to, ...few }),
  limited: Forward.https({ listen: 446, tls, hsts, to, ...few, limits: { requestsPerSecond: 100 } }),
  without: Forward.https({ listen: 447, tls, to }),
  plain: Forward.http({ listen: 80, to }),
};

describeHost('HTTPS', () => {
  let nginx: NginxHost;
  beforeAll(async () => {
    // The client uses Debian's curl, which speaks HTTP/3 in Debian 13.
    nginx = await NginxHost.start({ rooted: ['gateway', 'client'] });
    await nginx.web(8080, 'web');
  });
  afterAll(() => nginx?.stop());

  const heads = async (url: string, ...words: string[]): Promise<string> =>
    (await nginx.curl('client', '-o', '/dev/null', '-D', '-', ...words, url)).stdout;

  describe('HSTS', () => {
    beforeAll(() => nginx.run(HSTS));

    const said = async (url: string, ...words: string[]) =>
      [...(await heads(url, ...words)).matchAll(/^strict-transport-security: (.*)\r$/gim)].map((match) => match[1]);

    test.each([
      ['an answer', ':443/', '200'],
      ['a redirect', ':443/moved', '308'],
      ['an error of the gateway', ':443/dead', '502'],
      ['a path with headers of its own', ':443/own', '200'],
      ['a refusal', ':445/', '403'],
      ['a refusal behind limits', ':446/', '403'],
    ])('is sent once on %s', async (_, where, status) => {
      expect(await heads(`https://${GATEWAY}${where}`)).toMatch(new RegExp(`^HTTP/2 ${status}`));
      expect(await said(`https://${GATEWAY}${where}`)).toEqual([VALUE]);
    });

    test('is sent for a refused method, and for a malformed request', async () => {
      expect(await said(`https://${GATEWAY}/get`, '-X', 'POST')).toEqual([VALUE]);
      expect(await said(`https://${GATEWAY}/`, '--http1.1', '-H', 'Host: a b')).toEqual([VALUE]);
    });

    test("replaces the target's own header", async () => {
      const own = ['-H', 'X-Test-Header: Strict-Transport-Security: max-age=1'];
      expect(await said(`https://${GATEWAY}/`, ...own)).toEqual([VALUE]);
      expect(await said(`https://${GATEWAY}:447/`, ...own)).toEqual(['max-age=1']);
    });

    test('is sent for hosts with headers of their own; the default is a year', async () => {
      const host = ['--resolve', `a.example:444:${GATEWAY}`];
      expect(await heads('https://a.example:444/', ...host)).toMatch(/^x-own: a\r$/im);
      expect(await said('https://a.example:444/', ...host)).toEqual(['max-age=31536000']);
      expect(await said(`https://${GATEWAY}:444/`)).toEqual(['max-age=31536000']);
    });

    test('is never sent without TLS, not even for plain HTTP on a TLS port', async () => {
      expect(await heads(`http://${GATEWAY}:443/`)).toMatch(/^HTTP\/1.1 400/);
      expect(await said(`http://${GATEWAY}:443/`)).toEqual([]);
      expect(await said(`http://${GATEWAY}/`)).toEqual([]);
      expect(await said(`https://${GATEWAY}:447/`)).toEqual([]);
    });
  });

  // Debian 12's nginx has no HTTP/3; synth rejects it.
  (DEBIAN === 'debian-13' ? describe : describe.skip)('over QUIC (HTTP/3)', () => {
    const FORWARDS = {
      web: Forward.http({ listen: 80, to }),
      all: Forward.https({
        listen: 443,
        tls,
        to,
        http3: true,
        hsts,
        routes: { '/app/*': { to, stripPrefix: true }, '/few/*': { to, limits: { requestsPerSecond: 1, burst: 2 } } },
      }),
      hosts: Forward.https({ listen: 8443, tls, http3: true, hosts: { 'a.example': { to }, 'b.example': { to } } }),
      denied: Forward.https({ listen: 8444, tls, http3: true, to, ...few }),
      without: Forward.https({ listen: 8445, tls, to }),
    };
    beforeAll(async () => {
      await nginx.host.sh('gateway', `if [[ -s /run/nginx.pid ]]; then ${STOP_NGINX}; fi`);
      await nginx.run(FORWARDS);
    });

    const ask = (url: string, ...words: string[]) => nginx.curl('client', '--http3-only', ...words, url);
    const headers = (request: WebRequest) => Object.fromEntries(request.headers);
    const request = async (url: string, ...words: string[]): Promise<WebRequest> =>
      JSON.parse((await ask(url, ...words)).stdout);

    test.each(['v4', 'v6'] as const)(
      'answers a request, and tells the target everything, over IP%s',
      async (family) => {
        const host = family === 'v4' ? GATEWAY : `[${ADDRESS.gateway.v6}]`;
        const got = await request(`https://${host}/path?query`, '--data', 'a body', '-H', 'X-Forwarded-For: 6.6.6.6');
        expect(got).toMatchObject({ method: 'POST', path: '/path?query', body: 'a body' });
        expect(headers(got)).toMatchObject({
          host,
          'x-forwarded-host': host,
          'x-forwarded-for': ADDRESS.client[family],
          'x-forwarded-proto': 'https',
          'x-forwarded-port': '443',
        });
      },
    );

    test('keeps a non-default port in Host', async () => {
      for (const version of ['--http3-only', '--http2', '--http1.1']) {
        const words = [version, '--resolve', `*:8443:${GATEWAY}`];
        const { stdout } = await nginx.curl('client', ...words, 'https://b.example:8443/');
        expect(headers(JSON.parse(stdout)).host).toBe('b.example:8443');
      }
    });

    test('is advertised to clients over TCP and HTTP/3, and only by forwards that have it', async () => {
      for (const version of ['--http3-only', '--http2', '--http1.1'])
        expect(await heads(`https://${GATEWAY}/`, version)).toMatch(/^alt-svc: h3=":443"; ma=86400\r$/im);
      expect(await heads(`https://${GATEWAY}:8445/`)).not.toMatch(/alt-svc/i);
      expect(await heads(`http://${GATEWAY}/`)).not.toMatch(/alt-svc/i);
      // A client that remembers the advertisement switches by itself.
      const twice = ['--alt-svc', '/tmp/alt-svc', '-o', '/dev/null', '-w', '%{http_version} ', `https://${GATEWAY}/`];
      await nginx.curl('client', ...twice);
      expect((await nginx.curl('client', ...twice)).stdout).toBe('3 ');
    });

    test('applies headers, redirects, limits and allowFrom as over TCP', async () => {
      expect(await heads(`https://${GATEWAY}/`, '--http3-only')).toMatch(/^strict-transport-security: max-age/im);
      const away = ['--http3-only', '-H', `X-Test-Header: Location: http://${GATEWAY}/there`];
      expect(await heads(`https://${GATEWAY}/app/x`, ...away)).toMatch(
        new RegExp(`^location: https://${GATEWAY}/app/there\r$`, 'im'),
      );
      const statuses = await Promise.all(
        Array.from({ length: 15 }, () => heads(`https://${GATEWAY}/few/x`, '--http3-only')),
      );
      expect(statuses.join()).toMatch(/HTTP\/3 429/);
      expect(await heads(`https://${GATEWAY}:8444/`, '--http3-only')).toMatch(/^HTTP\/3 403/);
    });

    test('refuses the handshake for unknown names', async () => {
      const words = ['--resolve', `*:8443:${GATEWAY}`];
      expect((await ask('https://a.example:8443/', ...words)).code).toBe(0);
      expect((await ask('https://c.example:8443/', ...words)).code).not.toBe(0);
    });

    test('passes large bodies both ways', async () => {
      const size = 3_000_000;
      await nginx.host.sh('client', `head -c ${size} /dev/zero | tr '\\0' x >/tmp/large`);
      const got = await request(`https://${GATEWAY}/`, '--data-binary', '@/tmp/large');
      expect(got.body).toHaveLength(size);
    });

    test('is turned on and off by a reload', async () => {
      const without = { ...FORWARDS, all: Forward.https({ listen: 443, tls, to }) };
      for (const [forwards, code] of [
        [without, 'none'],
        [FORWARDS, '0'],
      ] as const) {
        await nginx.reload(forwards);
        await until(`HTTP/3 answers ${code}`, async () => {
          const got = await nginx.curl('client', '--http3-only', '--max-time', '1', `https://${GATEWAY}/`);
          return (got.code === 0 ? '0' : 'none') === code;
        });
      }
    });

    test('answers all clients once the workers from before a reload have exited', async () => {
      await nginx.host.sh('gateway', `${STOP_NGINX}; nginx`);
      await until('it runs', async () => (await ask(`https://${GATEWAY}/`)).code === 0);
      await nginx.renew();
      await until('the old workers have exited', async () => {
        const { code } = await nginx.host.run('gateway', ['pgrep', '-f', 'worker process is shutting down']);
        return code !== 0;
      });
      for (let i = 0; i < 20; i++) expect((await ask(`https://${GATEWAY}/`)).code).toBe(0);
    });

    // A limit of nginx, documented in docs/limits.md. If this test fails, the limit is gone: update the page.
    test('drops requests in progress at a reload', async () => {
      // Slow enough to be under way at the reload, and with more time than it would take.
      const slow = ['--limit-rate', '300K', '--max-time', '30', '--data-binary', '@/tmp/large'];
      const transfer = ask(`https://${GATEWAY}/`, ...slow);
      await sleep(1000);
      await nginx.host.sh('gateway', 'nginx -s reload');
      const timedOut = 28;
      expect([0, timedOut]).not.toContain((await transfer).code);
    });
  });
});
