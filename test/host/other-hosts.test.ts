import { Forward } from '../../lib/forward/forward';
import { ADDRESS, describeHost, type Host } from './support/host';
import { type RulesHost, rulesOf } from './support/rules';
import { EVERY_WAY, inTarget, strictGateway } from './support/strict';

jest.setTimeout(60_000);

/** Targets on other hosts: which addresses they see, beside other software that marks and drops packets on the gateway. */
describeHost('targets on other hosts', () => {
  let kernel: RulesHost;
  let host: Host;
  beforeEach(async () => {
    kernel = await strictGateway();
    host = kernel.host;
  });
  afterEach(() => kernel.stop());

  describe('hairpin: a backend reaches backends through the gateway', () => {
    const NEIGHBOUR = { v4: '10.0.1.11', v6: 'fd00:1::11' } as const;

    test.each(EVERY_WAY)('%s over %s to itself and to a neighbour', async (protocol, family) => {
      await host.sh(
        'backend',
        `ip addr add ${NEIGHBOUR.v4}/24 dev eth0; ip addr add ${NEIGHBOUR.v6}/64 dev eth0 nodad preferred_lft 0`,
      );
      await host.app('backend', protocol, 9000);
      const to = `${inTarget(ADDRESS.backend[family])}:9000`;
      await kernel.apply(rulesOf({ game: Forward[protocol]({ listen: 7000, to }) }));
      for (const address of [ADDRESS.backend[family], NEIGHBOUR[family]]) {
        const answer = await host.ask('backend', protocol, ADDRESS.inside[family], 7000, { address });
        expect(answer).toMatchObject({ name: 'backend', client: ADDRESS.inside[family] });
      }
    });
  });

  describe('preserveClientAddress', () => {
    test.each(EVERY_WAY)(
      "%s over %s: the backend sees clients' addresses, and the gateway's for traffic from the gateway or itself",
      async (protocol, family) => {
        await host.app('backend', protocol, 9000);
        const to = `${inTarget(ADDRESS.backend[family])}:9000`;
        await kernel.apply(rulesOf({ game: Forward[protocol]({ listen: 7000, to, preserveClientAddress: true }) }));
        const { client, gateway, inside, backend } = ADDRESS;
        expect((await host.ask('client', protocol, gateway[family], 7000)).client).toBe(client[family]);
        expect((await host.ask('gateway', protocol, inside[family], 7000)).client).toBe(inside[family]);
        const own = await host.ask('backend', protocol, inside[family], 7000, { address: backend[family] });
        expect(own.client).toBe(inside[family]);
      },
    );

    test('works beside a forward to the same target without it', async () => {
      await host.app('backend', 'tcp', 9000);
      const to = `${ADDRESS.backend.v4}:9000`;
      const forwards = {
        kept: Forward.tcp({ listen: 80, to, preserveClientAddress: true }),
        not: Forward.tcp({ listen: 81, to }),
      };
      await kernel.apply(rulesOf(forwards));
      expect((await host.ask('client', 'tcp', ADDRESS.gateway.v4, 80)).client).toBe(ADDRESS.client.v4);
      expect((await host.ask('client', 'tcp', ADDRESS.gateway.v4, 81)).client).toBe(ADDRESS.inside.v4);
    });

    // The target answers its neighbour directly, bypassing the gateway, from an address that was not asked. No rule can change that.
    test('does not answer a neighbour of the target', async () => {
      await host.app('client', 'tcp', 9000);
      await host.sh('client', 'ip addr add 198.51.100.77/24 dev eth0');
      const to = '198.51.100.77:9000';
      await kernel.apply(rulesOf({ game: Forward.tcp({ listen: 7000, to, preserveClientAddress: true }) }));
      expect((await host.ask('client', 'tcp', ADDRESS.gateway.v4, 7000)).name).toMatch(/^none/);
    });
  });

  test.each(['v4', 'v6'] as const)('passes an unanswered flow over %s', async (family) => {
    const to = `${inTarget(ADDRESS.backend[family])}:5140`;
    await kernel.apply(rulesOf({ log: Forward.udp({ listen: 514, to }) }));
    await host.sh(
      'backend',
      `nft add table inet seen; nft 'add chain inet seen in { type filter hook input priority 0; }'
      nft add rule inet seen in udp dport 5140 counter drop`,
    );
    await host.sh('client', `exec 3>/dev/udp/${ADDRESS.gateway[family]}/514; for i in {1..20}; do echo x >&3; done`);
    expect(await host.sh('backend', 'nft list table inet seen')).toContain('packets 20 ');
  });

  test("passes a client's retry to a target that did not answer the first time", async () => {
    await host.app('backend', 'tcp', 9000);
    await kernel.apply(rulesOf({ game: Forward.tcp({ listen: 7000, to: `${ADDRESS.backend.v4}:9000` }) }));
    // Loses the first packet of each connection silently.
    await host.sh(
      'backend',
      `nft add table inet lossy; nft 'add chain inet lossy in { type filter hook input priority 0; }'
      nft add rule inet lossy in tcp dport 9000 tcp flags syn numgen inc mod 2 0 drop`,
    );
    expect((await host.ask('client', 'tcp', ADDRESS.gateway.v4, 7000)).name).toBe('backend');
  });

  describe('marks of other software', () => {
    beforeEach(() =>
      // Counts packets after all our rules: those to the gateway itself, and those that leave it.
      host.sh(
        'gateway',
        `iptables-nft -t mangle -A PREROUTING -j MARK --set-mark 0x5
        nft -f - <<'END'
        table inet watch {
          counter five { }
          counter ours { }
          chain in { type filter hook input priority 300; tcp flags syn meta mark 5 counter name five; }
          chain out { type filter hook postrouting priority 300; meta l4proto tcp meta mark & 0x70000000 != 0 counter name ours; }
        }
END`,
      ),
    );
    const seen = async (counter: string) =>
      Number(/packets (\d+)/.exec(await host.sh('gateway', `nft list counter inet watch ${counter}`))?.[1]);

    test('do not affect forwards, and stay on other traffic', async () => {
      await host.app('backend', 'tcp', 9000);
      await host.app('gateway', 'tcp', 22);
      const to = `${ADDRESS.backend.v4}:9000`;
      const kept = Forward.tcp({ listen: 81, to, preserveClientAddress: true });
      await kernel.apply(rulesOf({ answered: Forward.tcp({ listen: 80, to }), kept }));
      // Another program marks forwarded packets, with its own bits.
      await host.sh('gateway', 'iptables-nft -t mangle -A FORWARD -j MARK --set-xmark 0x40000/0xff0000');
      const ask = (port: number) => host.ask('client', 'tcp', ADDRESS.gateway.v4, port);
      expect(await ask(80)).toMatchObject({ name: 'backend', client: ADDRESS.inside.v4 });
      expect(await ask(81)).toMatchObject({ name: 'backend', client: ADDRESS.client.v4 });
      expect(await seen('five')).toBe(0);
      expect(await ask(22)).toMatchObject({ name: 'gateway' });
      expect(await seen('five')).toBe(1);
      expect(await seen('ours')).toBe(0);
    });

    test('are ignored if they use our bits on untranslated traffic', async () => {
      await host.app('client', 'tcp', 80, 'far');
      await kernel.apply(rulesOf({ game: Forward.tcp({ listen: 7000, to: `${ADDRESS.backend.v4}:9000` }) }));
      await host.sh('gateway', 'iptables-nft -t mangle -A PREROUTING -j MARK --set-mark 0x70000000');
      // docker's policy drops routed traffic; traffic that passes keeps its address.
      expect((await host.ask('backend', 'tcp', ADDRESS.client.v4, 80)).name).toMatch(/^none/);
      await host.sh('gateway', 'iptables-nft -P FORWARD ACCEPT');
      expect(await host.ask('backend', 'tcp', ADDRESS.client.v4, 80)).toMatchObject({
        name: 'far',
        client: ADDRESS.backend.v4,
      });
    });
  });
});
