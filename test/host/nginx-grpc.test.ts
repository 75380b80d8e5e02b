import { Forward } from '../../lib/forward/forward';
import { Tls } from '../../lib/forward/tls';
import { ADDRESS, describeHost } from './support/host';
import { NginxHost, STRANGER } from './support/nginx';

jest.setTimeout(60_000);

const SERVER = `${ADDRESS.backend.v4}:9001`;
const DEAD = `${ADDRESS.backend.v4}:9009`;
const tls = Tls.selfSigned();
const grpc = { tls, protocol: 'grpc' } as const;

/** gRPC's codes. @see https://grpc.io/docs/guides/status-codes/ */
const CODE = { ok: 0, deadline: 4, denied: 7, exhausted: 8, unavailable: 14 } as const;

/** Metadata by which a client could tell the server another URL, host or client. */
const FORGED = [
  ...[
    'forwarded',
    'x-forwarded-for',
    'x-forwarded-proto',
    'x-forwarded-host',
    'x-forwarded-port',
    'x-forwarded-prefix',
  ],
  ...['x-real-ip', 'x-request-id', 'x-client-ip', 'x-original-url', 'x-http-method-override'],
];

interface Call {
  readonly method: 'Say' | 'Count' | 'Collect' | 'Chat';
  /** Words, or messages of this many bytes. */
  readonly messages: readonly (string | number)[];
  /** Seconds before each message except the first. */
  readonly pause?: number;
  readonly metadata?: Readonly<Record<string, string>>;
  readonly deadline?: number;
}

interface Told {
  readonly code: number;
  readonly details: string;
  readonly messages: readonly string[];
  readonly headers: Readonly<Record<string, string>>;
  readonly trailers: Readonly<Record<string, string>>;
}

