import { Forward } from '../../lib/forward/forward';
import { Tls } from '../../lib/forward/tls';
import { ADDRESS, DEBIAN, describeHost, until } from './support/host';
import { NginxHost, STRANGER } from './support/nginx';

jest.setTimeout(60_000);

const GATEWAY = ADDRESS.gateway.v4;
const to = `${ADDRESS.backend.v4}:9001`;

const FORWARDS = {
  app: Forward.http({ listen: 80, to }),
  secure: Forward.https({ listen: 443, to, tls: Tls.selfSigned() }),
  own: Forward.http({
    listen: 81,
    to,
    targetKeepAlive: false,
    routes: { '/kept/*': { to, targetKeepAlive: true, stripPrefix: true } },
  }),
  tcp: Forward.tcp({ listen: 82, to }),
};

describeHost('logins that belong to a connection', () => {
  let nginx: NginxHost;
  beforeAll(async () => {
    nginx = await NginxHost.start();
    await nginx.host.serve('backend', ['python3', nginx.host.support('backend', 'login_app.py'), '9001']);
    await nginx.run(FORWARDS);
  });
  afterAll(() => nginx?.stop());

  /** The answers to a number of requests, each over its own connection, so that every nginx worker takes part. */
  const ask = (url: string, count: number, ...words: string[]) =>
    Promise.all(Array.from({ length: count }, async () => (await nginx.curl('client', ...words, url)).stdout));
  const stranger = async (url: string, ...words: string[]) =>
    (await ask(url, 20, '-w', '%{http_code}', '--interface', STRANGER.v4, ...words)).filter((text) => text !== '401');

  test('the stand-in mixes up users when they share a connection', async () => {
    const url = `http://${GATEWAY}:81/kept/`;
    await until('a stranger is served', async () => {
      await ask(`${url}login/alice`, 1);
      return (await stranger(url)).length > 0;
    });
  });

  test.each([
    ['Negotiate', `http://${GATEWAY}/`, []],
    ['negotiate', `http://${GATEWAY}/`, []],
    ['Nego2', `http://${GATEWAY}/`, []],
    ['Kerberos', `http://${GATEWAY}/`, []],
    ['CredSSP', `http://${GATEWAY}/`, []],
    ['Negotiate', `https://${GATEWAY}/`, ['--http2']],
    ['Negotiate', `https://${GATEWAY}/`, ['--http1.1']],
    // A handshake that is answered like any other request.
    ['Negotiate', `http://${GATEWAY}/`, ['-H', 'Upgrade: websocket', '-H', 'Connection: Upgrade']],
  ])('by %s, %s %j: served as the user, and nobody else is', async (scheme, url, words) => {
    const served = await ask(url, 8, '-H', `Authorization: ${scheme} user=alice`, ...words);
    expect(served.map((text) => text.split(' ')[0])).toEqual(Array(8).fill('alice'));
    expect(await stranger(url, ...words.filter((w) => w.startsWith('--')))).toEqual([]);
  });

  test('targets are asked to close only after such a login', async () => {
    const asked = async (...headers: string[]) => {
      const words = headers.flatMap((h) => ['-H', h]);
      const { stdout } = await nginx.curl('client', '-i', ...words, `http://${GATEWAY}/`);
      return /^x-asked-to: (.*)\r$/im.exec(stdout)?.[1];
    };
    const upgrade = ['Upgrade: websocket', 'Connection: Upgrade'];
    expect(await asked('Authorization: NTLM user=alice')).toBe('close');
    expect(await asked('Authorization: Negotiate x', ...upgrade)).toBe('close');
    expect(await asked(...upgrade)).toBe('upgrade');
    expect(await asked('Authorization: Basic x')).toBe('keep open');
    expect(await asked('Authorization: Bearer NTLM')).toBe('keep open');
  });

  test('NTLM fails over HTTP without mixing up users, and works through Forward.tcp', async () => {
    const handshake = async (port: number) => {
      const url = `http://${GATEWAY}:${port}/`;
      const next = ['--next', '-s', '-o', '/dev/null', '-w', '%{http_code} '];
      const words = ['-o', '/dev/null', '-w', '%{http_code} ', '-H', 'Authorization: NTLM hello', url];
      const second = [...next, '-H', 'Authorization: NTLM user=alice', url];
      return (await nginx.curl('client', ...words, ...second, ...next, url)).stdout.trim();
    };
    expect(await handshake(80)).toBe('401 401 401');
    expect(await handshake(82)).toBe('401 200 200');
    expect(await stranger(`http://${GATEWAY}:80/`)).toEqual([]);
    expect(await stranger(`http://${GATEWAY}:82/`)).toEqual([]);
  });

  describe('targetKeepAlive', () => {
    const connections = async (url: string) => {
      const urls = Array.from({ length: 10 }, () => url);
      const { stdout } = await nginx.curl('client', '-w', '\n', ...urls);
      return new Set(stdout.trim().split('\n')).size;
    };

    test('false: each request has its own connection, and is nobody else', async () => {
      expect(await connections(`http://${GATEWAY}:81/login/alice`)).toBe(10);
      expect(await stranger(`http://${GATEWAY}:81/`)).toEqual([]);
    });

    test('true: one connection carries them', async () => {
      const login = ['-H', 'Authorization: Bearer user=alice'];
      const urls = Array.from({ length: 10 }, () => `http://${GATEWAY}:81/kept/x`);
      const { stdout } = await nginx.curl('client', ...login, '-w', '\n', ...urls);
      expect(new Set(stdout.trim().split('\n')).size).toBe(1);
    });
  });

  describe('detection of such logins in answers', () => {
    const login = async (port: number) => (await nginx.log(port, 1)).at(-1)?.login;
    const asks = (port: number, ...values: string[]) =>
      nginx.status('client', `http://${GATEWAY}:${port}/asks?${values.map(encodeURIComponent).join('&')}`);

    test.each([
      ['NTLM', ['NTLM'], 'NTLM'],
      ['negotiate', ['negotiate'], 'negotiate'],
      ['a challenge with a token', ['NTLM TlRMTVNTUAACAAAA'], 'NTLM'],
      ['a list', ['Basic realm="a, b", Negotiate, NTLM'], 'NTLM'],
      ['several headers', ['Basic realm="x"', 'Negotiate'], DEBIAN === 'debian-12' ? '' : 'Negotiate'],
      ['Basic', ['Basic realm="x"'], ''],
      ['a realm that names it', ['Basic realm="a, NTLM, b"'], ''],
      ['another scheme with such a start', ['NTLMish'], ''],
    ])('%s', async (_, values, scheme) => {
      expect(await asks(80, ...values)).toBe('401');
      expect(await login(80)).toBe(scheme);
    });

    test('other requests lack the field, and forwards without shared connections have an empty one', async () => {
      await nginx.status('client', `http://${GATEWAY}/login/alice`);
      expect((await nginx.log(80, 1)).at(-1)).not.toHaveProperty('login');
      await asks(81, 'NTLM');
      expect(await login(81)).toBe('');
      const kept = `http://${GATEWAY}:81/kept/asks?NTLM`;
      expect(await nginx.status('client', kept)).toBe('401');
      expect(await login(81)).toBe('NTLM');
    });

    test('portway status warns for each forward, counts each answer once, and continues after a rotation', async () => {
      const count = async (name: string) => {
        const found = (await nginx.warnings(FORWARDS)).filter((w) => w.startsWith(`${name}: `));
        expect(found.length).toBeLessThan(2);
        return Number(/NTLM or Negotiate, .*: (\d+) answers since/.exec(found[0] ?? '')?.[1] ?? 0);
      };
      await nginx.host.sh('gateway', 'rm -f /var/lib/portway/findings.json; : >/var/log/portway/access.log');
      for (let i = 0; i < 3; i++) await asks(80, 'NTLM');
      await asks(81, 'NTLM');
      await asks(80, 'Basic realm="x"');
      expect(await count('app')).toBe(3);
      expect(await count('app')).toBe(3);
      expect(await count('own')).toBe(0);
      await nginx.host.sh('gateway', 'mv /var/log/portway/access.log /var/log/portway/access.log-1; nginx -s reopen');
      await asks(80, 'Negotiate');
      expect(await count('app')).toBe(4);
      const { stdout } = await nginx.host.run('gateway', ['/usr/local/bin/portway', 'status']);
      expect(stdout).toMatch(/^WARNING: app: targets ask for NTLM or Negotiate.* Set targetKeepAlive: false/m);
    });

    test('a warning ends a week after the last finding; a damaged state, and times in the future, are forgotten', async () => {
      const state = '/var/lib/portway/findings.json';
      const kept = async (last: number | string) => {
        await nginx.host.write(state, `{"read":{},"counts":[["share","app",7,0,${last}]]}`);
        return (await nginx.warnings(FORWARDS)).filter((w) => /^app: .*7 refused/.test(w)).length;
      };
      const now = Math.floor(Date.now() / 1000);
      const day = 86_400;
      expect(await kept(now - 6 * day)).toBe(1);
      expect(await kept(now - 8 * day)).toBe(0);
      expect(await kept(now + 8 * day)).toBe(0);
      expect(await kept('"x"')).toBe(0);
      await nginx.host.write(state, '{"read":');
      expect((await nginx.warnings(FORWARDS)).some((w) => w.startsWith('app: '))).toBe(true);
    });
  });
});
