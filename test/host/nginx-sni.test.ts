import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Forward } from '../../lib/forward/forward';
import { Tls } from '../../lib/forward/tls';
import { ADDRESS, describeHost, until } from './support/host';
import { NginxHost, STRANGER, type WebRequest } from './support/nginx';

jest.setTimeout(60_000);

const [BACKEND, GATEWAY] = [ADDRESS.backend.v4, ADDRESS.gateway.v4];
const CLIENT = ADDRESS.client.v4;
const accept = { from: [`${CLIENT}/32`] };
const tls = Tls.selfSigned();
/** A name of the maximum length, made of labels of the maximum length. */
const LONG = `${'x'.repeat(63)}.${'y'.repeat(63)}.${'z'.repeat(63)}.${'w'.repeat(61)}`;

/** Servers that end TLS themselves: their names and ports. */
const SERVERS = { first: 7001, second: 7002, third: 7003, told: 7004 } as const;
const at = (server: keyof typeof SERVERS) => `${BACKEND}:${SERVERS[server]}`;

const FORWARDS = {
  names: Forward.tls({
    listen: 443,
    hosts: {
      'first.example': { to: at('first') },
      '*.first.example': { to: at('second') },
      'deep.er.first.example': { to: at('third') },
      [LONG]: { to: at('third') },
      default: { to: at('second') },
    },
  }),
  rest: Forward.tls({ listen: 444, hosts: { 'first.example': { to: at('first') } }, to: at('second') }),
  several: Forward.tls({
    listen: 445,
    hosts: { 'a.example': { to: [at('first'), at('second')] }, 'b.example': { to: [at('third'), `${BACKEND}:9999`] } },
    failover: { maxFails: 1, connectTimeout: 1 },
  }),
  few: Forward.tls({ listen: 446, hosts: { 'a.example': { to: at('first') } }, allowFrom: [`${CLIENT}/32`] }),
  told: Forward.tls({ listen: 447, hosts: { 'a.example': { to: at('told') } }, proxyProtocol: { accept, send: true } }),
  limited: Forward.tls({ listen: 448, hosts: { 'a.example': { to: at('first') } }, limits: { openConnections: 2 } }),
  pass: Forward.tls({
    listen: 8443,
    hosts: { 'first.example': { to: at('first') }, '*.web.example': { to: at('second') } },
    denyFrom: [`${STRANGER.v4}/32`],
  }),
  secure: Forward.https({
    listen: 8443,
    tls,
    hosts: { 'mine.web.example': { to: `${BACKEND}:8081` } },
    to: `${BACKEND}:8080`,
    limits: { requestsPerSecond: 1, burst: 5 },
  }),
  'pass-told': Forward.tls({
    listen: 8444,
    hosts: { 'a.example': { to: at('told') } },
    proxyProtocol: { accept, send: true },
  }),
  'secure-told': Forward.https({ listen: 8444, to: `${BACKEND}:8080`, tls, proxyProtocol: { accept } }),
  'pass-closed': Forward.tls({ listen: 8445, hosts: { 'a.example': { to: at('first') } } }),
  'secure-closed': Forward.https({ listen: 8445, hosts: { 'b.example': { to: `${BACKEND}:8080` } }, tls }),
};

