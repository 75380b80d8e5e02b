import { Forward } from '../../lib/forward/forward';
import { Tls } from '../../lib/forward/tls';
import { ADDRESS, describeHost } from './support/host';
import { NginxHost } from './support/nginx';

jest.setTimeout(60_000);

const GATEWAY = ADDRESS.gateway.v4;
const BACKEND = ADDRESS.backend.v4;
const SHOP = `${BACKEND}:8081`;
const API = `${BACKEND}:8082`;
const OTHER = `${BACKEND}:8083`;

describeHost('HTTP by host and by path', () => {
  let nginx: NginxHost;
  beforeAll(async () => {
    nginx = await NginxHost.start();
    await nginx.web(8081, 'shop');
    await nginx.web(8082, 'api');
    await nginx.web(8083, 'other');
    const sites = {
      hosts: {
        'shop.example': {
          to: SHOP,
          routes: {
            '/api/*': { to: API, stripPrefix: true },
            '/api/raw/*': { to: API },
            '/health': { to: OTHER },
            '/events': { to: OTHER, streaming: true },
            '/old/*': { redirectTo: 'https://archive.example' },
          },
        },
        '*.tenant.example': { to: OTHER },
        'paths.example': { routes: { '/only': { to: OTHER } } },
      },
    };
    await nginx.run({
      closed: Forward.http({ listen: 80, ...sites }),
      open: Forward.http({ listen: 81, ...sites, to: OTHER }),
      secure: Forward.https({ listen: 443, ...sites, tls: Tls.selfSigned() }),
      plain: Forward.https({ listen: 8443, to: API, tls: Tls.selfSigned() }),
    });
  });
  afterAll(() => nginx?.stop());

  const ask = (host: string, path: string, ...words: string[]) =>
    nginx.request(`http://${GATEWAY}${path}`, '-H', `Host: ${host}`, ...words);

  test.each([
    ['shop.example', '/', 'shop', '/'],
    ['SHOP.example', '/cart?x=%2F', 'shop', '/cart?x=%2F'],
    ['shop.example:80', '/', 'shop', '/'],
    ['shop.example', '/api/users?id=1', 'api', '/users?id=1'],
    ['shop.example', '/api/', 'api', '/'],
    ['shop.example', '/api/raw/users', 'api', '/api/raw/users'],
    ['shop.example', '/apiary', 'shop', '/apiary'],
    ['shop.example', '/health', 'other', '/health'],
    ['shop.example', '/health/deep', 'shop', '/health/deep'],
    // Python's server removes the second slash.
    ['shop.example', '//health', 'other', '/health'],
    ['a.tenant.example', '/', 'other', '/'],
    ['a.b.tenant.example', '/', 'other', '/'],
    ['paths.example', '/only', 'other', '/only'],
  ])('%s%s goes to %s as %s', async (host, path, name, seen) => {
    expect(await ask(host, path)).toMatchObject({ name, path: seen });
  });

  const status = async (url: string, ...words: string[]) =>
    (await nginx.curl('client', '-o', '/dev/null', '-w', '%{http_code} %{redirect_url}', url, ...words)).stdout;

  test('answers 404 for an unknown path, without asking a target', async () => {
    expect(await status(`http://${GATEWAY}/else`, '-H', 'Host: paths.example')).toBe('404 ');
  });

  test('redirects a path', async () => {
    expect(await status(`http://${GATEWAY}/old/a?b`, '-H', 'Host: shop.example')).toBe(
      '308 https://archive.example/old/a?b',
    );
  });

  test.each(['tenant.example', 'else.example', GATEWAY, 'shop.example.', ''])(
    'gives the name "%s" no answer unless the forward has one for it',
    async (host) => {
      // A trailing dot does not change the name.
      const known = host === 'shop.example.';
      expect(await status(`http://${GATEWAY}/`, '-H', `Host: ${host || 'x'}`)).toBe(known ? '200 ' : '000 ');
      expect(await ask(host || 'x', '/').catch(() => undefined)).toEqual(known ? expect.anything() : undefined);
      const { name } = await nginx.request(`http://${GATEWAY}:81/`, '-H', `Host: ${host || 'x'}`);
      expect(name).toBe(known ? 'shop' : 'other');
    },
  );

  test('refuses the TLS handshake for such a name', async () => {
    const at = (name: string) => ['--resolve', `${name}:443:${GATEWAY}`];
    expect((await nginx.request('https://shop.example/', ...at('shop.example'))).name).toBe('shop');
    const refused = await nginx.curl('client', '-v', 'https://else.example/', ...at('else.example'));
    expect(refused.stderr).toMatch(/unrecognized name|handshake failure/);
    // A known name in the handshake and an unknown one in the request: the request's name decides.
    const words = [...at('shop.example'), '-H', 'Host: else.example'];
    expect(await status('https://shop.example/', ...words)).toBe('000 ');
  });

  describe('below a prefix that is stripped', () => {
    const answer = async (...headers: string[]) => {
      const words = headers.flatMap((h) => ['-H', `X-Test-Header: ${h}`]);
      const { stdout } = await nginx.curl(
        'client',
        '-i',
        '-H',
        'Host: shop.example',
        ...words,
        `http://${GATEWAY}/api/x`,
      );
      return stdout.split('\r\n').filter((line) => /^(location|set-cookie): /i.test(line));
    };

    test.each([
      ['/login', '/api/login'],
      ['/api/login', '/api/login'],
      ['http://shop.example/login', 'http://shop.example/api/login'],
      ['http://shop.example/api/login', 'http://shop.example/api/login'],
      ['https://else.example/login', 'https://else.example/login'],
    ])('rewrites a redirect to %s as %s', async (said, seen) => {
      expect(await answer(`Location: ${said}`)).toEqual([`Location: ${seen}`]);
    });

    test('keeps cookies below the prefix', async () => {
      expect(await answer('Set-Cookie: a=1; Path=/', 'Set-Cookie: b=2; Path=/api/x', 'Set-Cookie: c=3')).toEqual([
        'Set-Cookie: a=1; Path=/api/',
        'Set-Cookie: b=2; Path=/api/x',
        'Set-Cookie: c=3',
      ]);
    });

    test('tells the target the prefix, and clients cannot forge it', async () => {
      const prefix = async (path: string) => {
        const { headers } = await ask(
          'shop.example',
          path,
          '-H',
          'X-Forwarded-Prefix: /forged',
          '-H',
          'X-Forwarded-Ssl: on',
        );
        return headers.filter(([name]) => /^x-forwarded-(prefix|ssl)$/.test(name));
      };
      expect(await prefix('/api/users')).toEqual([['x-forwarded-prefix', '/api']]);
      expect(await prefix('/cart')).toEqual([]);
    });

    test('cannot be left with dot segments', async () => {
      const { name, path } = await ask('shop.example', '/api/../health', '--path-as-is');
      expect({ name, path }).toEqual({ name: 'other', path: '/api/../health' });
      expect((await ask('shop.example', '/api/%2e%2e/cart', '--path-as-is')).name).toBe('shop');
    });
  });

  describe('an application that is unaware of TLS', () => {
    const answer = async (header: string) => {
      const { stdout } = await nginx.curl('client', '-i', '-H', `X-Test-Header: ${header}`, `https://${GATEWAY}:8443/`);
      return stdout.split('\r\n').find((line) => /^(location|set-cookie): /i.test(line));
    };

    test('has its redirects rewritten to the public scheme and host', async () => {
      expect(await answer(`Location: http://${GATEWAY}:8443/a?b`)).toMatch(
        new RegExp(`^location: https://${GATEWAY}:8443/a\\?b$`, 'i'),
      );
      expect(await answer('Location: /a')).toMatch(/^location: \/a$/i);
      expect(await answer('Location: http://else.example/a')).toMatch(/^location: http:\/\/else\.example\/a$/i);
    });

    test('has its cookies marked Secure', async () => {
      expect(await answer('Set-Cookie: a=1; Path=/; HttpOnly')).toMatch(
        /^set-cookie: a=1; path=\/; httponly; secure$/i,
      );
    });
  });

  test('passes events unbuffered', async () => {
    const words = ['-N', '-H', 'Host: shop.example', '-H', 'X-Test-Pieces: 3', `http://${GATEWAY}/events`];
    // The client reads each event separately, a second apart: buffered events would arrive together.
    const script = `curl -sg --max-time 8 ${words.map((w) => `'${w}'`).join(' ')} | python3 -uc '
import os, time
start = time.time()
while data := os.read(0, 4096):
    print(int(time.time() - start + 0.3), data)'`;
    const lines = (await nginx.host.sh('client', script)).trim().split('\n');
    expect(lines.map((line) => line.slice(0, 1))).toEqual(['0', '1', '2']);
  });
});
