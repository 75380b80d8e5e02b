import { Forward } from '../../lib/forward/forward';
import { Tls } from '../../lib/forward/tls';
import { ADDRESS, describeHost, until } from './support/host';
import { asking, sum, Targets } from './support/targets';

jest.setTimeout(120_000);

const GATEWAY = ADDRESS.gateway.v4;
const PORTS = [9001, 9002, 9003, 9004];

/** Clients of IPv4, and of IPv6: two addresses of each /64. */
const V4 = Array.from({ length: 24 }, (_, i) => `198.51.100.${101 + i}`);
const V6 = Array.from({ length: 24 }, (_, i) => [`2001:db8:200:${i + 1}::1`, `2001:db8:200:${i + 1}:ffff::2`] as const);

describeHost('sharing by nginx', () => {
  let targets: Targets;
  beforeAll(async () => {
    targets = await Targets.start(PORTS);
    const { host, nginx, to } = targets;
    const addresses = [...V4.map((a) => `${a}/24`), ...V6.flat().map((a) => `${a}/64 nodad preferred_lft 0`)];
    await host.run('client', ['ip', '-batch', '-'], addresses.map((a) => `addr add dev eth0 ${a}\n`).join(''));
    await host.sh('gateway', 'ip -6 route add 2001:db8:200::/48 dev ens5');
    const [first, second, third] = to as [string, string, string];
    const weighted = [{ to: first, weight: 3 }, { to: second, weight: 2 }, third];
    await host.app('backend', 'udp', 9001, '9001');
    await host.app('backend', 'udp', 9002, '9002');
    await nginx.run({
      weights: Forward.http({ listen: 80, to: weighted }),
      'tcp-weights': Forward.tcp({ listen: 81, to: weighted }),
      'udp-weights': Forward.udp({ listen: 81, to: [{ to: first, weight: 3 }, second] }),
      least: Forward.http({ listen: 82, to: [first, second], balance: 'least-connections' }),
      'tcp-least': Forward.tcp({ listen: 83, to: [first, second], balance: 'least-connections' }),
      source: Forward.http({ listen: 84, to, balance: 'source', failover: { failTimeout: 1 } }),
      'tcp-source': Forward.tcp({ listen: 85, to, balance: 'source' }),
      heavy: Forward.http({ listen: 86, to: [{ to: first, weight: 50 }, second], balance: 'source' }),
      cookie: Forward.http({
        listen: 87,
        to,
        balance: 'cookie',
        routes: { '/free/*': { to, balance: 'round-robin' } },
      }),
      secure: Forward.https({
        listen: 443,
        to,
        balance: 'cookie',
        headers: { 'X-Frame-Options': 'DENY' },
        tls: Tls.selfSigned(),
      }),
      many: Forward.http({ listen: 88, to: Array.from({ length: 300 }, (_, i) => `10.0.1.10:${10_000 + i}`) }),
    });
  });
  afterAll(() => targets?.stop());

  const name = async (port: number, ...words: string[]) =>
    (await targets.ask(`http://${GATEWAY}:${port}/`, ...words)).name;

  /** The target of each of a number of requests. */
  const names = async (count: number, port: number, ...words: string[]) => {
    const urls = Array.from({ length: count }, () => `http://${GATEWAY}:${port}/`);
    const { stdout } = await targets.nginx.curl('client', ...words, ...urls);
    return [...stdout.matchAll(/"name": "(\d+)"/g)].map((match) => match[1] as string);
  };

  /** How many connections nginx has open to the first two targets. */
  const openToTargets = async () => {
    const filter = '( dport = :9001 or dport = :9002 )';
    return (await targets.host.sh('gateway', `ss -Htn state established state close-wait '${filter}'`))
      .trim()
      .split('\n').length;
  };

  const share = (all: readonly string[]) => {
    const shares: Record<string, number> = {};
    for (const one of all) shares[one] = (shares[one] ?? 0) + 1;
    return shares;
  };

  test.each([
    ['TCP', 83, 1],
    ['HTTP', 82, 2],
  ])('least-connections sends nothing more to a busy target, by %s', async (protocol, port, slowRequests) => {
    const slow = targets.ask(`http://${GATEWAY}:${port}/slow`, '--max-time', '20', ...asking({ Pause: 8 }));
    await until('it is under way', async () => sum(await targets.counts('/slow')) >= slowRequests);
    const others = new Set<string | undefined>();
    for (let i = 0; i < 10; i += 1) {
      others.add((await names(1, port, '-H', 'Connection: close'))[0]);
      // nginx counts a TCP connection until it has closed it, which may be after the client has its answer.
      if (protocol === 'TCP') await until('only the slow one is open', async () => (await openToTargets()) === 1);
    }
    expect(others.size).toBe(1);
    expect([...others]).not.toContain((await slow).name);
  });

  test('shares requests and connections by weight', async () => {
    const expected = { '9001': 30, '9002': 20, '9003': 10 };
    expect(share(await names(60, 80))).toEqual(expected);
    // A new connection per request: nginx shares TCP connections, not requests.
    expect(share(await names(60, 81, '-H', 'Connection: close'))).toEqual(expected);
    expect(await targets.host.share('udp', GATEWAY, 81, 40)).toEqual({ '9001': 30, '9002': 10 });
  });

  describe('source', () => {
    test.each([
      ['HTTP', 84],
      ['TCP', 85],
    ])('keeps an IPv4 client on its target, and spreads clients over all targets, by %s', async (_, port) => {
      const all = [];
      for (const address of V4) {
        const own = new Set(await names(3, port, '--interface', address, '-H', 'Connection: close'));
        expect(own.size).toBe(1);
        all.push(...own);
      }
      expect(Object.keys(share(all)).length).toBeGreaterThanOrEqual(3);
    });

    test('gives a client the same target over HTTP and TCP if both have the same targets', async () => {
      for (const address of V4.slice(0, 8)) {
        expect(await name(84, '--interface', address)).toBe(await name(85, '--interface', address));
      }
    });

    test('treats a /64 as one client', async () => {
      const by = async (address: string, port: number) => {
        const { stdout } = await targets.nginx.curl(
          'client',
          '--interface',
          address,
          `http://[${ADDRESS.gateway.v6}]:${port}/`,
        );
        return JSON.parse(stdout).name as string;
      };
      const all = [];
      for (const [one, other] of V6) {
        const got = await by(one, 84);
        expect(await by(other, 84)).toBe(got);
        expect(await by(other, 85)).toBe(got);
        all.push(got);
      }
      expect(Object.keys(share(all)).length).toBeGreaterThanOrEqual(3);
    });

    test('gives more clients to a target with more weight', async () => {
      const all = [];
      for (const address of V4) all.push(await name(86, '--interface', address));
      expect(share(all)['9001']).toBeGreaterThan(18);
    });

    test("moves only a dead target's clients, and moves them back", async () => {
      const all = async () => {
        const targetOf: Record<string, string> = {};
        for (const address of V4) targetOf[address] = await name(84, '--interface', address);
        return targetOf;
      };
      const before = await all();
      await targets.kill(9002);
      const after = await all();
      for (const [address, target] of Object.entries(before)) {
        if (target === '9002') expect(after[address]).not.toBe('9002');
        else expect(after[address]).toBe(target);
      }
      await targets.revive(9002);
      await until('they are back', async () => JSON.stringify(await all()) === JSON.stringify(before));
    });
  });

  describe('cookie', () => {
    const ask = (url: string, ...words: string[]) => targets.get(url, ...words);

    test('keeps a browser on its target, and spreads browsers over all targets', async () => {
      const all = [];
      for (let browser = 0; browser < 16; browser++) {
        const first = await ask(`http://${GATEWAY}:87/`);
        const cookie = /^portway_target=([0-9a-f]{32}); Path=\/; HttpOnly; SameSite=Lax$/.exec(
          first.headers['set-cookie'] ?? '',
        );
        const target = JSON.parse(first.body).name;
        for (let i = 0; i < 4; i++) {
          const next = await ask(`http://${GATEWAY}:87/`, '-H', `Cookie: other=1; portway_target=${cookie?.[1]}`);
          expect(JSON.parse(next.body).name).toBe(target);
          expect(next.headers['set-cookie']).toBeUndefined();
        }
        all.push(target);
      }
      expect(Object.keys(share(all)).length).toBeGreaterThanOrEqual(3);
    });

    test("sets a Secure cookie over TLS, and keeps the application's cookies and headers", async () => {
      const words = asking({ Header: ['Set-Cookie: session=1', 'X-Frame-Options: ALLOW'] });
      const { stdout } = await targets.nginx.curl('client', '-i', '--http1.1', ...words, `https://${GATEWAY}/`);
      const cookies = [...stdout.matchAll(/^set-cookie: (.*?)\r$/gim)].map((match) => match[1]);
      expect(cookies).toEqual([
        expect.stringMatching(/^session=1; secure$/i),
        expect.stringMatching(/^portway_target=[0-9a-f]{32}; Path=\/; HttpOnly; SameSite=Lax; Secure$/),
      ]);
      expect([...stdout.matchAll(/^x-frame-options: (.*?)\r$/gim)].map((match) => match[1])).toEqual(['DENY']);
    });

    test('sets no cookie on a path with another balance', async () => {
      expect((await ask(`http://${GATEWAY}:87/free/`)).headers['set-cookie']).toBeUndefined();
    });

    test('lets a forged cookie choose a target and nothing else', async () => {
      for (const value of ['x', '"$host"', "';}", '%0d%0aX: y', 'é', 'x'.repeat(2000)]) {
        const { status, headers } = await ask(`http://${GATEWAY}:87/`, '-H', `Cookie: portway_target=${value}`);
        expect(status).toBe(200);
        expect(headers['set-cookie']).toBeUndefined();
      }
    });
  });

  test('handles hundreds of targets', async () => {
    expect(await targets.nginx.status('client', `http://${GATEWAY}:88/`)).toBe('502');
  });
});
