import { Forward } from '../../lib/forward/forward';
import { readGatewaySettings } from '../../lib/forward/gateway-settings';
import { readLists } from '../../lib/forward/lists';
import { Problems } from '../../lib/forward/problems';
import { Tls } from '../../lib/forward/tls';
import { ADDRESS, describeHost } from './support/host';
import { NginxHost, STRANGER } from './support/nginx';
import { RulesHost, rulesOf } from './support/rules';

jest.setTimeout(60_000);

const CLIENT = [`${ADDRESS.client.v4}/32`, `${ADDRESS.client.v6}/128`];
const OTHER = [`${STRANGER.v4}/32`, `${STRANGER.v6}/128`];
const FAMILIES = ['v4', 'v6'] as const;

/** Networks that nobody here has. */
const FAR = ['192.0.2.0/24', '2001:db8:f::/48'];
/** As many as a list may hold. */
const MANY = Array.from({ length: 1000 }, (_, i) => [
  `10.${100 + (i >> 7)}.${(i % 128) * 2}.0/24`,
  `2001:db8:${(0x1000 + i * 2).toString(16)}::/48`,
]).flat();

describeHost('lists in the kernel', () => {
  let kernel: RulesHost;
  beforeAll(async () => {
    kernel = await RulesHost.start();
    const { host } = kernel;
    await host.sh('client', `ip addr add ${STRANGER.v4}/24 dev eth0; ip addr add ${STRANGER.v6}/64 dev eth0 nodad`);
    for (const protocol of ['tcp', 'udp'] as const) await host.app('gateway', protocol, 8080);
  });
  afterAll(() => kernel?.stop());

  const forwards = {
    one: Forward.tcp({ listen: 81, to: 8080, allowFrom: ['office'] }),
    two: Forward.udp({ listen: 82, to: 8080, allowFrom: ['office', ...FAR] }),
    not: Forward.tcp({ listen: 83, to: 8080, denyFrom: ['bad'] }),
    both: Forward.tcp({ listen: 84, to: 8080, allowFrom: ['office', 'bad'], denyFrom: ['bad'] }),
    open: Forward.tcp({ listen: 85, to: 8080 }),
  };

  /** The ports that answer each client over both IP versions. */
  const served = () =>
    Promise.all([ADDRESS.client, STRANGER].flatMap((client) => FAMILIES.map((family) => servedTo(client, family))));
  const servedTo = async (client: { v4: string; v6: string }, family: 'v4' | 'v6') => {
    const ports = [81, 82, 83, 84, 85];
    const answers = await Promise.all(
      ports.map((port) =>
        kernel.host.ask('client', port === 82 ? 'udp' : 'tcp', ADDRESS.gateway[family], port, {
          address: client[family],
        }),
      ),
    );
    return ports.filter((_, i) => answers[i]?.name === 'gateway');
  };

  const ALL = [81, 82, 83, 84, 85];
  const OPEN = [85];

  test('a list admits and denies on all forwards that name it', async () => {
    await kernel.apply(rulesOf(forwards, {}, { office: CLIENT, bad: OTHER }));
    expect(await served()).toEqual([ALL, ALL, OPEN, OPEN]);
    // The same forwards; the lists have changed places.
    await kernel.apply(rulesOf(forwards, {}, { office: OTHER, bad: CLIENT }));
    expect(await served()).toEqual([OPEN, OPEN, ALL, ALL]);
  });

  test('as many networks as a list may hold are read back as they were written', async () => {
    await kernel.apply(rulesOf(forwards, {}, { office: [...MANY, ...CLIENT].slice(2), bad: MANY }));
    expect(await servedTo(ADDRESS.client, 'v4')).toEqual(ALL);
    expect((await kernel.script('check')).code).toBe(0);
  });

  test('blocked drops a list, and nobody else', async () => {
    const lists = readLists({ bad: OTHER }, new Problems());
    const settings = readGatewaySettings({ blocked: ['bad'] }, undefined, new Problems(), lists);
    await kernel.apply(rulesOf({ open: forwards.open }, settings));
    expect(await served()).toEqual([OPEN, OPEN, [], []]);
  });
});

