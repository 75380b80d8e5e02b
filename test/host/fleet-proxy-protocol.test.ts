import { Forward } from '../../lib/forward/forward';
import { Tls } from '../../lib/forward/tls';
import { ADDRESS, describeHost } from './support/host';
import { NginxHost, type WebRequest } from './support/nginx';

jest.setTimeout(60_000);

const BALANCER = '10.0.0.77';
const [REAL, DENIED] = ['192.0.2.7', '192.0.2.8'];
const GET = 'GET / HTTP/1.1\r\nHost: a.example\r\nConnection: close\r\n\r\n';
const SIGNATURE = Buffer.from('0d0a0d0a000d0a515549540a', 'hex');

/** How AWS's balancer begins a connection: version 2, with TLVs behind the addresses. */
function header(client: string, command = 1): Buffer {
  const address = (text: string) => Buffer.from(text.split('.').map(Number));
  const ports = Buffer.from([0x30, 0x39, 0, 80]);
  // CRC32c, which nginx does not look at, and AWS's own type with a VPC endpoint.
  const values = Buffer.concat([Buffer.from([3, 0, 4, 1, 2, 3, 4, 0xea, 0, 5, 1]), Buffer.from('vpce')]);
  const rest = Buffer.concat([address(client), address(ADDRESS.gateway.v4), ports, values]);
  return Buffer.concat([SIGNATURE, Buffer.from([0x20 | command, 0x11, rest.length >> 8, rest.length & 255]), rest]);
}

describeHost("the PROXY protocol of a fleet's balancer", () => {
  let nginx: NginxHost;
  beforeAll(async () => {
    nginx = await NginxHost.start();
    await nginx.web(8080, 'web');
    await nginx.host.serve('backend', ['python3', `${__dirname}/support/echo.py`, '9000']);
    await nginx.host.sh('client', `ip addr add ${BALANCER}/32 dev eth0`);
    await nginx.host.sh('gateway', `ip route add 10.0.0.0/24 via ${ADDRESS.client.v4}`);
    const proxyProtocol = { accept: 'balancer' } as const;
    const to = `${ADDRESS.backend.v4}:8080`;
    const denyFrom = [`${DENIED}/32`];
    await nginx.run(
      {
        web: Forward.http({ listen: 80, to, denyFrom, proxyProtocol, limits: { requestsPerSecond: 1, burst: 3 } }),
        secure: Forward.https({ listen: 443, to, proxyProtocol, tls: Tls.selfSigned() }),
        plain: Forward.tcp({
          listen: 90,
          to: `${ADDRESS.backend.v4}:9000`,
          denyFrom,
          proxyProtocol: { ...proxyProtocol, send: true },
        }),
      },
      undefined,
      undefined,
      { hosts: 4, balancer: [{ text: '10.0.0.0/24', family: 4 }] },
    );
  });
  afterAll(() => nginx?.stop());

  /** What comes back for bytes from an address of the client's host. */
  const send = async (port: number, source: string, bytes: Buffer) => {
    const script = `import socket,sys
s=socket.create_connection(("${ADDRESS.gateway.v4}",${port}),5,("${source}",0))
s.sendall(sys.stdin.buffer.read())
${port === 90 ? 's.shutdown(socket.SHUT_WR)' : ''}
try:
  while True:
    b=s.recv(65536)
    if not b: break
    sys.stdout.buffer.write(b)
except ConnectionResetError: pass`;
    return (await nginx.host.run('client', ['python3', '-c', script], bytes)).stdout;
  };
  const ask = (client: string, source = BALANCER) =>
    send(80, source, Buffer.concat([header(client), Buffer.from(GET)]));
  const told = (answer: string) =>
    Object.fromEntries((JSON.parse(answer.split('\r\n\r\n')[1] ?? '') as WebRequest).headers);

  test('names the client to targets, logs and sources', async () => {
    expect(told(await ask(REAL))).toMatchObject({ 'x-real-ip': REAL, 'x-forwarded-for': REAL });
    expect(await ask(DENIED)).toMatch(/^HTTP\/1.1 403 /);
    expect((await nginx.log(80, 2)).map((entry) => entry.client).sort()).toEqual([REAL, DENIED]);
  });

  test('limits the client, not the balancer', async () => {
    // All at once: on a busy machine each takes so long that the next one is allowed again.
    const asked = await Promise.all(Array.from({ length: 12 }, () => ask('192.0.2.9')));
    const answers = asked.map((answer) => answer.slice(9, 12));
    expect(answers.filter((status) => status === '200').length).toBeGreaterThan(2);
    expect(answers.filter((status) => status === '429').length).toBeGreaterThan(2);
    expect(new Set(answers)).toEqual(new Set(['200', '429']));
    expect(await ask('192.0.2.10')).toMatch(/^HTTP\/1.1 200 /);
  });

  test('counts from the balancer alone: others are who they are', async () => {
    expect(told(await ask(REAL, ADDRESS.client.v4))['x-real-ip']).toBe(ADDRESS.client.v4);
    expect(await ask(DENIED, ADDRESS.client.v4)).toMatch(/^HTTP\/1.1 200 /);
  });

  test('is required: without it nothing is answered', async () => {
    expect(await send(80, BALANCER, Buffer.from(GET))).toBe('');
    expect(await send(80, BALANCER, Buffer.concat([SIGNATURE, Buffer.from('nonsense'), Buffer.from(GET)]))).toBe('');
    expect(await send(443, BALANCER, Buffer.from(GET))).toBe('');
  });

  test('names the client of TCP too, and goes on to a target that asks for it', async () => {
    const through = (client: string) => send(90, BALANCER, Buffer.concat([header(client), Buffer.from('hello')]));
    expect(await through(REAL)).toMatch(new RegExp(`^PROXY TCP4 ${REAL} ${ADDRESS.gateway.v4} 12345 90\r\n`));
    expect(await through(DENIED)).toBe('');
  });
});
