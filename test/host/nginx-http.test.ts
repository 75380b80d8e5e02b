import { Forward } from '../../lib/forward/forward';
import { Tls } from '../../lib/forward/tls';
import { ADDRESS, describeHost } from './support/host';
import { NginxHost, STRANGER, type WebRequest } from './support/nginx';

jest.setTimeout(60_000);

const GATEWAY = ADDRESS.gateway.v4;
const TARGET = `${ADDRESS.backend.v4}:8080`;

describeHost('HTTP through nginx', () => {
  let nginx: NginxHost;
  beforeAll(async () => {
    nginx = await NginxHost.start();
    await nginx.web(8080, 'web');
    await nginx.host.app('backend', 'tcp', 9000);
    await nginx.run({
      web: Forward.http({ listen: 80, to: TARGET }),
      secure: Forward.https({ listen: 8443, to: TARGET, tls: Tls.selfSigned() }),
      logged: Forward.http({ listen: 81, to: TARGET }),
      few: Forward.http({ listen: 82, to: TARGET, allowFrom: ['192.0.2.0/24'] }),
      dead: Forward.http({ listen: 83, to: `${ADDRESS.backend.v4}:9999` }),
      raw: Forward.tcp({ listen: 84, to: `${ADDRESS.backend.v4}:9000` }),
      'raw-few': Forward.tcp({ listen: 85, to: `${ADDRESS.backend.v4}:9000`, allowFrom: ['192.0.2.0/24'] }),
    });
  });
  afterAll(() => nginx?.stop());

  /** All values of a header as the application received it. */
  const values = (request: WebRequest, name: string) => request.headers.filter(([n]) => n === name).map(([, v]) => v);

  describe('the application is told', () => {
    test('the client, and the requested URL', async () => {
      const request = await nginx.request(`http://${GATEWAY}/path?q=%20`, '-H', 'Host: app.example:80');
      expect(request.path).toBe('/path?q=%20');
      expect(values(request, 'host')).toEqual(['app.example:80']);
      expect(values(request, 'x-forwarded-for')).toEqual([ADDRESS.client.v4]);
      expect(values(request, 'x-real-ip')).toEqual([ADDRESS.client.v4]);
      expect(values(request, 'x-forwarded-proto')).toEqual(['http']);
      expect(values(request, 'x-forwarded-host')).toEqual(['app.example:80']);
      expect(values(request, 'x-forwarded-port')).toEqual(['80']);
      expect(values(request, 'forwarded')).toEqual([`for=${ADDRESS.client.v4};host="app.example:80";proto=http`]);
    });

    test('the same over TLS, HTTP/2 and IPv6', async () => {
      const at = `app.example:8443:[${ADDRESS.gateway.v6}]`;
      const request = await nginx.request('https://app.example:8443/', '--http2', '--resolve', at);
      expect(values(request, 'host')).toEqual(['app.example:8443']);
      expect(values(request, 'x-forwarded-for')).toEqual([ADDRESS.client.v6]);
      expect(values(request, 'x-forwarded-proto')).toEqual(['https']);
      expect(values(request, 'x-forwarded-host')).toEqual(['app.example:8443']);
      expect(values(request, 'x-forwarded-port')).toEqual(['8443']);
      expect(values(request, 'forwarded')).toEqual([
        `for="[${ADDRESS.client.v6}]";host="app.example:8443";proto=https`,
      ]);
    });

    test.each([
      ['http', 80],
      ['https', 8443],
    ])('nothing that an %s client forged', async (scheme, port) => {
      const names = ['For', 'Proto', 'Host', 'Port'].map((n) => `X-Forwarded-${n}`);
      const forged = ['Forwarded', 'X-Real-IP', 'X_Forwarded_For', 'x-forwarded-for', ...names];
      const request = await nginx.request(
        `${scheme}://${GATEWAY}:${port}/`,
        ...forged.flatMap((name) => ['-H', `${name}: forged`]),
        ...['-H', 'X-Own: kept'],
      );
      expect(JSON.stringify(request)).not.toContain('forged');
      expect(values(request, 'x-forwarded-for')).toEqual([ADDRESS.client.v4]);
      expect(values(request, 'x-own')).toEqual(['kept']);
    });
  });

  test("reuses a connection to the target for a client's next request", async () => {
    const { stdout } = await nginx.curl('client', `http://${GATEWAY}/1`, `http://${GATEWAY}/2`);
    const [first, second] = stdout
      .replace('}{', '}\n{')
      .split('\n')
      .map((line): WebRequest => JSON.parse(line));
    expect([first?.path, second?.path]).toEqual(['/1', '/2']);
    expect(second?.connection).toBe(first?.connection);
  });

  describe('an upgrade', () => {
    test.each([ADDRESS.gateway.v4, ADDRESS.gateway.v6])('to WebSocket passes both ways (%s)', async (address) => {
      const script = `${__dirname}/support/websocket.py`;
      const said = await nginx.host.sh('client', `python3 ${script} ${address} 80 one two`);
      expect(said).toBe('101\none\ntwo\n');
    });

    test('to anything else does not pass: a client could forge anything in a tunnel to the target', async () => {
      const upgrade = [
        '-H',
        'Connection: Upgrade, HTTP2-Settings',
        '-H',
        'Upgrade: h2c',
        '-H',
        'HTTP2-Settings: AAMAAABk',
      ];
      const request = await nginx.request(`http://${GATEWAY}/`, ...upgrade);
      expect(values(request, 'upgrade')).toEqual([]);
      expect(values(request, 'connection')).toEqual([]);
    });
  });

  test.each([
    ['--http2', 'h2', '2'],
    ['--http1.1', 'http/1.1', '1.1'],
  ])('TLS is spoken with %s', async (option, protocol, version) => {
    const form = ['-o', '/dev/null', '-v', '-w', '%{http_version} %{http_code}'];
    const { stdout, stderr } = await nginx.curl('client', option, ...form, `https://${GATEWAY}:8443/`);
    expect(stdout).toBe(`${version} 200`);
    expect(stderr).toContain(`server accepted ${protocol}`);
  });

  test.each([
    ['an answer of the target', 'http', 80, 200],
    ['an answer over TLS', 'https', 8443, 200],
    ['a refusal', 'http', 82, 403],
    ['a dead target', 'http', 83, 502],
    ['plain HTTP on the port of HTTPS', 'http', 8443, 400],
  ])("hides nginx's version in %s", async (_, scheme, port, status) => {
    const { stdout } = await nginx.curl('client', '-i', `${scheme}://${GATEWAY}:${port}/`);
    expect(stdout).toMatch(new RegExp(`^HTTP/\\S+ ${status}`));
    expect(stdout).toMatch(/^server: nginx\r$/im);
    expect(stdout).not.toMatch(/nginx\/|Python/);
  });

  describe('the access log', () => {
    test('has one object per line: client, status, target', async () => {
      await nginx.curl('client', '-A', 'an agent', '--interface', STRANGER.v6, `http://[${ADDRESS.gateway.v6}]:82/no`);
      await nginx.curl('client', '-A', 'an agent', `http://${GATEWAY}:83/dead?x`);
      const entries = [...(await nginx.log(82, 1)), ...(await nginx.log(83, 1))].filter((e) => e.agent === 'an agent');
      expect(entries).toMatchObject([
        { client: STRANGER.v6, method: 'GET', uri: '/no', status: 403, target: '' },
        { client: ADDRESS.client.v4, uri: '/dead?x', status: 502, target: `${ADDRESS.backend.v4}:9999` },
      ]);
      for (const { time } of entries) expect(Math.abs(Date.parse(`${time}`) - Date.now())).toBeLessThan(60_000);
    });

    test('stays parseable whatever clients send', async () => {
      const nasty = ['"', '\\', '\\"}', 'caf\u00e9 \u{1f600}', '\t\x1b[31m\x7f', '\',"status":999,\''];
      // nginx rejects paths with spaces or control bytes.
      const pathOf = (agent: string) => `/${agent.replaceAll(/[^!-~\u{80}-\u{10ffff}]/gu, '_')}`;
      for (const agent of nasty) {
        const head = `GET ${pathOf(agent)} HTTP/1.1\r\nHost: test\r\nConnection: close\r\nUser-Agent: ${agent}\r\n\r\n`;
        expect(await nginx.raw(81, head)).toMatch(/^HTTP\/1.1 200/);
      }
      const entries = await nginx.log(81, nasty.length);
      expect(entries.map((e) => e.agent).sort()).toEqual([...nasty].sort());
      for (const { uri, agent, status, target } of entries) {
        expect({ uri, status, target }).toEqual({ uri: pathOf(`${agent}`), status: 200, target: TARGET });
      }

      const broken = [
        Buffer.from('GET /\xff\xfe HTTP/1.1\r\nHost: t\r\nConnection: close\r\nUser-Agent: \xe9\xc3\r\n\r\n', 'latin1'),
        'GET /zero\r\n',
        'GET /without-host HTTP/1.0\r\n\r\n',
        '"{\\\r\n\r\n',
        Buffer.from('\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n', 'latin1'),
        'POST /half HTTP/1.1\r\nHost: t\r\nContent-Length: x\r\n\r\n',
      ];
      for (const bytes of broken) await nginx.raw(81, bytes);
      const all = await nginx.log(81, nasty.length + broken.length);
      expect(all).toHaveLength(nasty.length + broken.length);
      expect(all.slice(nasty.length).map((e) => e.status)).toEqual([200, 200, 200, 400, 400, 400]);
    });

    test('covers TCP: client, status and target', async () => {
      await nginx.host.ask('client', 'tcp', GATEWAY, 84);
      await nginx.host.ask('client', 'tcp', ADDRESS.gateway.v6, 85);
      const target = `${ADDRESS.backend.v4}:9000`;
      expect(await nginx.log(84, 1, 'stream')).toMatchObject([{ client: ADDRESS.client.v4, status: 200, target }]);
      expect(await nginx.log(85, 1, 'stream')).toMatchObject([{ client: ADDRESS.client.v6, status: 403, target: '' }]);
    });
  });
});