describeHost('lists in nginx', () => {
  let nginx: NginxHost;
  const to = `${ADDRESS.backend.v4}:8080`;
  const forwards = {
    one: Forward.http({ listen: 81, to, allowFrom: ['office'] }),
    two: Forward.http({ listen: 82, redirectTo: 'https://x.example', allowFrom: ['office', ...FAR] }),
    not: Forward.http({ listen: 83, to, denyFrom: ['bad'] }),
    both: Forward.http({ listen: 84, to, allowFrom: ['office', 'bad'], denyFrom: ['bad', ...FAR] }),
    stream: Forward.tcp({ listen: 85, to, allowFrom: ['office'], denyFrom: ['bad'] }),
    only: Forward.http({ listen: 87, to, trustedProxies: ['office'], proxiesOnly: true }),
    'only-mixed': Forward.https({
      ...{ listen: 88, to, tls: Tls.selfSigned(), limits: { requestsPerSecond: 100 }, denyFrom: FAR },
      ...{ trustedProxies: ['bad', 'clients', '192.0.2.0/24'], proxiesOnly: true },
    }),
    balanced: Forward.http({ listen: 89, to, proxyProtocol: { accept: { from: ['office'] } }, proxiesOnly: true }),
    behind: Forward.http({ listen: 86, to, trustedProxies: ['office'], allowFrom: ['clients'] }),
  };
  const lists = { office: [...MANY.slice(2), ...CLIENT], bad: OTHER, clients: ['203.0.113.0/24'] };
  beforeAll(async () => {
    nginx = await NginxHost.start();
    await nginx.web(8080, 'web');
    await nginx.run(forwards, undefined, lists);
  });
  afterAll(() => nginx?.stop());

  const statuses = async (from: 'client' | 'gateway', hosts: { v4: string; v6: string }, source?: typeof STRANGER) =>
    Promise.all(
      FAMILIES.map(async (family) =>
        Promise.all(
          [81, 82, 83, 84, 85].map((port) =>
            nginx.status(from, `http://${family === 'v6' ? `[${hosts.v6}]` : hosts.v4}:${port}/`, source?.[family]),
          ),
        ),
      ),
    );

  test('a list admits and denies on all forwards that name it, redirects too', async () => {
    const admitted = ['200', '308', '200', '200', '200'];
    expect(await statuses('client', ADDRESS.gateway)).toEqual([admitted, admitted]);
    const refused = ['403', '403', '403', '403', '000'];
    expect(await statuses('client', ADDRESS.gateway, STRANGER)).toEqual([refused, refused]);
  });

  test('the gateway itself may always use it', async () => {
    const answers = await statuses('gateway', { v4: '127.0.0.1', v6: '::1' });
    expect(answers.flat()).not.toContain('403');
    expect(answers.flat()).not.toContain('000');
  });

  test('trusted proxies by name: clients are those that they report', async () => {
    const ask = (forwardedFor: string, source?: string) =>
      nginx
        .curl(
          'client',
          ...['-o', '/dev/null', '-w', '%{http_code}', '-H', `X-Forwarded-For: ${forwardedFor}`],
          ...(source === undefined ? [] : ['--interface', source]),
          `http://${ADDRESS.gateway.v4}:86/`,
        )
        .then(({ stdout }) => stdout);
    expect(await ask('203.0.113.9')).toBe('200');
    expect(await ask('192.0.2.9')).toBe('403');
    expect(await ask('203.0.113.9', STRANGER.v4)).toBe('403');
  });

  test('proxiesOnly: who connects must be a proxy, whomever it names as the client', async () => {
    const ask = async (from: 'client' | 'gateway', ...words: string[]) =>
      (await nginx.curl(from, '-o', '/dev/null', '-w', '%{http_code}', ...words)).stdout;
    const named = ['-H', 'X-Forwarded-For: 203.0.113.9'];
    for (const [family, host] of [
      ['v4', ADDRESS.gateway.v4],
      ['v6', `[${ADDRESS.gateway.v6}]`],
    ] as const) {
      const stranger = ['--interface', STRANGER[family]];
      expect(await ask('client', `http://${host}:87/`)).toBe('200');
      expect(await ask('client', ...named, `http://${host}:87/`)).toBe('200');
      expect(await ask('client', ...stranger, `http://${host}:87/`)).toBe('403');
      // Who is no proxy cannot claim to be one, either.
      const proxy = family === 'v4' ? ADDRESS.client.v4 : ADDRESS.client.v6;
      expect(await ask('client', ...stranger, '-H', `X-Forwarded-For: ${proxy}`, `http://${host}:87/`)).toBe('403');
      expect(await ask('client', ...named, `https://${host}:88/`)).toBe('403');
      expect(await ask('client', ...stranger, ...named, `https://${host}:88/`)).toBe('200');
      expect(await ask('client', '--haproxy-protocol', `http://${host}:89/`)).toBe('200');
      expect(await ask('client', '--haproxy-protocol', ...stranger, `http://${host}:89/`)).toBe('403');
    }
    // The client behind a proxy is still denied.
    expect(
      await ask(
        'client',
        '--interface',
        STRANGER.v4,
        '-H',
        'X-Forwarded-For: 192.0.2.9',
        `https://${ADDRESS.gateway.v4}:88/`,
      ),
    ).toBe('403');
    expect(await ask('gateway', 'http://127.0.0.1:87/')).toBe('200');
  });

  test('a changed list is one reload: the same forwards serve the others', async () => {
    await nginx.reload(forwards, { ...lists, office: OTHER, bad: CLIENT });
    await nginx.renew();
    const refused = ['403', '403', '403', '403', '000'];
    expect(await statuses('client', ADDRESS.gateway)).toEqual([refused, refused]);
    expect((await statuses('client', ADDRESS.gateway, STRANGER))[0]?.[0]).toBe('200');
  });
});
