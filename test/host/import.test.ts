import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { made } from '../../lib/import/check';
import { readImported } from '../../lib/import/read';
import { ADDRESS, describeHost, STOP_NGINX } from './support/host';
import { NginxHost, STRANGER } from './support/nginx';
import { RulesHost, rulesOf } from './support/rules';

jest.setTimeout(60_000);

const GATEWAY = ADDRESS.gateway.v4;

/** The words of curl for one request. */
type Ask = readonly string[];

const at = (host: string, path: string, ...words: string[]): Ask => [
  '-H',
  `Host: ${host}`,
  ...words,
  `http://${GATEWAY}${path}`,
];
const tls = (path: string, ...words: string[]): Ask => [
  '--resolve',
  `www.example:443:${GATEWAY}`,
  ...words,
  `https://www.example${path}`,
];
const port = (number: number, path: string, ...words: string[]): Ask => [
  ...words,
  `http://${GATEWAY}:${number}${path}`,
];

const SHOP = 'shop.example';
const EVERY_HEADER = ['-H', 'X-Test-Header: X-Secret: 1', '-H', 'X-Test-Header: X-Other: 2'];

/** Requests by the file in import/ whose nginx.conf must answer them as the forwards do. */
const REQUESTS: Readonly<Record<string, readonly Ask[]>> = {
  hosts: [
    ...[
      '/',
      '/cart?x=%2F&y',
      '/api/',
      '/api/users?id=1',
      '/apiary',
      '/bare/x',
      '/api',
      '/raw/deep?q',
      '/raw/x',
      '/raw/deep/x',
      '/health',
      '/health/x',
    ].map((path) => at(SHOP, path)),
    ...['/img/a.png', '/css/deep/b.css', '/images/', '/old/page?q=1', '/only-get/x', '/only-get/'].map((path) =>
      at(SHOP, path),
    ),
    ...['/', '/api/x', '/health', '/css/x'].map((path) => at(SHOP, path, ...EVERY_HEADER)),
    at(SHOP, '/only-get/x', '-X', 'DELETE'),
    at(SHOP, '/', '-X', 'POST', '-d', 'a=b'),
    at(SHOP, '/', '--data-binary', '@/tmp/large'),
    at(SHOP, '/', '-I'),
    at(SHOP, '/', '--interface', STRANGER.v4),
    at('shop.test', '/'),
    at('a.b.shop.test', '/api/x'),
    at('x.tenant.example', '/path?query=1'),
    at('tenant.example', '/'),
    at('other.example', '/'),
    at(GATEWAY, '/'),
    at(SHOP, '/', '-H', 'X-Test-Status: 404'),
    at(SHOP, '/', '-H', 'X-Test-Status: 500'),
  ],
  https: [
    ...['/', '/a/b?c', '/ws/x'].map((path) => tls(path)),
    tls('/', '-H', 'my_key: 1'),
    tls('/', '-H', `X-Long: ${'x'.repeat(20_000)}`),
    tls('/', '-H', 'X-Test-Pause: 2'),
    tls('/', '-H', 'X-Test-Status: 503'),
    tls(
      '/ws/x',
      '--http1.1',
      '-H',
      'Upgrade: websocket',
      '-H',
      'Connection: Upgrade',
      '-H',
      'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==',
      '-H',
      'Sec-WebSocket-Version: 13',
      '--max-time',
      '0.5',
    ),
    at('www.example', '/x?y=1'),
    at('example', '/x?y=1'),
  ],
  app: [
    ...[
      '/',
      '/',
      '/',
      '/',
      '/deep/path?x=1',
      '/v1/users?id=1',
      '/v1/',
      '/search',
      '/search?q=1',
      '/suggest',
      '/suggestion',
    ].map((path) => port(80, path)),
    ...['PUT', 'DELETE', 'POST', 'HEAD'].map((method) =>
      port(80, '/search', ...(method === 'HEAD' ? ['-I'] : ['-X', method])),
    ),
    ...['/exact', '/exact/x', '/outer/x', '/outer/inner/x', '/none'].map((path) => port(8080, path)),
    ...Array.from({ length: 10 }, () => port(80, '/limited/x')),
  ],
};

/** What a client can notice of an answer, without what is said to differ. */
interface Noticed {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  /** Which application answered, and the request that it got. */
  readonly request?: unknown;
}

