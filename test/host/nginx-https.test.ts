import { setTimeout as sleep } from 'node:timers/promises';
import { Forward } from '../../lib/forward/forward';
import { Tls } from '../../lib/forward/tls';
import { ADDRESS, DEBIAN, describeHost, until } from './support/host';
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
    // The client has Debian's curl, which in 13 speaks HTTP/3.
    nginx = await NginxHost.start({ rooted: ['gateway', 'client'] });
    await nginx.web(8080, 'web');
  });
  afterAll(() => nginx?.stop());

  const heads = async (url: string, ...words: string[]): Promise<string> =>
    (await nginx.curl('client', '-o', '/dev/null', '-D', '-', ...words, url)).stdout;

  describe('that browsers are to keep to (HSTS)', () => {
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
    ])('%s says so, once', async (_, where, status) => {
      expect(await heads(`https://${GATEWAY}${where}`)).toMatch(new RegExp(`^HTTP/2 ${status}`));
      expect(await said(`https://${GATEWAY}${where}`)).toEqual([VALUE]);
    });

    test('so does a method that does not pass, and a request that is none', async () => {
      expect(await said(`https://${GATEWAY}/get`, '-X', 'POST')).toEqual([VALUE]);
      expect(await said(`https://${GATEWAY}/`, '--http1.1', '-H', 'Host: a b')).toEqual([VALUE]);
    });

    test('what a target says of it does not count', async () => {
      const own = ['-H', 'X-Test-Header: Strict-Transport-Security: max-age=1'];
      expect(await said(`https://${GATEWAY}/`, ...own)).toEqual([VALUE]);
      expect(await said(`https://${GATEWAY}:447/`, ...own)).toEqual(['max-age=1']);
    });

    test('hosts with headers of their own say it too; a year is the default', async () => {
      const host = ['--resolve', `a.example:444:${GATEWAY}`];
      expect(await heads('https://a.example:444/', ...host)).toMatch(/^x-own: a\r$/im);
      expect(await said('https://a.example:444/', ...host)).toEqual(['max-age=31536000']);
      expect(await said(`https://${GATEWAY}:444/`)).toEqual(['max-age=31536000']);
    });

    test('nothing says it without TLS, also on a port of TLS', async () => {
      expect(await heads(`http://${GATEWAY}:443/`)).toMatch(/^HTTP\/1.1 400/);
      expect(await said(`http://${GATEWAY}:443/`)).toEqual([]);
      expect(await said(`http://${GATEWAY}/`)).toEqual([]);
      expect(await said(`https://${GATEWAY}:447/`)).toEqual([]);
    });
  });

  // Debian 12's nginx has no HTTP/3, which synth tells.
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
      await nginx.host.sh('gateway', 'if [[ -s /run/nginx.pid ]]; then nginx -s stop; sleep 0.5; fi');
      await nginx.run(FORWARDS);
    });

    const ask = (url: string, ...words: string[]) => nginx.curl('client', '--http3-only', ...words, url);
    const headers = (request: WebRequest) => Object.fromEntries(request.headers);
    const request = async (url: string, ...words: string[]): Promise<WebRequest> =>
      JSON.parse((await ask(url, ...words)).stdout);

    test.each(['v4', 'v6'] as const)('a request is answered, and the target is told all, over IP%s', async (family) => {
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
    });

    test('a host has its port where that is not the usual one', async () => {
      for (const version of ['--http3-only', '--http2', '--http1.1']) {
        const words = [version, '--resolve', `*:8443:${GATEWAY}`];
        const { stdout } = await nginx.curl('client', ...words, 'https://b.example:8443/');
        expect(headers(JSON.parse(stdout)).host).toBe('b.example:8443');
      }
    });

    test('clients of TCP are told of it, and of HTTP/3 too; others are not', async () => {
      for (const version of ['--http3-only', '--http2', '--http1.1'])
        expect(await heads(`https://${GATEWAY}/`, version)).toMatch(/^alt-svc: h3=":443"; ma=86400\r$/im);
      expect(await heads(`https://${GATEWAY}:8445/`)).not.toMatch(/alt-svc/i);
      expect(await heads(`http://${GATEWAY}/`)).not.toMatch(/alt-svc/i);
      // What it is for: a client that remembers goes there by itself.
      const twice = ['--alt-svc', '/tmp/alt-svc', '-o', '/dev/null', '-w', '%{http_version} ', `https://${GATEWAY}/`];
      await nginx.curl('client', ...twice);
      expect((await nginx.curl('client', ...twice)).stdout).toBe('3 ');
    });

    test('headers, redirects, limits and sources hold as over TCP', async () => {
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

    test('names that no host has get no handshake', async () => {
      const words = ['--resolve', `*:8443:${GATEWAY}`];
      expect((await ask('https://a.example:8443/', ...words)).code).toBe(0);
      expect((await ask('https://c.example:8443/', ...words)).code).not.toBe(0);
    });

    test('large bodies come through both ways', async () => {
      const size = 3_000_000;
      await nginx.host.sh('client', `head -c ${size} /dev/zero | tr '\\0' x >/tmp/large`);
      const got = await request(`https://${GATEWAY}/`, '--data-binary', '@/tmp/large');
      expect(got.body).toHaveLength(size);
    });

    test('an HTTPS forward gets HTTP/3 by a reload, and loses it', async () => {
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

    test('when the workers before a reload are gone, all clients are answered', async () => {
      await nginx.host.sh('gateway', 'nginx -s stop; sleep 0.5; nginx');
      await until('it runs', async () => (await ask(`https://${GATEWAY}/`)).code === 0);
      await nginx.host.sh('gateway', 'nginx -s reload; sleep 0.2');
      await until('only new workers run', async () => {
        const { code } = await nginx.host.run('gateway', ['pgrep', '-f', 'worker process is shutting down']);
        return code !== 0;
      });
      for (let i = 0; i < 20; i++) expect((await ask(`https://${GATEWAY}/`)).code).toBe(0);
    });

    // A limit of nginx, told in docs/limits.md: should it ever be gone, so can be what the documents say.
    test('a reload ends what is on its way', async () => {
      const transfer = ask(`https://${GATEWAY}/`, '--limit-rate', '300K', '--data-binary', '@/tmp/large');
      await sleep(1000);
      await nginx.host.sh('gateway', 'nginx -s reload');
      expect((await transfer).code).not.toBe(0);
    });
  });
});