describeHost('gRPC', () => {
  let nginx: NginxHost;
  beforeAll(async () => {
    nginx = await NginxHost.start({ rooted: ['gateway', 'client', 'backend'] });
    await nginx.host.serve('backend', ['python3', '-P', '/support/grpc_server.py', '9001', 'first']);
    await nginx.host.serve('backend', ['python3', '/support/web.py', '8080', 'web']);
    await nginx.run({
      calls: Forward.https({ listen: 443, to: SERVER, ...grpc }),
      streams: Forward.https({
        listen: 444,
        to: SERVER,
        ...grpc,
        streaming: true,
      }),
      dead: Forward.https({ listen: 445, to: DEAD, ...grpc }),
      shared: Forward.https({ listen: 446, to: [DEAD, SERVER], ...grpc }),
      small: Forward.https({ listen: 447, to: SERVER, ...grpc, maxBodyMiB: 1 }),
      slow: Forward.https({ listen: 448, to: SERVER, ...grpc, timeouts: { response: 1 } }),
      limited: Forward.https({ listen: 449, to: SERVER, ...grpc, limits: { requestsPerSecond: 1, burst: 1 } }),
      closed: Forward.https({ listen: 450, to: SERVER, ...grpc, allowFrom: [`${STRANGER.v4}/32`] }),
      mixed: Forward.https({
        listen: 451,
        to: `${ADDRESS.backend.v4}:8080`,
        tls,
        routes: { '/test.Echo/*': { to: SERVER, protocol: 'grpc', headers: { 'X-Own': 'yes' } } },
      }),
    });
    // Defaults that a test can outlast.
    const shorter = 'client_body_timeout 1s; grpc_read_timeout 1s; grpc_send_timeout 1s;';
    await nginx.host.sh('gateway', `sed -i 's/client_body_timeout 20s;/${shorter}/' /etc/nginx/nginx.conf`);
    await nginx.renew();
  });
  afterAll(() => nginx?.stop());

  const call = async (port: number, what: Call, address: string = ADDRESS.gateway.v4): Promise<Told> => {
    const script = '/support/grpc_client.py';
    // -P: in that folder there is a signal.py of our own.
    const words = ['python3', '-P', script, `${address}:${port}`, JSON.stringify(what)];
    const { stdout, stderr } = await nginx.host.run('client', words);
    if (stdout === '') throw new Error(stderr);
    return JSON.parse(stdout);
  };
  const say = { method: 'Say', messages: ['hello'] } as const;

  describe('calls', () => {
    test.each([ADDRESS.gateway.v4, `[${ADDRESS.gateway.v6}]`])(
      'unary calls, with metadata both ways (%s)',
      async (address) => {
        const forged = Object.fromEntries(FORGED.map((name) => [name, 'forged']));
        const told = await call(443, { ...say, metadata: { 'x-mine': 'a b', ...forged } }, address);
        expect(told).toMatchObject({ code: CODE.ok, details: '', trailers: { 'x-trailer': 'the end' } });
        expect(told.headers).toMatchObject({ 'x-header': 'the beginning', 'x-content-type-options': 'nosniff' });
        expect(told.headers).not.toHaveProperty('x-powered-by');
        const { name, length, metadata } = JSON.parse(told.messages[0] ?? '');
        expect([name, length]).toEqual(['first', 5]);
        expect(metadata).toMatchObject({ 'x-mine': 'a b', 'x-forwarded-proto': 'https' });
        expect(Object.values(metadata)).not.toContain('forged');
        expect(metadata.forwarded).toContain(`;host="x";proto=https`);
        expect(metadata['x-real-ip']).toBe(address.startsWith('[') ? ADDRESS.client.v6 : ADDRESS.client.v4);
      },
    );

    test("pass the server's status and message through", async () => {
      const told = await call(443, { ...say, metadata: { 'x-test-status': '9' } });
      expect(told).toMatchObject({ code: 9, details: 'as asked: caf\u00e9 100%', messages: [] });
    });

    test('server streaming, without buffering', async () => {
      const told = await call(443, {
        method: 'Count',
        messages: ['9'],
        metadata: { 'x-test-pause': '0.5' },
        deadline: 2,
      });
      expect(told.code).toBe(CODE.deadline);
      expect(told.messages[0]).toBe('0');
      expect(await call(443, { method: 'Count', messages: ['1000'] })).toMatchObject({
        code: CODE.ok,
        messages: { length: 1000 },
      });
    });

    test('client streaming', async () => {
      const told = await call(443, { method: 'Collect', messages: [1, 20_000, 0] });
      expect(JSON.parse(told.messages[0] ?? '')).toEqual({ messages: 3, bytes: 20_001 });
    });

    test('bidirectional streaming, each message answered before the next', async () => {
      const told = await call(443, { method: 'Chat', messages: ['a', 'b', 'c'], pause: 0.2 });
      expect(told).toMatchObject({ code: CODE.ok, messages: ['a', 'b', 'c'] });
    });

    test('on a path beside a web application', async () => {
      expect((await call(451, say)).code).toBe(CODE.ok);
      expect((await nginx.request(`https://${ADDRESS.gateway.v4}:451/test`)).name).toBe('web');
    });
  });

  describe('streams', () => {
    const quietClient = { method: 'Chat', messages: ['a', 'b'], pause: 2.5 } as const;
    const quietServer = { method: 'Count', messages: ['2'], metadata: { 'x-test-pause': '2.5' } } as const;

    test('survive silence on either side with `streaming`', async () => {
      const told = await Promise.all([call(444, quietClient), call(444, quietServer)]);
      expect(told[0]).toMatchObject({ code: CODE.ok, messages: ['a', 'b'] });
      expect(told[1]).toMatchObject({ code: CODE.ok, messages: ['0', '1'] });
    });

    test('end with the ordinary timeouts without it', async () => {
      const told = await Promise.all([call(443, quietClient), call(443, quietServer)]);
      expect(told.map(({ messages }) => messages)).toEqual([['a'], ['0']]);
      expect(told.map(({ code }) => code)).not.toContain(CODE.ok);
    });

    test('may have any total size', async () => {
      const told = await call(443, { method: 'Collect', messages: Array.from({ length: 27 }, () => 4_000_000) });
      expect(JSON.parse(told.messages[0] ?? '')).toEqual({ messages: 27, bytes: 108_000_000 });
    });
  });

  describe("the gateway's own answers are gRPC statuses", () => {
    test('no target: UNAVAILABLE', async () => {
      expect(await call(445, say)).toMatchObject({ code: CODE.unavailable, details: 'the gateway says 502' });
    });

    test('a dead target: another one answers', async () => {
      for (let i = 0; i < 4; i++) expect((await call(446, say)).code).toBe(CODE.ok);
    });

    test('a target that is too slow: UNAVAILABLE', async () => {
      expect((await call(448, { ...say, metadata: { 'x-test-pause': '3' } })).code).toBe(CODE.unavailable);
    });

    test("the client's deadline: ends the call", async () => {
      const told = await call(443, { ...say, metadata: { 'x-test-pause': '3' }, deadline: 0.5 });
      expect(told.code).toBe(CODE.deadline);
    });

    test('a message over maxBodyMiB: RESOURCE_EXHAUSTED', async () => {
      expect((await call(447, { method: 'Say', messages: [1_000_000] })).code).toBe(CODE.ok);
      expect((await call(447, { method: 'Say', messages: [1_100_000] })).code).toBe(CODE.exhausted);
    });

    test('too many calls: UNAVAILABLE, which clients try again', async () => {
      const codes = await Promise.all(Array.from({ length: 10 }, async () => (await call(449, say)).code));
      expect(codes.filter((code) => code === CODE.ok).length).toBeGreaterThanOrEqual(1);
      expect(codes.filter((code) => code === CODE.unavailable).length).toBeGreaterThanOrEqual(1);
    });

    test('a source that is not allowed: PERMISSION_DENIED', async () => {
      expect((await call(450, say)).code).toBe(CODE.denied);
    });
  });
});