describeHost('TLS by name', () => {
  let nginx: NginxHost;
  const folder = mkdtempSync(join(tmpdir(), 'portway-tls-'));
  beforeAll(async () => {
    nginx = await NginxHost.start();
    const made =
      'openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj /CN=target -keyout - 2>/dev/null';
    const certificate = join(folder, 'target.pem');
    writeFileSync(certificate, await nginx.host.sh('gateway', made));
    for (const [name, port] of Object.entries(SERVERS)) {
      const proxy = name === 'told' ? ['proxy'] : [];
      await nginx.host.serve('backend', [
        'python3',
        `${__dirname}/support/tls.py`,
        `${port}`,
        name,
        certificate,
        ...proxy,
      ]);
    }
    await nginx.web(8080, 'web');
    await nginx.web(8081, 'mine');
    await nginx.run(FORWARDS);
  });
  afterAll(async () => {
    await nginx?.stop();
    rmSync(folder, { recursive: true });
  });

  const ask = (host: string, port: number, ...words: string[]) =>
    nginx.curl('client', '--resolve', `*:${port}:${GATEWAY}`, ...words, `https://${host}:${port}/`);
  /** The answer of a server that ends TLS itself, or of the application behind an HTTPS forward. */
  const told = async (host: string, port: number, ...words: string[]) =>
    JSON.parse((await ask(host, port, ...words)).stdout);
  /** Who answered, or how the connection ended. */
  const who = async (host: string, port: number, ...words: string[]): Promise<string> => {
    const { code, stdout } = await ask(host, port, ...words);
    if (code !== 0) return `curl ${code}`;
    return JSON.parse(stdout).server ?? JSON.parse(stdout).name;
  };
  /** The same through a proxy whose connection begins with the client's address. */
  const proxied = async (host: string, port: number, source: string = CLIENT) => {
    const script = nginx.host.support('client', 'tls_ask.py');
    return JSON.parse(
      await nginx.host.sh('client', `python3 ${script} ${GATEWAY} ${port} ${host} 192.0.2.7 ${source}`),
    );
  };
  const TOLD = expect.stringMatching(/^PROXY TCP4 192\.0\.2\.7 /);
  const headers = (request: WebRequest) => Object.fromEntries(request.headers);
  /** What curl reports for a refused handshake, and for a closed connection. */
  const [REFUSED, CLOSED] = ['curl 35', /curl (35|52|56)/];

  describe('alone on its port', () => {
    test.each([
      ['the name itself', 'first.example', 'first'],
      ['in upper case', 'FIRST.EXAMPLE', 'first'],
      ['below a star', 'www.first.example', 'second'],
      ['two labels below it', 'a.b.first.example', 'second'],
      ['a longer name below it', 'deep.er.first.example', 'third'],
      ['as long as can be', LONG, 'third'],
      ['a word of nginx', 'default', 'second'],
    ])('leads %s to its target', async (_, host, server) => {
      expect(await who(host, 443)).toBe(server);
    });

    test("passes TLS to the target, which sees the name and the gateway's address", async () => {
      expect(await told('first.example', 443)).toEqual({
        server: 'first',
        asked: 'first.example',
        seen: ADDRESS.inside.v4,
      });
      const { stdout } = await ask('first.example', 443, '-v', '--stderr', '-');
      expect(stdout).toMatch(/subject: CN=target/);
    });

    test.each(['1.2', '1.3'])('works with TLS %s over IPv6', async (version) => {
      const words = ['--resolve', `*:443:[${ADDRESS.gateway.v6}]`, `--tlsv${version}`, '--tls-max', version];
      expect(await who('first.example', 443, ...words)).toBe('first');
    });

    test('understands a ClientHello that arrives in pieces', async () => {
      const script = `
import socket, ssl
client = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT); client.check_hostname = False; client.verify_mode = ssl.CERT_NONE
answer, hello = ssl.MemoryBIO(), ssl.MemoryBIO()
tls = client.wrap_bio(answer, hello, server_hostname='first.example')
try: tls.do_handshake()
except ssl.SSLWantReadError: pass
import time
with socket.create_connection(('${GATEWAY}', 443)) as s:
    s.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    data = hello.read()
    for i in range(0, len(data), 40):
        s.send(data[i:i + 40]); time.sleep(0.01)
    answer.write(s.recv(65536))
    try: tls.do_handshake(); print('done')
    except ssl.SSLWantReadError: print('goes on')`;
      expect(await nginx.host.sh('client', `python3 -c "$(cat)"`, script)).toMatch(/done|goes on/);
    });

    test.each([
      ['a name that no host has', 'other.example'],
      ['the name that a star stands before', 'xfirst.example'],
    ])('refuses %s, as an HTTPS forward does', async (_, host) => {
      const { code, stderr } = await ask(host, 443, '-S');
      expect([`curl ${code}`, stderr]).toEqual([REFUSED, expect.stringMatching(/unrecognized name/)]);
    });

    test('refuses clients that send no name, or do not speak TLS', async () => {
      const before = await nginx.host.read('/var/log/portway/error.log');
      expect((await nginx.curl('client', `https://${GATEWAY}/`)).code).toBe(35);
      expect(await nginx.raw(443, 'GET / HTTP/1.0\r\n\r\n')).not.toContain('200');
      expect(await nginx.raw(443, 'SSH-2.0-x\r\n')).not.toContain('SSH');
      // Scanners could fill the log.
      const after = await nginx.host.read('/var/log/portway/error.log');
      expect(after.slice(before.length)).not.toMatch(/\[(error|crit)\]/);
    });

    test('sends other names to the default target, if there is one', async () => {
      expect(await who('first.example', 444)).toBe('first');
      expect(await who('other.example', 444)).toBe('second');
      const { stdout } = await nginx.curl('client', `https://${GATEWAY}:444/`);
      expect(JSON.parse(stdout)).toMatchObject({ server: 'second', asked: null });
    });

    test('shares connections between targets, and skips dead ones', async () => {
      const shares: Record<string, number> = {};
      for (let i = 0; i < 20; i++) {
        const server = await who('a.example', 445);
        shares[server] = (shares[server] ?? 0) + 1;
        expect(await who('b.example', 445)).toBe('third');
      }
      expect(shares).toEqual({ first: expect.closeTo(10, -1), second: expect.closeTo(10, -1) });
    });

    test('admits only allowed sources', async () => {
      expect(await who('a.example', 446)).toBe('first');
      expect(await who('a.example', 446, '--interface', STRANGER.v4)).toMatch(CLOSED);
    });

    test('accepts the PROXY protocol, and sends it to the target', async () => {
      expect(await proxied('a.example', 447)).toMatchObject({ proxy: TOLD });
      expect(await who('a.example', 447)).toMatch(CLOSED);
    });

    test('limits the open connections of a client', async () => {
      const hold = `exec 3<>/dev/tcp/${GATEWAY}/448 4<>/dev/tcp/${GATEWAY}/448; echo held; cat >/dev/null`;
      await nginx.host.serve('client', ['bash', '-c', hold]);
      expect(await who('a.example', 448)).toMatch(CLOSED);
      expect(await who('a.example', 448, '--interface', STRANGER.v4)).toBe('first');
    });

    test('logs the names', async () => {
      await ask('log.first.example', 443);
      await ask('un"known.example', 443);
      const entries = await nginx.log(443, 2, 'stream');
      expect(entries).toContainEqual(
        expect.objectContaining({ client: CLIENT, port: '443', name: 'log.first.example', target: at('second') }),
      );
    });
  });

  describe('on one port with an HTTPS forward', () => {
    test.each([
      ['its own name', 'first.example', 'first'],
      ['its own star', 'a.web.example', 'second'],
      ["a name of the HTTPS forward's below that star", 'mine.web.example', 'mine'],
      ['any other name', 'other.example', 'web'],
      ['no name', GATEWAY, 'web'],
    ])('routes %s', async (_, host, answer) => {
      expect(await who(host, 8443)).toBe(answer);
    });

    test.each(['1.2', '1.3'])(
      'ends TLS %s and HTTP/2 on the gateway for one forward, and at the target for the other',
      async (version) => {
        const words = [`--tlsv${version}`, '--tls-max', version, '-v', '--stderr', '-'];
        expect((await ask('first.example', 8443, ...words)).stdout).toMatch(/subject: CN=target/);
        const { stdout } = await ask('other.example', 8443, ...words, '--http2', '--interface', STRANGER.v4);
        expect(stdout).toMatch(/subject: CN=x[\s\S]*HTTP\/2 200/);
      },
    );

    test.each(['v4', 'v6'] as const)('shows the application the real client and port, over IP%s', async (family) => {
      const to = family === 'v4' ? GATEWAY : `[${ADDRESS.gateway.v6}]`;
      const got = headers(
        await told('other.example', 8443, '--resolve', `*:8443:${to}`, '-H', 'X-Forwarded-For: 6.6.6.6'),
      );
      expect(got).toMatchObject({
        'x-forwarded-for': ADDRESS.client[family],
        'x-real-ip': ADDRESS.client[family],
        'x-forwarded-port': '8443',
        'x-forwarded-proto': 'https',
        host: 'other.example:8443',
      });
    });

    test('keeps allowFrom and limits of the two forwards apart', async () => {
      const stranger = ['--interface', STRANGER.v4];
      expect(await who('first.example', 8443, ...stranger)).toMatch(CLOSED);
      expect(await who('other.example', 8443, ...stranger)).toBe('web');
      const statuses = async (host: string) => {
        const words = ['-o', '/dev/null', '-w', '%{http_code} '];
        return Promise.all(Array.from({ length: 12 }, async () => (await ask(host, 8443, ...words)).stdout));
      };
      expect(await statuses('other.example')).toContain('429 ');
      expect(await statuses('first.example')).toEqual(Array(12).fill('200 '));
    });

    test('logs real clients and the port', async () => {
      await ask('first.example', 8443);
      // Earlier tests used this port too, and nginx buffers lines for a second.
      const passed = await nginx.logged(8443, (e) => e.name === 'first.example' && e.client === CLIENT, 'stream');
      expect(passed).toMatchObject({ target: at('first') });
      // The previous test used up the client's rate, and only a sample of refused requests is logged.
      await until('an answer within the rate', async () => {
        const { stdout } = await ask(
          'other.example',
          8443,
          '-A',
          'for the log',
          '-o',
          '/dev/null',
          '-w',
          '%{http_code}',
        );
        return stdout === '200';
      });
      const web = await nginx.logged(8443, ({ agent }) => agent === 'for the log');
      expect(web).toMatchObject({ client: CLIENT, host: 'other.example' });
    });

    test('accepts the PROXY protocol for both forwards', async () => {
      expect(await proxied('a.example', 8444)).toMatchObject({ proxy: TOLD });
      expect(headers(await proxied('b.example', 8444))['x-forwarded-for']).toBe('192.0.2.7');
      // An untrusted proxy counts as the client itself.
      expect(headers(await proxied('b.example', 8444, STRANGER.v4))['x-forwarded-for']).toBe(STRANGER.v4);
    });

    test('keeps an HTTPS forward with only hosts closed to other names', async () => {
      expect([await who('a.example', 8445), await who('b.example', 8445)]).toEqual(['first', 'web']);
      expect(await who('c.example', 8445)).toBe(REFUSED);
    });
  });

  test("shares a forward's port after a reload, and unshares it after another", async () => {
    const alone = { secure: Forward.https({ listen: 8446, to: `${BACKEND}:8080`, tls }) };
    const shared = { ...alone, pass: Forward.tls({ listen: 8446, hosts: { 'first.example': { to: at('first') } } }) };
    for (const [forwards, answer] of [
      [alone, 'web'],
      [shared, 'first'],
      [alone, 'web'],
    ] as const) {
      await nginx.reload(forwards);
      await until(`${answer} answers`, async () => (await who('first.example', 8446)) === answer);
      // For some milliseconds, old workers still accept connections while the socket between the two forwards is gone:
      // limits.md.
      await until('web answers', async () => (await who('other.example', 8446)) === 'web');
    }
  });
});
