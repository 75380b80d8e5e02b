import { Forward } from '../../lib/forward/forward';
import { ADDRESS, describeHost, type Host } from './support/host';
import type { RulesHost } from './support/rules';
import { rulesOf } from './support/rules';
import { EVERY_WAY, inTarget, strictGateway } from './support/strict';

jest.setTimeout(60_000);

/** More clients besides the first. The last two IPv6 addresses share a /64. */
const OTHER = { v4: '198.51.100.77', v6: '2001:db8:201::77' } as const;
const NEIGHBOUR = '2001:db8:201:0:8000::1';

describeHost('what one client may do', () => {
  let kernel: RulesHost;
  let host: Host;
  beforeAll(async () => {
    kernel = await strictGateway();
    host = kernel.host;
    await host.sh(
      'client',
      `ip addr add ${OTHER.v4}/32 dev eth0
      for address in ${OTHER.v6} ${NEIGHBOUR}; do ip addr add $address/128 dev eth0 nodad; done`,
    );
    await host.sh('gateway', `ip route add 2001:db8:201::/48 via ${ADDRESS.client.v6}`);
    for (const party of ['gateway', 'backend'] as const)
      for (const protocol of ['tcp', 'udp'] as const) await host.app(party, protocol, 9000);
  });
  beforeEach(() => host.sh('gateway', 'conntrack -F 2>/dev/null'));
  afterAll(() => kernel.stop());

  /** Opens connections at once from a client and returns how many were answered; see support/burst.py. */
  const burst = async (
    protocol: 'tcp' | 'udp',
    family: 'v4' | 'v6',
    { source, port = 80, count, close = [] }: { source: string; port?: number; count: number; close?: number[] },
  ): Promise<number[]> => {
    const words = [protocol, ADDRESS.gateway[family], port, source, count, ...close];
    const script = `python3 ${__dirname}/support/burst.py ${words.join(' ')}`;
    return (await host.sh('client', script)).trim().split(' ').map(Number);
  };

  const at = (party: string, family: 'v4' | 'v6') =>
    party === 'gateway' ? 9000 : `${inTarget(ADDRESS.backend[family])}:9000`;

  describe('new connections per second', () => {
    test.each(
      EVERY_WAY.flatMap(([protocol, family]) =>
        ['gateway', 'backend'].map((party) => [protocol, family, party] as const),
      ),
    )('%s over %s to the %s: limits a flood, but no other client', async (protocol, family, party) => {
      const limits = { newConnectionsPerSecond: 1, burst: 8 };
      // A separate forward name: the kernel's client counts survive an apply.
      const forward = Forward[protocol]({ listen: 80, to: at(party, family), limits });
      await kernel.apply(rulesOf({ [`${protocol}-${party}`]: forward }));
      const [flood, other] = await Promise.all([
        burst(protocol, family, { source: ADDRESS.client[family], count: 60 }),
        burst(protocol, family, { source: OTHER[family], count: 7 }),
      ]);
      expect(other).toEqual([7]);
      expect(flood[0]).toBeGreaterThanOrEqual(8);
      expect(flood[0]).toBeLessThan(20);
    });

    test('counts all addresses of a /64 as one client', async () => {
      const limits = { newConnectionsPerSecond: 1, burst: 10 };
      await kernel.apply(rulesOf({ web: Forward.tcp({ listen: 80, to: 9000, limits }) }));
      const counts = [
        await burst('tcp', 'v6', { source: OTHER.v6, count: 10 }),
        await burst('tcp', 'v6', { source: NEIGHBOUR, count: 30 }),
      ];
      expect(counts[0]).toEqual([10]);
      expect((counts[1] ?? [])[0]).toBeLessThan(10);
    });

    test("counts an unanswered flow's datagrams as one flow", async () => {
      const limits = { newConnectionsPerSecond: 1, burst: 2 };
      await kernel.apply(rulesOf({ sink: Forward.udp({ listen: 514, to: `${ADDRESS.backend.v4}:5140`, limits }) }));
      await host.sh(
        'backend',
        `nft add table inet seen; nft 'add chain inet seen in { type filter hook input priority 0; }'
        nft add rule inet seen in udp dport 5140 counter drop`,
      );
      await host.sh('client', `exec 3>/dev/udp/${ADDRESS.gateway.v4}/514; for i in {1..40}; do echo x >&3; done`);
      expect(await host.sh('backend', 'nft list table inet seen')).toContain('packets 40 ');
    });

    test('does not limit the gateway itself', async () => {
      const limits = { newConnectionsPerSecond: 1, burst: 2, openConnections: 1 };
      await kernel.apply(
        rulesOf({
          here: Forward.tcp({ listen: 80, to: 9000, limits }),
          there: Forward.tcp({ listen: 81, to: `${ADDRESS.backend.v4}:9000`, limits }),
        }),
      );
      for (const [port, name] of [
        [80, 'gateway'],
        [81, 'backend'],
      ] as const) {
        for (let i = 0; i < 8; i++)
          expect((await host.ask('gateway', 'tcp', ADDRESS.gateway.v4, port)).name).toBe(name);
      }
    });

    test('does not limit routed traffic to the same port', async () => {
      const limits = { newConnectionsPerSecond: 1, burst: 2 };
      await host.app('client', 'tcp', 80, 'far');
      await kernel.apply(
        rulesOf(
          { web: Forward.tcp({ listen: 80, to: `${ADDRESS.backend.v4}:9000`, limits }) },
          { egress: [{ text: '10.0.1.0/24', family: 4 }] },
        ),
      );
      for (let i = 0; i < 8; i++) expect((await host.ask('backend', 'tcp', ADDRESS.client.v4, 80)).name).toBe('far');
    });

    test('applies changed limits at once, and keeps counting for unchanged ones', async () => {
      const web = (perSecond: number) =>
        rulesOf({
          web: Forward.tcp({ listen: 80, to: 9000, limits: { newConnectionsPerSecond: perSecond, burst: 50 } }),
        });
      const source = ADDRESS.client.v4;
      await kernel.apply(web(1));
      expect(await burst('tcp', 'v4', { source, count: 50 })).toEqual([50]);
      await kernel.apply(rulesOf({ other: Forward.tcp({ listen: 81, to: 9000 }) }));
      await kernel.apply(web(2));
      expect(await burst('tcp', 'v4', { source, count: 40 })).toEqual([40]);
      const more = {
        ...rulesOf({
          other: Forward.tcp({ listen: 81, to: 9000 }),
          web: Forward.tcp({ listen: 80, to: 9000, limits: { newConnectionsPerSecond: 2, burst: 50 } }),
        }),
      };
      await kernel.apply(more);
      expect((await burst('tcp', 'v4', { source, count: 50 }))[0]).toBeLessThan(50);
    });
  });

  describe('open connections', () => {
    test.each(
      EVERY_WAY.flatMap(([protocol, family]) =>
        ['gateway', 'backend'].map((party) => [protocol, family, party] as const),
      ),
    )('%s over %s to the %s: each client gets the limit and no more', async (protocol, family, party) => {
      const limits = { openConnections: 3 };
      await kernel.apply(rulesOf({ web: Forward[protocol]({ listen: 80, to: at(party, family), limits }) }));
      // A UDP flow stays open until it times out, so closing frees nothing.
      const close = protocol === 'tcp' ? [1] : [];
      const [greedy, other] = await Promise.all([
        burst(protocol, family, { source: ADDRESS.client[family], count: 9, close }),
        burst(protocol, family, { source: OTHER[family], count: 3 }),
      ]);
      expect(other).toEqual([3]);
      expect(greedy).toEqual(protocol === 'tcp' ? [3, 1] : [3]);
    });

    test('counts all addresses of a /64 as one client', async () => {
      await kernel.apply(rulesOf({ web: Forward.udp({ listen: 80, to: 9000, limits: { openConnections: 4 } }) }));
      expect(await burst('udp', 'v6', { source: OTHER.v6, count: 3 })).toEqual([3]);
      expect(await burst('udp', 'v6', { source: NEIGHBOUR, count: 3 })).toEqual([1]);
      expect(await burst('udp', 'v6', { source: ADDRESS.client.v6, count: 3 })).toEqual([3]);
    });

    test('counts each forward separately', async () => {
      const limits = { openConnections: 2 };
      const to = 9000;
      await kernel.apply(
        rulesOf({ a: Forward.udp({ listen: 80, to, limits }), b: Forward.udp({ listen: '81-82', to, limits }) }),
      );
      const source = ADDRESS.client.v4;
      expect(await burst('udp', 'v4', { source, count: 4 })).toEqual([2]);
      expect(await burst('udp', 'v4', { source, port: 81, count: 1 })).toEqual([1]);
      // A range is one forward.
      expect(await burst('udp', 'v4', { source, port: 82, count: 4 })).toEqual([1]);
    });
  });
});
