import { Forward } from '../../lib/forward/forward';
import { Tls } from '../../lib/forward/tls';
import { ADDRESS, describeHost, until } from './support/host';
import { NginxHost, STRANGER } from './support/nginx';

jest.setTimeout(60_000);

const GATEWAY = ADDRESS.gateway.v4;
const to = `${ADDRESS.backend.v4}:9001`;

describeHost('applications that know a user by the connection', () => {
  let nginx: NginxHost;
  beforeAll(async () => {
    nginx = await NginxHost.start();
    await nginx.host.serve('backend', ['python3', nginx.host.support('backend', 'login_app.py'), '9001']);
    await nginx.run({
      app: Forward.http({ listen: 80, to }),
      secure: Forward.https({ listen: 443, to, tls: Tls.selfSigned() }),
      own: Forward.http({
        listen: 81,
        to,
        targetKeepAlive: false,
        routes: { '/kept/*': { to, targetKeepAlive: true, stripPrefix: true } },
      }),
      tcp: Forward.tcp({ listen: 82, to }),
    });
  });
  afterAll(() => nginx?.stop());

  /** The answers to a number of requests, each over a connection of its own, so that every worker of nginx takes part. */
  const ask = (url: string, count: number, ...words: string[]) =>
    Promise.all(Array.from({ length: count }, async () => (await nginx.curl('client', ...words, url)).stdout));
  const stranger = async (url: string, ...words: string[]) =>
    (await ask(url, 20, '-w', '%{http_code}', '--interface', STRANGER.v4, ...words)).filter((text) => text !== '401');

  test('the stand-in does mix users up where a connection is shared', async () => {
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

  test('targets are asked to close after such a login alone', async () => {
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

  test('NTLM itself does not get through HTTP, and mixes nobody up; through Forward.tcp it works', async () => {
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

    test('false: each request has a connection of its own, and is nobody else', async () => {
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
});