/** What the remarks say: redirects are 308, and methods are refused by 405. */
const DIFFERS = new Map([
  [301, 308],
  [403, 405],
]);

const HEADERS = /^(location|x-frame-options|x-site|x-secret|x-other|strict-transport-security|upgrade)$/;

function notice(text: string): Noticed | 'closed' {
  const start = text.search(/^HTTP\//m);
  if (start < 0) return 'closed';
  const [head = '', ...rest] = text.slice(start).split('\r\n\r\n');
  const [line = '', ...lines] = head.split('\r\n');
  const status = Number(line.split(' ')[1]);
  // Who may not come gets none of the site's headers from us, and whose method may not gets them.
  const headers = (status === 403 || status === 405 ? [] : lines)
    .map((one) => one.split(': ') as [string, string])
    .filter(([name]) => HEADERS.test(name.toLowerCase()));
  const body = rest.join('\r\n\r\n');
  const told = /^\{"name"/.test(body) ? JSON.parse(body) : undefined;
  return {
    status: DIFFERS.get(status) ?? status,
    // Redirects within a site have an origin in one, and none in the other.
    headers: Object.fromEntries(
      headers.map(([name, value]) => [name.toLowerCase(), value.replace(`http://${SHOP}/`, '/')]),
    ),
    ...(told === undefined
      ? {}
      : {
          request: {
            name: told.name,
            method: told.method,
            path: told.path,
            body: told.body.slice(0, 20),
            key: told.headers.filter(([name]: [string]) => name === 'my_key'),
          },
        }),
  };
}

describeHost('forwards that portway import makes of an nginx.conf', () => {
  let nginx: NginxHost;
  beforeAll(async () => {
    nginx = await NginxHost.start();
    for (const [i, name] of ['one', 'two', 'three'].entries()) await nginx.web(8081 + i, name);
    for (const number of [9001, 9002]) await nginx.host.app('backend', 'tcp', number, `app ${number}`);
    await nginx.host.app('backend', 'udp', 9001, 'udp');
    const certificate = '-newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj /CN=x';
    await nginx.host.sh(
      'gateway',
      `openssl req -x509 ${certificate} -keyout /tmp/key.pem -out /tmp/c.pem 2>&1; cat /tmp/c.pem /tmp/key.pem >/tmp/certificate.pem`,
    );
    await nginx.host.sh('client', 'head -c 1500000 /dev/zero >/tmp/large');
  });
  afterAll(() => nginx?.stop());

  const read = (name: string) => {
    const path = join(__dirname, 'import', `${name}.conf`);
    const text = readFileSync(path, 'utf8');
    const { forwards, remarks } = readImported(path, text, 'nginx');
    return {
      text,
      remarks,
      forwards: Object.fromEntries(Object.entries(forwards).map(([key, one]) => [key, made(one)])),
    };
  };

  /** Runs the original, then the forwards, and returns what `look` sees of each. */
  async function both<T>(name: string, look: () => Promise<T>): Promise<readonly [T, T]> {
    const { text, forwards } = read(name);
    await nginx.host.write('/etc/nginx/nginx.conf', text);
    await nginx.host.sh('gateway', 'nginx');
    const original = await look();
    await nginx.host.sh('gateway', STOP_NGINX);
    await nginx.run(forwards);
    const ours = await look();
    await nginx.host.sh('gateway', STOP_NGINX);
    return [original, ours];
  }

  async function ask(requests: readonly Ask[]): Promise<readonly (Noticed | 'closed')[]> {
    const common = ['-skgi', '--max-time', '8', '-w', '\n@@@@\n'];
    const words = requests.flatMap((one, i) => [...(i === 0 ? [] : ['--next']), ...common, ...one]);
    const { stdout } = await nginx.host.run('client', ['curl', ...words]);
    const parts = stdout.split('\n@@@@\n').slice(0, -1);
    expect(parts).toHaveLength(requests.length);
    return parts.map(notice);
  }

  test.each(Object.entries(REQUESTS))('%s.conf: every request is answered alike', async (name, requests) => {
    const [original, ours] = await both(name, () => ask(requests));
    const named = (answers: readonly unknown[]) =>
      answers.map((answer, i) => ({ request: requests[i]?.join(' ').slice(0, 120), answer }));
    expect(named(ours)).toEqual(named(original));
    // The file is no file of refusals.
    expect(original.filter((one) => one !== 'closed' && one.request !== undefined).length).toBeGreaterThan(5);
  });

  test('stream.conf: every connection is answered alike', async () => {
    const look = async () => {
      const { host } = nginx;
      const answers: unknown[] = [];
      for (const number of [5000, 5000, 5001, 9001, 9002])
        answers.push((await host.ask('client', 'tcp', GATEWAY, number)).name);
      for (const number of [5000, 5001, 9001])
        answers.push(
          (await host.ask('client', 'tcp', GATEWAY, number, { address: STRANGER.v4 })).name.replace(/^none.*/, 'none'),
        );
      answers.push((await host.ask('client', 'udp', GATEWAY, 5002)).name);
      return answers;
    };
    const [original, ours] = await both('stream', look);
    expect(ours).toEqual(original);
    expect(original.slice(3)).toEqual(['app 9001', 'app 9002', expect.stringMatching(/^app/), 'none', 'none', 'udp']);
  });

  test.each([...Object.keys(REQUESTS), 'stream'])('%s.conf: nothing is lost or unprotected', (name) => {
    const lost = read(name).remarks.filter(({ fate }) => fate === 'lost' || fate === 'unprotected');
    expect(lost.map(({ text }) => text)).toEqual(name === 'app' ? ['try_files $uri @app'] : []);
  });
});

describeHost('forwards that portway import makes of rules of iptables', () => {
  let kernel: RulesHost;
  beforeAll(async () => {
    kernel = await RulesHost.start();
    const { host } = kernel;
    for (const port of [9001, 9002]) await host.app('backend', 'tcp', port, `app ${port}`);
    for (const port of [7000, 7001]) await host.app('backend', 'udp', port, `udp ${port}`);
    await host.app('gateway', 'tcp', 9000, 'gateway');
    await host.sh('client', `ip addr add ${STRANGER.v4}/24 dev eth0`);
    // Targets that see the client's address answer through the gateway.
    await host.sh('backend', `ip route add default via ${ADDRESS.inside.v4}`);
    await host.sh('gateway', 'sysctl -qw net.ipv4.ip_forward=1');
  });
  afterAll(() => kernel?.stop());

  /** Who answers each client on each port, and which address it saw. */
  async function look(): Promise<readonly unknown[]> {
    const { host } = kernel;
    await host.sh('gateway', 'conntrack -F 2>/dev/null');
    const asked = [80, 5000, 5001, 5002, 5003, 9001, 9002].map((port) => ['tcp', port] as const);
    const all = [...asked, ['udp', 7000] as const, ['udp', 7001] as const].flatMap(([protocol, port]) =>
      [ADDRESS.client.v4, STRANGER.v4].map((address) => ({ protocol, port, address })),
    );
    // At once: those who get no answer wait for it.
    return Promise.all(
      all.map(async ({ protocol, port, address }) => {
        const { name, client } = await host.ask('client', protocol, GATEWAY, port, { address });
        return { protocol, port, address, name: name.replace(/^none.*/, 'none'), client };
      }),
    );
  }

  test('kernel.rules: every client gets the same answer, from the same target, which sees the same address', async () => {
    const path = join(__dirname, 'import', 'kernel.rules');
    const text = readFileSync(path, 'utf8');
    await kernel.host.sh('gateway', 'iptables-restore', text);
    const original = await look();
    await kernel.host.sh(
      'gateway',
      'printf "*nat\\nCOMMIT\\n*filter\\n:FORWARD ACCEPT [0:0]\\nCOMMIT\\n" | iptables-restore',
    );
    const { forwards, remarks } = readImported(path, text, 'iptables');
    await kernel.apply(rulesOf(Object.fromEntries(Object.entries(forwards).map(([key, one]) => [key, made(one)]))));
    const ours = await look();
    expect(ours).toEqual(original);
    expect(new Set(original.map((one) => (one as { name: string }).name))).toEqual(
      new Set(['gateway', 'app 9001', 'app 9002', 'udp 7000', 'udp 7001', 'none']),
    );
    expect(remarks.filter(({ fate }) => fate !== 'own')).toEqual([]);
  });
});
