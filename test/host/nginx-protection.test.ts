import { Forward } from '../../lib/forward/forward';
import { Tls } from '../../lib/forward/tls';
import { ADDRESS, describeHost } from './support/host';
import { NginxHost, STRANGER } from './support/nginx';

jest.setTimeout(60_000);

const GATEWAY = { v4: ADDRESS.gateway.v4, v6: `[${ADDRESS.gateway.v6}]` } as const;
const LOOPBACK = { v4: '127.0.0.1', v6: '[::1]' } as const;
const BACKEND = ADDRESS.backend.v4;
const TARGET = `${BACKEND}:8080`;
const FAMILIES = ['v4', 'v6'] as const;

/** Networks that contain both clients, and those of one client each. */
const BOTH = ['198.51.100.0/24', '2001:db8:100::/64'];
const CLIENT = [`${ADDRESS.client.v4}/32`, `${ADDRESS.client.v6}/128`];
/** A list of hundreds of networks, none of which is used here. */
const HUNDREDS = Array.from({ length: 500 }, (_, i) => `100.${64 + (i >> 7)}.${2 * (i % 128)}.0/24`);

const text = (stdout: string, name: string) =>
  stdout
    .split('\r\n')
    .filter((line) => line.toLowerCase().startsWith(`${name}: `))
    .map((line) => line.slice(name.length + 2));

