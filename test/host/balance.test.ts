import { Forward } from '../../lib/forward/forward';
import { ADDRESS, describeHost, type Host } from './support/host';
import type { RulesHost } from './support/rules';
import { rulesOf } from './support/rules';
import { EVERY_WAY, inTarget, strictGateway } from './support/strict';

jest.setTimeout(120_000);

const PORTS = [9001, 9002, 9003] as const;
/** Number of clients per family. Each has its own address; in IPv6, two addresses of its own /64. */
const CLIENTS = 60;
const client = {
  v4: (i: number) => `198.51.100.${100 + i}`,
  v6: (i: number, host = '1') => `2001:db8:200:${i.toString(16)}::${host}`,
};

describeHost('connections are shared between targets', () => {
  let kernel: RulesHost;
  let host: Host;
  beforeAll(async () => {
    kernel = await strictGateway();
    host = kernel.host;
    const addresses = Array.from({ length: CLIENTS }, (_, i) => [
      `addr add ${client.v4(i)}/32 dev eth0`,
      `addr add ${client.v6(i)}/128 dev eth0 nodad`,
      `addr add ${client.v6(i, 'abcd')}/128 dev eth0 nodad`,
    ]).flat();
    await host.sh('client', 'ip -b -', addresses.join('\n'));
    await host.sh('gateway', `ip route add 2001:db8:200::/48 via ${ADDRESS.client.v6}`);
    for (const party of ['gateway', 'backend'] as const)
      for (const protocol of ['tcp', 'udp'] as const)
        for (const port of PORTS) await host.app(party, protocol, port, `${party} ${port}`);
    // Counts packets that still have a mark after all our rules.
    await host.sh(
      'gateway',
      `nft -f - <<'END'
      table inet watch {
        counter marked { }
        chain in { type filter hook input priority 300; meta l4proto { tcp, udp } meta mark != 0 counter name marked; }
        chain out { type filter hook postrouting priority 300; meta l4proto { tcp, udp } meta mark != 0 counter name marked; }
      }
END`,
    );
  });
  afterAll(async () => {
    const { stdout } = await host.run('gateway', ['nft', 'list', 'counter', 'inet', 'watch', 'marked']);
    await kernel.stop();
    expect(stdout).toContain('packets 0 ');
  });

  /** Which target a client gets. */
  const target = async (protocol: 'tcp' | 'udp', family: 'v4' | 'v6', port: number, source: string) =>
    (await host.ask('client', protocol, ADDRESS.gateway[family], port, { address: source })).name;

  describe('random', () => {
    test.each([
      ['tcp', 'v4', 'backend'],
      ['udp', 'v6', 'backend'],
      ['tcp', 'v6', 'gateway'],
    ] as const)('%s over %s to the %s by weight', async (protocol, family, party) => {
      const at = party === 'gateway' ? '' : `${inTarget(ADDRESS.backend[family])}:`;
      const to = PORTS.map((port, i) => ({ to: `${at}${port}`, weight: [5, 1, 4][i] as number }));
      await kernel.apply(rulesOf({ db: Forward[protocol]({ listen: 7000, to }) }));
      const shares = await host.share(protocol, ADDRESS.gateway[family], 7000, 1000);
      // Deviations are 16, 9 and 15: a right rule leaves these bounds once in a million runs.
      for (const [i, [expected, bound]] of [
        [500, 80],
        [100, 50],
        [400, 80],
      ].entries())
        expect(Math.abs((shares[`${party} ${PORTS[i]}`] ?? 0) - (expected as number))).toBeLessThan(bound as number);
    });
  });

  describe('by client address', () => {
    const forward = (protocol: 'tcp' | 'udp', at: string, listen: number, weights = [1, 1, 1]) => {
      const to = PORTS.map((port, i) => ({ to: `${at}${port}`, weight: weights[i] as number }));
      return Forward[protocol]({ listen, to, balance: 'source' });
    };

    test.each(EVERY_WAY)(
      '%s over %s: a client keeps its target, and clients spread over all targets',
      async (protocol, family) => {
        const at = `${inTarget(ADDRESS.backend[family])}:`;
        await kernel.apply(rulesOf({ db: forward(protocol, at, 7000), same: forward(protocol, at, 7001) }));
        const targets = new Map<string, number>();
        for (let i = 0; i < 12; i++) {
          const first = await target(protocol, family, 7000, client[family](i));
          expect(first).toMatch(/^backend 900[123]$/);
          targets.set(first, (targets.get(first) ?? 0) + 1);
          for (let again = 0; again < 2; again++)
            expect(await target(protocol, family, 7000, client[family](i))).toBe(first);
          // The same target through every forward with the same targets, and for all addresses of an IPv6 client.
          expect(await target(protocol, family, 7001, client[family](i))).toBe(first);
          if (family === 'v6') expect(await target(protocol, family, 7000, client.v6(i, 'abcd'))).toBe(first);
        }
        expect(targets.size).toBeGreaterThan(1);
      },
    );

    test.each(['v4', 'v6'] as const)('over %s: targets on the gateway get clients by weight', async (family) => {
      await kernel.apply(rulesOf({ db: forward('tcp', '', 7000, [8, 2, 2]) }));
      const shares: Record<string, number> = {};
      for (let i = 0; i < CLIENTS; i++) {
        const name = await target('tcp', family, 7000, client[family](i));
        shares[name] = (shares[name] ?? 0) + 1;
      }
      // Of 60 clients 40, 10 and 10 expected, fixed by the hash; even shares would be 20.
      expect(shares['gateway 9001']).toBeGreaterThan(30);
      expect(shares['gateway 9002']).toBeGreaterThan(1);
      expect(shares['gateway 9003']).toBeGreaterThan(1);
    });

    test('mixes targets on the gateway and elsewhere, for outside clients and for the gateway itself', async () => {
      const at = `${ADDRESS.backend.v4}:`;
      const mixed = Forward.tcp({ listen: 7000, to: [9001, `${at}9002`], balance: 'source' });
      const lots = Forward.tcp({ listen: 7001, to: [9001, `${at}9002`] });
      await kernel.apply(rulesOf({ mixed, lots }));
      const names = new Set<string>();
      for (let i = 0; i < 12; i++) names.add(await target('tcp', 'v4', 7000, client.v4(i)));
      expect([...names].sort()).toEqual(['backend 9002', 'gateway 9001']);
      const own = new Set<string>();
      for (let i = 0; i < 16; i++) own.add((await host.ask('gateway', 'tcp', ADDRESS.gateway.v4, 7001)).name);
      expect([...own].sort()).toEqual(['backend 9002', 'gateway 9001']);
      expect((await host.ask('gateway', 'tcp', ADDRESS.gateway.v4, 7000)).name).toMatch(/^(backend|gateway) 900[12]$/);
    });

    test('works with preserved client addresses', async () => {
      const to = PORTS.map((port) => `${ADDRESS.backend.v4}:${port}`);
      const kept = Forward.tcp({ listen: 7000, to, balance: 'source', preserveClientAddress: true });
      await kernel.apply(rulesOf({ kept }));
      await host.sh('gateway', 'ip route replace 198.51.100.0/24 dev ens5');
      const answer = await host.ask('client', 'tcp', ADDRESS.gateway.v4, 7000, { address: client.v4(3) });
      expect(answer).toMatchObject({ client: client.v4(3) });
    });
  });

  test('maps a port range to the same offset on every target', async () => {
    // If a client's port is still in use towards a target of another forward, the kernel picks another port of the range.
    await host.sh('gateway', 'conntrack -F 2>/dev/null');
    for (const [family, protocol] of [
      ['v4', 'udp'],
      ['v6', 'tcp'],
    ] as const) {
      const at = inTarget(ADDRESS.backend[family]);
      const to = [`${at}:9001-9003`, '9001-9003'];
      await kernel.apply(rulesOf({ media: Forward[protocol]({ listen: '6000-6002', to }) }));
      for (const [i, port] of PORTS.entries()) {
        const shares = await host.share(protocol, ADDRESS.gateway[family], 6000 + i, 30);
        expect(Object.keys(shares).sort()).toEqual([`backend ${port}`, `gateway ${port}`]);
      }
    }
  });
});
