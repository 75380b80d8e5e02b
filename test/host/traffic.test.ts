import { Forward } from '../../lib/forward/forward';
import { ADDRESS, describeHost, type Host } from './support/host';
import { RulesHost, rulesOf } from './support/rules';

jest.setTimeout(60_000);

/** What packets meet under the rules that synth renders. */
describeHost('traffic through iptables', () => {
  let kernel: RulesHost;
  let host: Host;
  beforeEach(async () => {
    kernel = await RulesHost.start();
    host = kernel.host;
    // Docker and ufw do this; what we forward must pass nevertheless.
    await host.sh('gateway', 'iptables-nft -P FORWARD DROP; ip6tables-nft -P FORWARD DROP');
    await host.sh('gateway', 'sysctl -qw net.ipv4.ip_forward=1 net.ipv6.conf.all.forwarding=1');
  });
  afterEach(() => kernel.stop());

  test.each([
    ['tcp', 'v4'],
    ['tcp', 'v6'],
    ['udp', 'v4'],
    ['udp', 'v6'],
  ] as const)('%s over %s to a port on the gateway: the application sees the client', async (protocol, family) => {
    await host.app('gateway', protocol, 8080);
    expect((await host.ask('client', protocol, ADDRESS.gateway[family], 80)).name).toMatch(/^none/);
    await kernel.apply(rulesOf({ web: Forward[protocol]({ listen: 80, to: 8080 }) }));
    expect(await host.ask('client', protocol, ADDRESS.gateway[family], 80)).toMatchObject({
      name: 'gateway',
      client: ADDRESS.client[family],
    });
  });

  test.each([
    ['tcp', 'v4'],
    ['tcp', 'v6'],
    ['udp', 'v4'],
    ['udp', 'v6'],
  ] as const)('%s over %s to a backend of another subnet: it sees the gateway', async (protocol, family) => {
    const at = ADDRESS.backend[family];
    await host.app('backend', protocol, 9000);
    const to = family === 'v4' ? `${at}:9000` : `[${at}]:9000`;
    await kernel.apply(rulesOf({ game: Forward[protocol]({ listen: 7000, to }) }));
    expect(await host.ask('client', protocol, ADDRESS.gateway[family], 7000)).toMatchObject({
      name: 'backend',
      client: ADDRESS.inside[family],
    });
    // From the gateway itself as well.
    expect(await host.ask('gateway', protocol, ADDRESS.gateway[family], 7000)).toMatchObject({ name: 'backend' });
  });

  test('nothing but forwards passes the gateway', async () => {
    await host.app('backend', 'tcp', 9000);
    await host.app('backend', 'tcp', 9001);
    await kernel.apply(rulesOf({ game: Forward.tcp({ listen: 7000, to: `${ADDRESS.backend.v4}:9000` }) }));
    expect((await host.ask('client', 'tcp', ADDRESS.gateway.v4, 7000)).name).toBe('backend');
    expect((await host.ask('client', 'tcp', ADDRESS.backend.v4, 9000)).name).toMatch(/^none/);
    expect((await host.ask('client', 'tcp', ADDRESS.gateway.v4, 9001)).name).toMatch(/^none/);
  });

  test('the gateway reaches its own forwards by loopback and by its address', async () => {
    await host.app('gateway', 'tcp', 8080);
    await kernel.apply(rulesOf({ web: Forward.tcp({ listen: 80, to: 8080 }) }));
    for (const address of ['127.0.0.1', '::1', ADDRESS.gateway.v4, ADDRESS.inside.v6]) {
      expect(await host.ask('gateway', 'tcp', address, 80)).toMatchObject({ name: 'gateway', port: 8080 });
    }
  });

  test("the gateway's own connections to 80 and 443 of others are not led to the application", async () => {
    await host.app('gateway', 'tcp', 8080, 'hijacked');
    await host.app('client', 'tcp', 80, 'somebody else');
    await host.app('client', 'tcp', 443, 'somebody else');
    await kernel.apply(
      rulesOf({ web: Forward.tcp({ listen: 80, to: 8080 }), secure: Forward.tcp({ listen: 443, to: 8080 }) }),
    );
    for (const port of [80, 443]) {
      for (const address of [ADDRESS.client.v4, ADDRESS.client.v6]) {
        expect((await host.ask('gateway', 'tcp', address, port)).name).toBe('somebody else');
      }
    }
  });

  test('connections that the gateway only routes are not led to the application', async () => {
    await host.app('gateway', 'tcp', 8080, 'hijacked');
    await host.app('client', 'tcp', 80, 'somebody else');
    await host.sh('backend', `ip route add default via ${ADDRESS.inside.v4}`);
    await host.sh('gateway', 'iptables-nft -P FORWARD ACCEPT');
    await kernel.apply(rulesOf({ web: Forward.tcp({ listen: 80, to: 8080 }) }));
    expect((await host.ask('backend', 'tcp', ADDRESS.client.v4, 80)).name).toBe('somebody else');
  });

  test.each([
    ['on the gateway', 'gateway', '7000-7010'],
    ['elsewhere', 'backend', `${ADDRESS.backend.v4}:7000-7010`],
  ] as const)('a shifted range %s keeps the place in the range', async (_, party, to) => {
    for (const port of [7000, 7004, 7010]) await host.app(party, 'udp', port);
    await kernel.apply(rulesOf({ voice: Forward.udp({ listen: '6000-6010', to }) }));
    for (const port of [6000, 6004, 6010]) {
      const answer = await host.ask('client', 'udp', ADDRESS.gateway.v4, port);
      expect(answer).toMatchObject({ name: party, port: port + 1000 });
    }
  });

  test('only allowed sources are forwarded', async () => {
    await host.app('gateway', 'tcp', 8080);
    const web = Forward.tcp({ listen: 80, to: 8080, allowFrom: ['198.51.100.77/32'] });
    await kernel.apply(rulesOf({ web }));
    expect((await host.ask('client', 'tcp', ADDRESS.gateway.v4, 80)).name).toMatch(/^none/);
    await host.sh('client', 'ip addr flush dev eth0; ip addr add 198.51.100.77/24 dev eth0');
    expect((await host.ask('client', 'tcp', ADDRESS.gateway.v4, 80)).client).toBe('198.51.100.77');
    expect((await host.ask('gateway', 'tcp', '127.0.0.1', 80)).name).toBe('gateway');
  });

  describe('UDP flows that go on while the rules change', () => {
    const game = (port: number | string) => Forward.udp({ listen: port, to: 9000 });
    const SOURCE = 40_000;

    beforeEach(async () => {
      await host.app('gateway', 'udp', 9000, 'old');
      await host.app('gateway', 'udp', 9001, 'new');
    });

    test('of a changed forward reach the new target', async () => {
      await kernel.apply(rulesOf({ game: game(7000) }));
      const ask = () => host.ask('client', 'udp', ADDRESS.gateway.v4, 7000, SOURCE);
      expect((await ask()).name).toBe('old');
      await kernel.apply(rulesOf({ game: Forward.udp({ listen: 7000, to: 9001 }) }));
      expect((await ask()).name).toBe('new');
    });

    test('of a changed range, over IPv6, reach the new target', async () => {
      await kernel.apply(rulesOf({ game: game('7000-7005') }));
      const ask = () => host.ask('client', 'udp', ADDRESS.gateway.v6, 7003, SOURCE);
      expect((await ask()).name).toBe('old');
      await kernel.apply(rulesOf({ game: Forward.udp({ listen: '7000-7005', to: 9001 }) }));
      expect((await ask()).name).toBe('new');
    });

    test('of other forwards stay what they were', async () => {
      await kernel.apply(rulesOf({ game: game(7000), voice: game(7100) }));
      await host.ask('client', 'udp', ADDRESS.gateway.v4, 7000, SOURCE);
      await host.ask('client', 'udp', ADDRESS.gateway.v4, 7100, SOURCE);
      const flows = () => host.sh('gateway', 'conntrack -L -p udp 2>/dev/null');
      expect(await flows()).toMatch(/dport=7000 .*\n.*dport=7100 |dport=7100 .*\n.*dport=7000 /);
      await kernel.apply(rulesOf({ game: Forward.udp({ listen: 7000, to: 9001 }), voice: game(7100) }));
      expect(await flows()).toMatch(/sport=40000 dport=7100 /);
      expect(await flows()).not.toMatch(/sport=40000 dport=7000 /);
    });
  });
});