describeHost('protection by nginx', () => {
  let nginx: NginxHost;
  beforeAll(async () => {
    nginx = await NginxHost.start();
    await nginx.web(8080, 'web');
    for (const protocol of ['tcp', 'udp'] as const) await nginx.host.app('backend', protocol, 9001);
    const to = TARGET;
    const denyFrom = [...HUNDREDS, ...CLIENT];
    await nginx.run({
      denied: Forward.http({ listen: 80, to, denyFrom }),
      'denied-redirect': Forward.http({ listen: 81, redirectTo: 'https', denyFrom }),
      'denied-tls': Forward.https({ listen: 443, to, denyFrom, tls: Tls.selfSigned() }),
      'deny-within': Forward.http({ listen: 82, to, allowFrom: BOTH, denyFrom: CLIENT }),
      'deny-around': Forward.http({ listen: 83, to, allowFrom: CLIENT, denyFrom: BOTH }),
      'tcp-denied': Forward.tcp({ listen: 90, to: `${BACKEND}:9001`, denyFrom }),
      'udp-denied': Forward.udp({ listen: 90, to: `${BACKEND}:9001`, denyFrom }),
      'tcp-deny-around': Forward.tcp({ listen: 91, to: `${BACKEND}:9001`, allowFrom: CLIENT, denyFrom: BOTH }),
      methods: Forward.http({
        listen: 84,
        to,
        methods: ['GET', 'POST'],
        routes: { '/read/*': { to, methods: ['GET'] }, '/old/*': { redirectTo: 'https' } },
      }),
      sizes: Forward.http({ listen: 85, to, maxBodyMiB: 1, routes: { '/upload/*': { to, maxBodyMiB: 2 } } }),
      headers: Forward.http({
        listen: 86,
        to,
        headers: { 'X-Frame-Options': 'DENY', 'Cache-Control': 'no-store; "quoted" \\' },
        hideHeaders: ['X-Version'],
        routes: {
          '/more/*': { to, headers: { 'x-frame-options': 'SAMEORIGIN', 'X-More': '{};#' } },
          '/dead/*': { to: `${BACKEND}:9999`, headers: { 'X-More': 'here' } },
          '/hidden/*': { to, hideHeaders: ['X-Other'] },
          '/old/*': { redirectTo: 'https' },
        },
      }),
      plain: Forward.http({ listen: 87, to }),
      slow: Forward.http({
        listen: 88,
        to,
        timeouts: { body: 1 },
        routes: { '/long/*': { to, timeouts: { body: 3 } } },
      }),
      'tcp-idle': Forward.tcp({ listen: 92, to: `${BACKEND}:8080`, idleTimeout: 1 }),
      'udp-one': Forward.udp({ listen: 93, to: `${BACKEND}:9001`, responses: 1, limits: { openConnections: 1 } }),
      'udp-many': Forward.udp({ listen: 94, to: `${BACKEND}:9001`, idleTimeout: 1, limits: { openConnections: 1 } }),
    });
  });
  afterAll(() => nginx?.stop());

  describe.each(FAMILIES)('denied sources over IP%s', (family) => {
    test.each([
      ['a proxy', 80, '200'],
      ['a redirect', 81, '308'],
      ['a network within the allowed one', 82, '200'],
    ] as const)('%s', async (_, port, answer) => {
      const url = `http://${GATEWAY[family]}:${port}/`;
      expect(await nginx.status('client', url, ADDRESS.client[family])).toBe('403');
      expect(await nginx.status('client', url, STRANGER[family])).toBe(answer);
      expect(await nginx.status('gateway', `http://${LOOPBACK[family]}:${port}/`)).toBe(answer);
    });

    test('even if the denied network contains the allowed one', async () => {
      const url = `http://${GATEWAY[family]}:83/`;
      expect(await nginx.status('client', url, ADDRESS.client[family])).toBe('403');
      expect(await nginx.status('client', url, STRANGER[family])).toBe('403');
      expect(await nginx.status('gateway', `http://${LOOPBACK[family]}:83/`)).toBe('200');
    });

    test('over TLS', async () => {
      expect(await nginx.status('client', `https://${GATEWAY[family]}/`, ADDRESS.client[family])).toBe('403');
      expect(await nginx.status('client', `https://${GATEWAY[family]}/`, STRANGER[family])).toBe('200');
    });

    test.each(['tcp', 'udp'] as const)('%s', async (protocol) => {
      const ask = async (port: number, address: string) =>
        (await nginx.host.ask('client', protocol, ADDRESS.gateway[family], port, { address })).name;
      expect(await ask(90, ADDRESS.client[family])).toMatch(/^none/);
      expect(await ask(90, STRANGER[family])).toBe('backend');
      const own = family === 'v4' ? '127.0.0.1' : '::1';
      expect((await nginx.host.ask('gateway', protocol, own, 90)).name).toBe('backend');
      if (protocol === 'udp') return;
      expect(await ask(91, ADDRESS.client[family])).toMatch(/^none/);
      expect(await ask(91, STRANGER[family])).toMatch(/^none/);
    });
  });

  describe('methods', () => {
    const ask = async (method: string, path = '/') => {
      const words = method === 'HEAD' ? ['-I'] : ['-i', '-X', method];
      const { stdout } = await nginx.curl('client', ...words, `http://${GATEWAY.v4}:84${path}`);
      return { status: stdout.split(' ')[1], allow: text(stdout, 'allow'), stdout };
    };

    test.each([
      ['GET', '200'],
      ['POST', '200'],
      // The application does not implement HEAD.
      ['HEAD', '501'],
    ])('%s reaches the application', async (method, status) => {
      expect((await ask(method)).status).toBe(status);
    });

    test.each([
      ['PUT', '/', 'GET, HEAD, POST'],
      ['DELETE', '/x', 'GET, HEAD, POST'],
      ['GETX', '/', 'GET, HEAD, POST'],
      ['POST', '/read/x', 'GET, HEAD'],
      ['PUT', '/old/x', 'GET, HEAD, POST'],
    ])('%s %s gets 405 with the allowed methods', async (method, path, allow) => {
      const answer = await ask(method, path);
      expect(answer).toMatchObject({ status: '405', allow: [allow] });
      expect(text(answer.stdout, 'x-request-id')).toHaveLength(1);
    });
  });

  describe('bodies', () => {
    const send = async (path: string, kib: number, ...words: string[]) => {
      const form = `-sg -o /dev/null -w '%{http_code}' --max-time 8 ${words.map((w) => `'${w}'`).join(' ')}`;
      const url = `http://${GATEWAY.v4}:85${path}`;
      return nginx.host.sh('client', `head -c ${kib * 1024} /dev/zero | curl ${form} --data-binary @- '${url}'`);
    };

    test.each([
      ['/', 1024, '200'],
      ['/', 1025, '413'],
      ['/upload/x', 2048, '200'],
      ['/upload/x', 2049, '413'],
    ])('%s: %i KiB: %s', async (path, kib, status) => {
      expect(await send(path, kib)).toBe(status);
    });

    test('of unknown length are limited too', async () => {
      expect(await send('/', 1025, '-H', 'Transfer-Encoding: chunked')).toBe('413');
    });
  });

  describe('headers', () => {
    const get = async (path: string, port: number, ...headers: string[]) => {
      const words = headers.flatMap((h) => ['-H', `X-Test-Header: ${h}`]);
      return (await nginx.curl('client', '-i', ...words, `http://${GATEWAY.v4}:${port}${path}`)).stdout;
    };

    test("are added to every answer, and replace the target's", async () => {
      const said = await get('/', 86, 'X-Frame-Options: ALLOWALL', 'X-Version: 1.2', 'X-Other: kept');
      expect(text(said, 'x-frame-options')).toEqual(['DENY']);
      expect(text(said, 'cache-control')).toEqual(['no-store; "quoted" \\']);
      expect(text(said, 'x-version')).toEqual([]);
      expect(text(said, 'x-other')).toEqual(['kept']);
      expect(text(await get('/old/x', 86), 'x-frame-options')).toEqual(['DENY']);
    });

    test('of a path are added to inherited ones, or replace them', async () => {
      const said = await get('/more/x', 86, 'X-Version: 1.2');
      expect(text(said, 'x-frame-options')).toEqual(['SAMEORIGIN']);
      expect(text(said, 'x-more')).toEqual(['{};#']);
      expect(text(said, 'cache-control')).toHaveLength(1);
      expect(text(said, 'x-version')).toEqual([]);
      const hidden = await get('/hidden/x', 86, 'X-Other: gone', 'X-Frame-Options: ALLOWALL', 'X-Powered-By: y');
      expect(text(hidden, 'x-other')).toEqual([]);
      expect(text(hidden, 'x-frame-options')).toEqual(['DENY']);
      expect(text(hidden, 'x-powered-by')).toEqual([]);
    });

    test("of a path are also on that path's errors", async () => {
      const { stdout } = await nginx.curl('client', '-i', `http://${GATEWAY.v4}:86/dead/x`);
      expect(stdout).toMatch(/^HTTP\/1.1 502 /);
      expect(text(stdout, 'x-more')).toEqual(['here']);
      expect(text(stdout, 'cache-control')).toHaveLength(1);
    });

    test.each([
      ['without headers of its own', '/', 87],
      ['with some', '/', 86],
      ['with some on a path', '/more/x', 86],
    ])('%s: hides headers that reveal the target, and adds the safe ones once', async (_, path, port) => {
      const said = await get(path, port, 'X-Powered-By: x', 'X-Content-Type-Options: nosniff', 'X-Request-ID: own');
      expect(text(said, 'x-powered-by')).toEqual([]);
      expect(text(said, 'server')).toEqual(['nginx']);
      expect(text(said, 'x-content-type-options')).toEqual(['nosniff']);
      expect(text(said, 'retry-after')).toEqual([]);
      const [id] = text(said, 'x-request-id');
      expect(id).toMatch(/^[0-9a-f]{32}$/);
      // The application got the same one.
      expect(said).toContain(`["x-request-id", "${id}"]`);
    });
  });

  describe('heads', () => {
    const head = (bytes: number) => ['-H', `X-Long: ${'x'.repeat(bytes)}`];

    test('of requests may have several lines of 16 KB', async () => {
      const status = async (...words: string[]) =>
        (await nginx.curl('client', '-o', '/dev/null', '-w', '%{http_code}', ...words, `http://${GATEWAY.v4}:87/`))
          .stdout;
      expect(await status(...head(16_000))).toBe('200');
      expect(await status(...head(16_000), ...head(16_000), ...head(16_000))).toBe('200');
      expect(await status(...head(16_500))).toBe('431');
      expect(await status(...Array.from({ length: 5 }, () => head(16_000)).flat())).toBe('431');
    });

    test('of answers may have 15 KB', async () => {
      const words = [
        '-H',
        `X-Test-Header: X-Long: ${'x'.repeat(7500)}`,
        '-H',
        `X-Test-Header: X-More: ${'x'.repeat(7500)}`,
      ];
      const { stdout } = await nginx.curl('client', '-I', '-X', 'GET', ...words, `http://${GATEWAY.v4}:87/`);
      expect(stdout).toMatch(/^HTTP\/1.1 200 /);
    });
  });

  describe('slow clients', () => {
    /** Sends a head, then a byte now and then for half a minute. Returns whether the gateway disconnects. */
    const trickle = async (port: number, head: string, drop: string) => {
      const script = `
import socket, time
s = socket.create_connection(("${GATEWAY.v4}", ${port}))
s.sendall(${JSON.stringify(head)}.encode())
s.settimeout(0.5)
end = time.time() + 30
try:
    while time.time() < end:
        try:
            if not s.recv(4096):
                break
        except TimeoutError:
            s.sendall(${JSON.stringify(drop)}.encode())
    else:
        print("goes on")
except OSError:
    pass
print("over")`;
      return (await nginx.host.sh('client', `python3 -c '${script}'`)).trim();
    };

    test('that send a head byte by byte are disconnected', async () => {
      expect(await trickle(88, 'GET / HTTP/1.1\r\nHost: x\r\nX-Slow: ', 'x')).toBe('over');
    });

    test.each(['/', '/long/'])('that pause within a body are disconnected (%s)', async (path) => {
      expect(await trickle(88, `POST ${path} HTTP/1.1\r\nHost: x\r\nContent-Length: 9999\r\n\r\nhalf`, '')).toBe(
        'over',
      );
    });
  });

  describe('sessions', () => {
    test('closes a silent TCP connection', async () => {
      const said = await nginx.host.sh(
        'client',
        `time -p timeout 10 bash -c 'exec 3<>/dev/tcp/${GATEWAY.v4}/92; cat <&3' 2>&1; echo "ended with $?"`,
      );
      expect(said).toContain('ended with 0');
    });

    test('forgets a UDP client after its answer, or after a timeout', async () => {
      const ask = async (port: number) => (await nginx.host.ask('client', 'udp', ADDRESS.gateway.v4, port)).name;
      expect([await ask(93), await ask(93), await ask(93)]).toEqual(['backend', 'backend', 'backend']);
      expect(await ask(94)).toBe('backend');
      expect(await ask(94)).toMatch(/^none/);
      // Sent after the first client had been forgotten.
      expect(await ask(94)).toBe('backend');
    });
  });
});
