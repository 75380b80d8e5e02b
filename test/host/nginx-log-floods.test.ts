import { setTimeout as sleep } from 'node:timers/promises';
import { Forward } from '../../lib/forward/forward';
import { Tls } from '../../lib/forward/tls';
import { ADDRESS, describeHost, until } from './support/host';
import { NginxHost } from './support/nginx';

jest.setTimeout(60_000);

const GATEWAY = ADDRESS.gateway.v4;
const BACKEND = ADDRESS.backend.v4;
const TARGET = `${BACKEND}:8080`;

/** The longest log line for one request. */
const MAX_LINE = 4096;

/** A target that does not speak HTTP. */
const NO_HTTP = `
import socket
server = socket.create_server(("", 8081))
print("ready", flush=True)
while True:
    connection, _ = server.accept()
    connection.recv(4096)
    connection.sendall(b"220 mail.example ESMTP\\r\\n")
    connection.close()
`;

describeHost('logs of hostile clients', () => {
  let nginx: NginxHost;
  beforeAll(async () => {
    nginx = await NginxHost.start();
    await nginx.web(8080, 'web');
    await nginx.host.serve('backend', ['python3', '-c', NO_HTTP]);
    await nginx.run({
      web: Forward.http({ listen: 80, to: TARGET }),
      secure: Forward.https({ listen: 443, to: TARGET, tls: Tls.selfSigned() }),
      redacted: Forward.http({ listen: 81, to: TARGET, logs: { redact: true } }),
      errors: Forward.http({ listen: 82, to: TARGET, logs: { level: 'errors' } }),
      mail: Forward.http({ listen: 83, to: `${BACKEND}:8081` }),
      denied: Forward.http({ listen: 84, to: TARGET, denyFrom: ['198.51.100.0/24'] }),
      named: Forward.http({ listen: 85, hosts: { 'a.example': { to: TARGET } } }),
      limited: Forward.http({ listen: 86, to: TARGET, limits: { requestsPerSecond: 1 } }),
      dead: Forward.http({ listen: 87, to: `${BACKEND}:9999` }),
      names: Forward.tls({ listen: 8443, hosts: { 'b.example': { to: `${BACKEND}:8443` } } }),
      datagrams: Forward.udp({ listen: 5353, to: `${BACKEND}:5353`, denyFrom: ['198.51.100.0/24'] }),
    });
  });
  afterAll(() => nginx?.stop());

  const get = (path: string, head: string) =>
    Buffer.from(`GET ${path} HTTP/1.1\r\nHost: t\r\n${head}Connection: close\r\n\r\n`, 'latin1');
  const long = 'x'.repeat(7000);
  const control = '\x01'.repeat(7000);
  const quotes = '"'.repeat(7000);
  const bytes = '\xff\x80\xc3'.repeat(2000);

  test.each([
    ['by default', 80],
    ['with redacted queries', 81],
    ['with errors only', 82],
  ])('are JSON in UTF-8, on lines of bounded length, %s', async (_, port) => {
    const requests = [
      get(`/${quotes}`, `User-Agent: ${control}\r\n`),
      get(`/?${long}`, `User-Agent: ${long}\r\n`),
      get(`/${bytes}`, `User-Agent: ${bytes}\r\n`),
      Buffer.from(`${'M'.repeat(7000)} / HTTP/1.1\r\nHost: ${'"'.repeat(7000)}\r\nConnection: close\r\n\r\n`),
      Buffer.from(`GET / HTTP/1.1\r\nHost: ${'\xfe'.repeat(6000)}\r\nConnection: close\r\n\r\n`, 'latin1'),
      Buffer.from(`GET / HTTP/1.1\r\nHost: t\r\nX-Long: ${long}${long}\r\n\r\n`),
      Buffer.from('GET /\r\n'),
      Buffer.from('\x00\xff\x16\x03\r\n\r\n', 'latin1'),
    ];
    const before = (await nginx.logLines('access')).length;
    for (const request of requests) await nginx.raw(port, request);
    const seen = (await nginx.log(port, port === 82 ? 3 : requests.length)).length;
    const lines = (await nginx.logLines('access')).slice(before);
    expect(lines.length).toBeGreaterThanOrEqual(seen);
    for (const line of lines) {
      expect(Buffer.byteLength(line)).toBeLessThan(MAX_LINE);
      expect(JSON.parse(line).status).toEqual(expect.any(Number));
    }
  });

  test('are bounded over HTTP/2 too', async () => {
    const words = ['--http2', '-H', `User-Agent: ${'\xff"'.repeat(1500)}`, '-H', `Host: ${'h'.repeat(3000)}`];
    const { stdout } = await nginx.curl('client', '-i', ...words, `https://${GATEWAY}/?${'"'.repeat(3000)}`);
    expect(stdout).toMatch(/^HTTP\/2 /);
    const [entry] = await nginx.log(443, 1);
    expect(entry).toMatchObject({ uri: expect.stringMatching(/"\.\.\.$/), host: expect.stringMatching(/h\.\.\.$/) });
    for (const line of await nginx.logLines('access')) expect(Buffer.byteLength(line)).toBeLessThan(MAX_LINE);
  });

  test('mark truncated values, and keep valid UTF-8', async () => {
    await nginx.raw(80, get('/caf\u00e9-\u20ac-\u{1f600}', '').toString('latin1'));
    const uri = '/ä-€-한-😀';
    await nginx.raw(80, `GET ${uri} HTTP/1.1\r\nHost: t\r\nUser-Agent: cut\r\nConnection: close\r\n\r\n`);
    await nginx.raw(80, get(`/${'a'.repeat(799)}`, `User-Agent: ${'b'.repeat(200)}\r\n`));
    await nginx.raw(80, get(`/${'a'.repeat(800)}`, `User-Agent: ${'b'.repeat(201)}\r\n`));
    await nginx.raw(80, get('/ok\xed\xa0\x80rest', 'User-Agent: \xc0\xafrest\r\n'));
    const entries = await nginx.log(80, 4);
    const found = (text: string) => entries.filter((e) => e.uri === text || e.agent === text);
    expect(found(uri)).toHaveLength(1);
    expect(found(`/${'a'.repeat(799)}`)).toMatchObject([{ agent: 'b'.repeat(200) }]);
    expect(found(`/${'a'.repeat(799)}...`)).toMatchObject([{ agent: `${'b'.repeat(200)}...` }]);
    expect(found('/ok...')).toMatchObject([{ agent: '...' }]);
  });

  test('have a numeric status if a target does not speak HTTP', async () => {
    await nginx.raw(83, get('/', ''));
    expect(await nginx.log(83, 1)).toMatchObject([{ status: 9, target: `${BACKEND}:8081` }]);
  });

  test('have bounded names for TLS passthrough', async () => {
    const script = `
import socket, struct
name = b"\\xff\\x01" * 2000
host = struct.pack("!HBH", len(name) + 3, 0, len(name)) + name
extension = struct.pack("!HH", 0, len(host)) + host
hello = b"\\x03\\x03" + bytes(32) + b"\\0" + b"\\0\\x02\\x13\\x01" + b"\\x01\\0" + struct.pack("!H", len(extension)) + extension
message = b"\\x01" + struct.pack("!I", len(hello))[1:] + hello
s = socket.create_connection(("${GATEWAY}", 8443), 5)
s.sendall(b"\\x16\\x03\\x01" + struct.pack("!H", len(message)) + message)
while s.recv(4096): pass`;
    await nginx.host.run('client', ['python3', '-c', script]);
    expect(await nginx.log(8443, 1, 'stream')).toMatchObject([{ name: '...' }]);
    for (const line of await nginx.logLines('stream')) expect(Buffer.byteLength(line)).toBeLessThan(MAX_LINE);
  });

  describe('in a flood', () => {
    /**
     * Sends a request `count` times, `burst` times per connection, and reads all answers. Opens all connections first: one
     * after the other would be no flood on a busy machine.
     */
    const flood = `
import socket, sys
address, port, count, burst = sys.argv[1], *map(int, sys.argv[2:5])
request = sys.stdin.buffer.read()
clients = [socket.create_connection((address, port), 5) for _ in range(count // burst)]
for s in clients:
    try:
        s.sendall(request * burst)
    except ConnectionError:
        pass
for s in clients:
    answers = b""
    try:
        while answers.count(b"HTTP/1.1 ") < burst:
            data = s.recv(1 << 20)
            if not data:
                break
            answers += data
    except ConnectionError:
        pass
    s.close()`;
    const COUNT = 3000;
    const send = (port: number, request: string, count = COUNT) =>
      nginx.host.sh(
        'client',
        `python3 -c '${flood}' ${GATEWAY} ${port} ${count} ${count === COUNT ? 500 : 1}`,
        request,
      );
    const size = async (port: number) =>
      (await nginx.logLines('access')).filter((line) => line.includes(`"port":"${port}"`)).length;
    const keep = 'GET /x HTTP/1.1\r\nHost: t\r\n\r\n';

    test.each([
      ['sources that are denied', 84, keep, COUNT],
      ['unknown names', 85, keep, 300],
      ['clients over their limit', 86, keep, COUNT],
      ['no target', 87, keep, COUNT],
      ['heads that are malformed', 80, 'GET /x HTTP/1.1\r\nHost: "\r\nHost: t\r\n\r\n', 300],
      ['heads that are too large', 80, `GET /x HTTP/1.1\r\nX: ${long}${long}\r\n\r\n`, 300],
      ['bodies that are too large', 81, 'POST /x HTTP/1.1\r\nHost: t\r\nContent-Length: 999999999999\r\n\r\n', 300],
    ])('%s are logged in full at first, then sampled', async (_, port, request, count) => {
      const before = await size(port);
      const begin = Date.now();
      await send(port, request, count);
      const seconds = Math.ceil((Date.now() - begin) / 1000);
      await sleep(1200);
      const lines = (await size(port)) - before;
      expect(lines).toBeGreaterThan(0);
      // 10 at once, 10 per second, and on average 1 % of the rest. Four times as many cannot happen by chance.
      expect(lines).toBeLessThan(11 + seconds * 10 + (count / 100) * 4 + 10);
      expect(lines).toBeLessThan(count / 2);
    });

    test('each sampled line has its weight', async () => {
      const all = (await nginx.log(86, 1)).filter((e) => e.status === 429);
      expect(all.length).toBeGreaterThan(0);
      expect(new Set(all.map((e) => e.sample))).toEqual(new Set([100]));
      expect(new Set((await nginx.log(84, 1)).map((e) => e.sample))).toEqual(new Set([1, 100]));
    });

    test('datagrams from denied sources are sampled from the start, and not logged as errors', async () => {
      const script = `import socket
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
for i in range(3000): s.sendto(b"x", ("${GATEWAY}", 5353))`;
      await nginx.host.sh('client', `python3 -c '${script}'`);
      await until('all are through', async () => {
        const { length } = (await nginx.logLines('stream')).filter((line) => line.includes('"port":"5353"'));
        return length > 0;
      });
      await sleep(500);
      expect((await nginx.log(5353, 1, 'stream')).length).toBeLessThan(120);
      expect(await nginx.host.read('/var/log/portway/error.log')).not.toContain('access forbidden');
    });
  });
});
