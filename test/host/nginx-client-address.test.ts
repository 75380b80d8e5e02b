import { Forward } from '../../lib/forward/forward';
import { Tls } from '../../lib/forward/tls';
import { ADDRESS, describeHost } from './support/host';
import { NginxHost, STRANGER, type WebRequest } from './support/nginx';

jest.setTimeout(60_000);

const GATEWAY = ADDRESS.gateway.v4;
const TARGET = `${ADDRESS.backend.v4}:8080`;
/** The client plays a proxy, STRANGER a client that is not one. No host has the other addresses. */
const PROXY = ADDRESS.client.v4;
const [REAL, OTHER, FURTHER] = ['192.0.2.7', '192.0.2.8', '10.9.0.1'];

const trustedProxies = [`${PROXY}/32`, `${ADDRESS.client.v6}/128`, '10.9.0.0/16'];
const proxyProtocol = { accept: { from: [`${PROXY}/32`] } };

describeHost('the real client', () => {
  let nginx: NginxHost;
  beforeAll(async () => {
    nginx = await NginxHost.start();
    await nginx.web(8080, 'web');
    await nginx.host.serve('backend', ['python3', `${__dirname}/support/echo.py`, '9000']);
    const limits = { requestsPerSecond: 1, burst: 3 };
    const to = TARGET;
    await nginx.run({
      web: Forward.http({ listen: 80, to, trustedProxies, routes: { '/app/*': { to, stripPrefix: true } } }),
      secure: Forward.https({ listen: 443, to, trustedProxies, tls: Tls.selfSigned() }),
      trusting: Forward.http({ listen: 81, to }),
      limited: Forward.http({ listen: 82, to, trustedProxies, limits }),
      denied: Forward.http({ listen: 83, to, trustedProxies, denyFrom: [`${REAL}/32`] }),
      allowed: Forward.http({ listen: 84, redirectTo: 'https://x.example', trustedProxies, allowFrom: [`${REAL}/32`] }),
      balancer: Forward.http({ listen: 85, to, proxyProtocol, denyFrom: [`${OTHER}/32`] }),
      'balancer-tls': Forward.https({ listen: 86, to, proxyProtocol, tls: Tls.selfSigned() }),
      named: Forward.http({ listen: 87, hosts: { 'a.example': { to } }, proxyProtocol }),
      'tcp-in': Forward.tcp({ listen: 90, to: `${ADDRESS.backend.v4}:9000`, proxyProtocol, denyFrom: [`${OTHER}/32`] }),
      'tcp-out': Forward.tcp({ listen: 91, to: `${ADDRESS.backend.v4}:9000`, proxyProtocol: { send: true } }),
      'tcp-both': Forward.tcp({
        listen: 92,
        to: `${ADDRESS.backend.v4}:9000`,
        proxyProtocol: { ...proxyProtocol, send: true },
      }),
    });
  });
  afterAll(() => nginx?.stop());

  const headers = (request: WebRequest) => Object.fromEntries(request.headers);
  const told = (...values: string[]) => values.flatMap((value) => ['-H', `X-Forwarded-For: ${value}`]);

  describe('behind a trusted proxy', () => {
    test.each([
      ['one proxy', [REAL], REAL, `${REAL}, ${PROXY}`],
      ['two proxies', [`${REAL}, ${FURTHER}`], REAL, `${REAL}, ${FURTHER}, ${PROXY}`],
      ['without blanks', [`${REAL},${FURTHER}`], REAL, `${REAL},${FURTHER}, ${PROXY}`],
      ['in two headers', [REAL, FURTHER], REAL, `${REAL}, ${FURTHER}, ${PROXY}`],
      ['ignores addresses forged by the client', [`10.0.0.1, ${REAL}`], REAL, `${REAL}, ${PROXY}`],
      [
        'even one that looks like a proxy',
        [`${FURTHER}, 6.6.6.6, ${REAL}, ${FURTHER}`],
        REAL,
        `${REAL}, ${FURTHER}, ${PROXY}`,
      ],
      ['or like itself', [`${REAL}, 6.6.6.6, ${REAL}`], REAL, `${REAL}, ${PROXY}`],
      ['or that is a prefix of another', [`${REAL}0, ${REAL}`], REAL, `${REAL}, ${PROXY}`],
      ['or that is not an address', [`"; drop, ${REAL}`], REAL, `${REAL}, ${PROXY}`],
      ['with a port', [`${REAL}:4711`], REAL, `${REAL}, ${PROXY}`],
      ["the proxy's own request", [], PROXY, PROXY],
      ['nonsense alone', ['unknown'], PROXY, PROXY],
    ])('%s', async (_, values, client, chain) => {
      const got = headers(await nginx.request(`http://${GATEWAY}/x`, ...told(...values)));
      expect(got).toMatchObject({
        'x-real-ip': client,
        forwarded: `for=${client};host="${GATEWAY}";proto=http`,
        'x-forwarded-for': chain,
      });
    });

    test('reads IPv6 addresses of clients and proxies', async () => {
      const got = headers(await nginx.request(`http://[${ADDRESS.gateway.v6}]/`, ...told('2001:db8:7::7')));
      expect(got).toMatchObject({
        'x-real-ip': '2001:db8:7::7',
        forwarded: `for="[2001:db8:7::7]";host="[${ADDRESS.gateway.v6}]";proto=http`,
        'x-forwarded-for': `2001:db8:7::7, ${ADDRESS.client.v6}`,
      });
    });

    test('reads the client address over TLS and HTTP/2', async () => {
      expect(headers(await nginx.request(`https://${GATEWAY}/`, '--http2', ...told(REAL)))['x-real-ip']).toBe(REAL);
    });

    test('takes scheme, port and request id from the proxy', async () => {
      const words = [...told(REAL), ...['Proto: https', 'Port: 8443'].flatMap((w) => ['-H', `X-Forwarded-${w}`])];
      const got = headers(await nginx.request(`http://${GATEWAY}/`, ...words, '-H', 'X-Request-ID: from-the-proxy'));
      expect(got).toMatchObject({
        'x-forwarded-proto': 'https',
        'x-forwarded-port': '8443',
        'x-request-id': 'from-the-proxy',
        forwarded: `for=${REAL};host="${GATEWAY}:8443";proto=https`,
      });
    });

    test('ignores an invalid scheme, port or request id', async () => {
      const nonsense = ['X-Forwarded-Proto: gopher', 'X-Forwarded-Port: 80; x', 'X-Request-ID: a b"}'];
      const got = headers(
        await nginx.request(`http://${GATEWAY}/`, ...told(REAL), ...nonsense.flatMap((w) => ['-H', w])),
      );
      expect(got).toMatchObject({ 'x-forwarded-proto': 'http', 'x-forwarded-port': '80' });
      expect(got['x-request-id']).toMatch(/^[0-9a-f]{32}$/);
    });

    test.each([
      ['/', '/a'],
      ['/app/x', '/app/a'],
    ])("rewrites redirects of a TLS-unaware application to the proxy's scheme (%s)", async (path, to) => {
      const words = ['-H', 'X-Forwarded-Proto: https', '-H', `X-Test-Header: Location: http://${GATEWAY}/a`];
      const { stdout } = await nginx.curl('client', '-i', ...told(REAL), ...words, `http://${GATEWAY}${path}`);
      expect(stdout).toMatch(new RegExp(`^location: https://${GATEWAY}${to}\r$`, 'im'));
    });

    test('logs the real client', async () => {
      await nginx.curl('client', ...told(REAL), '-A', 'for the log', `http://${GATEWAY}/`);
      const entries = (await nginx.log(80, 1)).filter((e) => e.agent === 'for the log');
      expect(entries.map((e) => e.client)).toEqual([REAL]);
    });

    test('limits the real client', async () => {
      const ask = (client: string) =>
        nginx.curl('client', ...told(client), '-o', '/dev/null', '-w', '%{http_code}', `http://${GATEWAY}:82/`);
      const statuses = [];
      for (let i = 0; i < 8; i++) statuses.push((await ask(REAL)).stdout);
      expect(statuses).toContain('429');
      expect((await ask(OTHER)).stdout).toBe('200');
    });

    test('checks allowFrom against the real client, before redirects too', async () => {
      const status = async (port: number, client: string) =>
        (
          await nginx.curl(
            'client',
            ...told(client),
            '-o',
            '/dev/null',
            '-w',
            '%{http_code}',
            `http://${GATEWAY}:${port}/`,
          )
        ).stdout;
      expect([await status(83, REAL), await status(83, OTHER)]).toEqual(['403', '200']);
      expect([await status(84, REAL), await status(84, OTHER)]).toEqual(['308', '403']);
    });
  });

  describe.each([
    ['an untrusted proxy', 80, STRANGER.v4],
    ['a client of a forward without trusted proxies', 81, PROXY],
  ])('%s', (_, port, source) => {
    test('cannot set the client address', async () => {
      const claims = ['For: 192.0.2.7', 'Proto: https', 'Port: 443'].map((w) => `X-Forwarded-${w}`);
      const words = [...claims, 'X-Request-ID: forged', 'Forwarded: for=192.0.2.7'].flatMap((w) => ['-H', w]);
      const request = await nginx.request(`http://${GATEWAY}:${port}/`, '--interface', source, ...words);
      expect(headers(request)).toMatchObject({
        'x-real-ip': source,
        'x-forwarded-for': source,
        'x-forwarded-proto': 'http',
        'x-forwarded-port': `${port}`,
        forwarded: `for=${source};host="${GATEWAY}${port === 80 ? '' : `:${port}`}";proto=http`,
        'x-request-id': expect.stringMatching(/^[0-9a-f]{32}$/),
      });
    });
  });

  describe('by the PROXY protocol', () => {
    const GET = 'GET / HTTP/1.1\r\nHost: a.example\r\nX-Forwarded-For: 6.6.6.6\r\nConnection: close\r\n\r\n';
    const first = (client: string) => `PROXY TCP4 ${client} ${GATEWAY} 4711 80\r\n`;
    /** Version 2: signature, PROXY over TCP and IPv4, both addresses and ports. */
    const second = (client: string) =>
      Buffer.from([
        ...[0x0d, 0x0a, 0x0d, 0x0a, 0x00, 0x0d, 0x0a, 0x51, 0x55, 0x49, 0x54, 0x0a, 0x21, 0x11, 0, 12],
        ...client.split('.').map(Number),
        ...GATEWAY.split('.').map(Number),
        ...[0x12, 0x67, 0, 80],
      ]);
    const application = (answer: string) => headers(JSON.parse(answer.split('\r\n\r\n')[1] ?? '') as WebRequest);

    test.each([
      ['version 1', first],
      ['version 2', second],
    ])('takes the client from %s, and still ignores headers', async (_, head) => {
      const answer = await nginx.raw(85, Buffer.concat([Buffer.from(head(REAL)), Buffer.from(GET)]));
      expect(application(answer)).toMatchObject({ 'x-real-ip': REAL, 'x-forwarded-for': REAL });
      expect(await nginx.raw(85, Buffer.concat([Buffer.from(head(OTHER)), Buffer.from(GET)]))).toMatch(
        /^HTTP\/1.1 403/,
      );
    });

    test('does not answer connections without it, with or without TLS', async () => {
      expect(await nginx.raw(85, GET)).toBe('');
      expect((await nginx.curl('client', `https://${GATEWAY}:86/`)).code).not.toBe(0);
      expect((await nginx.curl('client', '--haproxy-protocol', `https://${GATEWAY}:86/`)).code).toBe(0);
    });

    test('works for every host', async () => {
      expect(application(await nginx.raw(87, first(REAL) + GET))).toMatchObject({ 'x-real-ip': REAL });
      expect(await nginx.raw(87, first(REAL) + GET.replace('a.example', 'b.example'))).toBe('');
    });

    test("uses the peer's own address if the peer is not trusted", async () => {
      const words = ['--haproxy-protocol', '--interface', STRANGER.v4];
      const { stdout } = await nginx.curl('client', ...words, `http://${GATEWAY}:85/`);
      expect(headers(JSON.parse(stdout))['x-real-ip']).toBe(STRANGER.v4);
    });

    test('TCP: uses the client for allowFrom and the log, and passes the data unchanged', async () => {
      expect(await nginx.raw(90, `${first(REAL)}hello`)).toBe('hello');
      expect(await nginx.raw(90, `${first(OTHER)}hello`)).toBe('');
      // Each worker buffers its own log lines.
      expect((await nginx.log(90, 2, 'stream')).map((e) => [e.client, e.status]).sort()).toEqual([
        [REAL, 200],
        [OTHER, 403],
      ]);
    });

    test("TCP: tells a target the client's address", async () => {
      expect(await nginx.raw(91, 'hello')).toMatch(new RegExp(`^PROXY TCP4 ${PROXY} ${GATEWAY} \\d+ 91\r\n`));
      expect(await nginx.raw(92, `${first(REAL)}hello`)).toMatch(new RegExp(`^PROXY TCP4 ${REAL} .*\r\n`));
    });
  });
});
