import { isIPv6 } from 'node:net';
import { Forward } from '../../lib/forward/forward';
import { Tls } from '../../lib/forward/tls';
import { ADDRESS, describeHost } from './support/host';
import { NginxHost, type WebRequest } from './support/nginx';

jest.setTimeout(60_000);

const BALANCER = '10.0.0.77';
const [REAL, DENIED] = ['192.0.2.7', '192.0.2.8'];
/** Clients of the balancer's IPv6 addresses: two of one /64, one of another. */
const [REAL6, SIBLING6, DENIED6, OTHER6] = ['2001:db8:7::1', '2001:db8:7::2', '2001:db8:8::1', '2001:db8:9::1'];
const GET = 'GET / HTTP/1.1\r\nHost: a.example\r\nConnection: close\r\n\r\n';
const SIGNATURE = Buffer.from('0d0a0d0a000d0a515549540a', 'hex');

/** How AWS's balancer begins a connection: version 2, with TLVs behind the addresses. A client by IPv6 came to an IPv6 address of its own. */
function header(client: string, command = 1): Buffer {
  const [bytes, to] = isIPv6(client) ? [ipv6Bytes, '2001:db8:77::b'] : [ipv4Bytes, ADDRESS.gateway.v4];
  const ports = Buffer.from([0x30, 0x39, 0, 80]);
  // CRC32c, which nginx does not look at, and AWS's own type with a VPC endpoint.
  const values = Buffer.concat([Buffer.from([3, 0, 4, 1, 2, 3, 4, 0xea, 0, 5, 1]), Buffer.from('vpce')]);
  const rest = Buffer.concat([bytes(client), bytes(to), ports, values]);
  const family = isIPv6(client) ? 0x21 : 0x11;
  return Buffer.concat([SIGNATURE, Buffer.from([0x20 | command, family, rest.length >> 8, rest.length & 255]), rest]);
}

function ipv4Bytes(text: string): Buffer {
  return Buffer.from(text.split('.').map(Number));
}

