import { Forward } from '../../lib/forward/forward';
import { HealthHost } from './support/health';
import { answering, at, BACKENDS, chain, NAMES, QUICK, serve } from './support/health-backends';
import { ADDRESS, describeHost, type Host } from './support/host';

jest.setTimeout(120_000);

/** Targets die and return: over IPv6, over both IP versions, and with clients that keep their target. */
describeHost('health checks over both IP versions', () => {
  let health: HealthHost;
  let host: Host;
  beforeEach(async () => {
    health = await HealthHost.start();
    host = health.host;
  });
  afterEach(() => health.stop());

  test.each(['v4', 'v6'] as const)(
    "moves only a dead target's clients with balance source, over %s",
    async (family) => {
      // An IPv6 client is a /64.
      const clients = Array.from({ length: 24 }, (_, i) =>
        family === 'v4' ? `198.51.100.${100 + i}` : `2001:db8:200:${i}::10`,
      );
      const add = clients.map((address) => `ip addr add ${address}/${family === 'v4' ? 24 : 64} dev eth0`);
      await host.sh('client', family === 'v4' ? add.join('\n') : add.map((line) => `${line} nodad`).join('\n'));
      await host.sh('gateway', `ip route add 2001:db8:200::/48 via ${ADDRESS.client.v6}`);
      await serve(health, 'tcp', family);
      const to = NAMES.map((name) => at(name, family));
      await health.deploy({ db: Forward.tcp({ listen: 7000, to, balance: 'source', healthCheck: QUICK }) });
      const answers = async () => {
        const all = new Map<string, string>();
        for (const address of clients) {
          const { name } = await host.ask('client', 'tcp', ADDRESS.gateway[family], 7000, { address });
          all.set(address, name);
        }
        return all;
      };
      const rules = await chain(health, 'db', family === 'v4' ? 'iptables' : 'ip6tables');
      const whole = await answers();
      expect(new Set(whole.values())).toEqual(new Set(NAMES));

      await health.silence(BACKENDS.second[family]);
      await health.down(at('second', family));
      const without = await answers();
      const moved = clients.filter((address) => whole.get(address) === 'second');
      for (const address of clients.filter((c) => !moved.includes(c)))
        expect(without.get(address)).toBe(whole.get(address));
      // The dead target's clients are shared by the others.
      expect(new Set(moved.map((address) => without.get(address)))).toEqual(new Set(['first', 'third']));

      await health.silence(BACKENDS.first[family]);
      await health.down(at('first', family), at('second', family));
      expect(new Set((await answers()).values())).toEqual(new Set(['third']));

      await health.return(BACKENDS.first[family]);
      await health.down(at('second', family));
      expect(await answers()).toEqual(without);
      await health.return(BACKENDS.second[family]);
      await health.down();
      expect(await chain(health, 'db', family === 'v4' ? 'iptables' : 'ip6tables')).toEqual(rules);
      expect(await answers()).toEqual(whole);
    },
  );

  test('takes out a dead target over IPv6', async () => {
    await serve(health, 'tcp', 'v6');
    const to = NAMES.map((name) => at(name, 'v6'));
    await health.deploy({ db: Forward.tcp({ listen: 7000, to, healthCheck: QUICK }) });
    const before = await chain(health, 'db', 'ip6tables');
    expect(await answering(health, 60, 'v6')).toEqual(['first', 'second', 'third']);
    await health.silence(BACKENDS.third.v6);
    await health.down(at('third', 'v6'));
    expect(await answering(health, 200, 'v6')).toEqual(['first', 'second']);
    await health.return(BACKENDS.third.v6);
    await health.down();
    expect(await chain(health, 'db', 'ip6tables')).toEqual(before);
  });

  test('tracks live targets per family when a forward has both', async () => {
    await serve(health, 'tcp', 'v4', ['first', 'second']);
    await serve(health, 'tcp', 'v6', ['first', 'second']);
    const to = (['first', 'second'] as const).flatMap((name) => [at(name), at(name, 'v6')]);
    await health.deploy({ db: Forward.tcp({ listen: 7000, to, healthCheck: QUICK }) });
    await health.silence(BACKENDS.first.v4);
    await health.down(at('first'));
    expect(await answering(health)).toEqual(['second']);
    expect(await answering(health, 60, 'v6')).toEqual(['first', 'second']);
    await health.silence(BACKENDS.second.v6);
    await health.down(at('first'), at('second', 'v6'));
    expect(await answering(health)).toEqual(['second']);
    expect(await answering(health, 60, 'v6')).toEqual(['first']);
  });

  test('checks targets on the gateway itself, in both families', async () => {
    for (const name of ['first', 'second'] as const) await host.app('gateway', 'tcp', BACKENDS[name].port, name);
    await health.deploy({ web: Forward.tcp({ listen: 7000, to: [9001, 9002], healthCheck: QUICK }) });
    await health.killApplication('gateway', 9001);
    await health.down('9001');
    expect(await answering(health)).toEqual(['second']);
    expect(await answering(health, 60, 'v6')).toEqual(['second']);
    await host.app('gateway', 'tcp', 9001, 'first');
    await health.down();
    expect(await answering(health)).toEqual(['first', 'second']);
  });
});