/** Of an address whose zeros are left out in one place. */
function ipv6Bytes(text: string): Buffer {
  const [head = [], tail = []] = text.split('::').map((half) => half.split(':'));
  const zeros = Array.from({ length: 8 - head.length - tail.length }, () => '0');
  return Buffer.from([...head, ...zeros, ...tail].map((group) => group.padStart(4, '0')).join(''), 'hex');
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
    const denyFrom = [`${DENIED}/32`, '2001:db8:8::/48'];
    await nginx.run(
      {
        web: Forward.http({ listen: 80, to, denyFrom, proxyProtocol, limits: { requestsPerSecond: 1, burst: 3 } }),
        few: Forward.http({ listen: 81, to, allowFrom: ['2001:db8:7::/48'], proxyProtocol }),
        secure: Forward.https({ listen: 443, to, proxyProtocol, tls: Tls.selfSigned() }),
        ours: Forward.https({
          listen: 444,
          denyFrom,
          proxyProtocol,
          tls: Tls.selfSigned(),
          hosts: { 'a.example': { to } },
        }),
        theirs: Forward.tls({ listen: 444, denyFrom, proxyProtocol, hosts: { 'b.example': { to } } }),
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

  /** What comes back, in one run, for each of these bytes from an address of the client's host. */
  const sendAll = async (
    port: number,
    source: string,
    all: readonly Buffer[],
    name = '',
  ): Promise<readonly string[]> => {
    const script = `import base64,contextlib,json,socket,ssl,sys
def answer(head, rest):
  s=socket.create_connection(("${ADDRESS.gateway.v4}",${port}),5,("${source}",0))
  s.sendall(base64.b64decode(head))
  if "${name}":
    c=ssl.create_default_context();c.check_hostname=False;c.verify_mode=ssl.CERT_NONE
    s=c.wrap_socket(s,server_hostname="${name}")
  s.sendall(base64.b64decode(rest))
  # Who is denied may be gone by now.
  with contextlib.suppress(OSError): ${port === 90 ? 's.shutdown(socket.SHUT_WR)' : 'pass'}
  got=b""
  try:
    while True:
      b=s.recv(65536)
      if not b: break
      got+=b
  except ConnectionResetError: pass
  return got.decode()
print(json.dumps([answer(*one) for one in json.load(sys.stdin)]))`;
    const pairs = all.map((bytes) => {
      const cut = name === '' ? 0 : bytes.indexOf(GET);
      return [bytes.subarray(0, cut), bytes.subarray(cut)].map((part) => part.toString('base64'));
    });
    const { stdout } = await nginx.host.run('client', ['python3', '-c', script], JSON.stringify(pairs));
    return JSON.parse(stdout);
  };
  const send = async (port: number, source: string, bytes: Buffer) => (await sendAll(port, source, [bytes]))[0] ?? '';
  const asking = (client: string) => Buffer.concat([header(client), Buffer.from(GET)]);
  const ask = (client: string, source = BALANCER, port = 80) => send(port, source, asking(client));
  const told = (answer: string) =>
    Object.fromEntries((JSON.parse(answer.split('\r\n\r\n')[1] ?? '') as WebRequest).headers);
  const states = async (clients: readonly string[]) =>
    (await sendAll(80, BALANCER, clients.map(asking))).map((answer) => answer.slice(9, 12));

  test('names the client to targets, logs and sources', async () => {
    expect(told(await ask(REAL))).toMatchObject({ 'x-real-ip': REAL, 'x-forwarded-for': REAL });
    expect(await ask(DENIED)).toMatch(/^HTTP\/1.1 403 /);
    expect((await nginx.log(80, 2)).map((entry) => entry.client).sort()).toEqual([REAL, DENIED]);
  });

  test('limits the client, not the balancer', async () => {
    const answers = await states(Array(8).fill('192.0.2.9'));
    expect(answers.slice(0, 3)).toEqual(['200', '200', '200']);
    expect(answers.filter((status) => status === '429').length).toBeGreaterThan(2);
    expect(new Set(answers)).toEqual(new Set(['200', '429']));
    expect(await ask('192.0.2.10')).toMatch(/^HTTP\/1.1 200 /);
  });

  test('names a client by IPv6, whom the balancer hands on by IPv4: to targets, logs and lists', async () => {
    const known = (await nginx.log(80, 0)).length;
    expect(told(await ask(REAL6))).toMatchObject({ 'x-real-ip': REAL6, 'x-forwarded-for': REAL6 });
    expect(await ask(DENIED6)).toMatch(/^HTTP\/1.1 403 /);
    expect((await nginx.log(80, known + 2)).slice(known).map(({ client }) => client)).toEqual([REAL6, DENIED6]);
    expect(await ask(SIBLING6, BALANCER, 81)).toMatch(/^HTTP\/1.1 200 /);
    expect(await ask(OTHER6, BALANCER, 81)).toMatch(/^HTTP\/1.1 403 /);
    expect(await ask(REAL, BALANCER, 81)).toMatch(/^HTTP\/1.1 403 /);
  });

  test('limits a /64 as one client, and lets others go on', async () => {
    const answers = await states(Array.from({ length: 8 }, (_, i) => `2001:db8:a::${i + 1}`));
    expect(answers.slice(0, 3)).toEqual(['200', '200', '200']);
    expect(answers.filter((status) => status === '429').length).toBeGreaterThan(2);
    expect(await ask('2001:db8:a:1::1')).toMatch(/^HTTP\/1.1 200 /);
  });

  test('names a client by IPv6 on a port that HTTPS and TLS share', async () => {
    const [answer = ''] = await sendAll(444, BALANCER, [asking(REAL6)], 'a.example');
    expect(told(answer)).toMatchObject({ 'x-real-ip': REAL6, 'x-forwarded-for': REAL6 });
    expect(await sendAll(444, BALANCER, [asking(DENIED6)], 'a.example')).toEqual([
      expect.stringMatching(/^HTTP\/1.1 403 /),
    ]);
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
    expect(await through(DENIED6)).toBe('');
  });
});
