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
    ['tcp', 'v4'],
    ['tcp', 'v6'],
    ['udp', 'v4'],
    ['udp', 'v6'],
  ] as const)('a range of %s over %s keeps the place in the range, shifted or not', async (protocol, family) => {
    const elsewhere = family === 'v4' ? ADDRESS.backend.v4 : `[${ADDRESS.backend.v6}]`;
    const ranges = [
      { listen: 6000, to: '7000-7010', party: 'gateway', first: 7000 },
      { listen: 6100, to: `${elsewhere}:7100-7110`, party: 'backend', first: 7100 },
      { listen: 6200, to: `${elsewhere}:6200-6210`, party: 'backend', first: 6200 },
    ] as const;
    const forwards = ranges.map(({ listen, to }, i) => [
      `range-${i}`,
      Forward[protocol]({ listen: `${listen}-${listen + 10}`, to }),
    ]);
    await kernel.apply(rulesOf(Object.fromEntries(forwards)));
    for (const { listen, party, first } of ranges) {
      // Both ends and the middle, and what is just outside.
      for (const place of [-1, 0, 4, 10, 11]) await host.app(party, protocol, first + place);
      const ask = (place: number) => host.ask('client', protocol, ADDRESS.gateway[family], listen + place);
      for (const place of [0, 4, 10]) expect(await ask(place)).toMatchObject({ name: party, port: first + place });
      for (const place of [-1, 11]) expect((await ask(place)).name).toMatch(/^none/);
    }
  });

  test.each([
    ['tcp', 'v4', 'backend'],
    ['tcp', 'v6', 'backend'],
    ['udp', 'v4', 'gateway'],
  ] as const)('connections of %s over %s to targets on the %s are shared evenly', async (protocol, family, party) => {
    const at = family === 'v4' ? ADDRESS.backend.v4 : `[${ADDRESS.backend.v6}]`;
    const ports = [9001, 9002, 9003];
    for (const port of ports) await host.app(party, protocol, port, `${port}`);
    const to = ports.map((port) => (party === 'gateway' ? port : `${at}:${port}`));
    await kernel.apply(rulesOf({ db: Forward[protocol]({ listen: 7000, to }) }));
    const shares = await host.share(protocol, ADDRESS.gateway[family], 7000, 1500);
    // Drawn by lot: 500 each with a deviation of 18, so a right rule leaves these bounds once in a million runs. Lots of a
    // third for each target, the usual mistake, would give the last one 667.
    expect(Object.keys(shares).sort()).toEqual(['9001', '9002', '9003']);
    for (const share of Object.values(shares)) expect(Math.abs(share - 500)).toBeLessThan(100);
  });

  test('datagrams of one client stay with the target that it drew', async () => {
    for (const port of [9001, 9002, 9003]) await host.app('gateway', 'udp', port, `${port}`);
    await kernel.apply(rulesOf({ game: Forward.udp({ listen: 7000, to: [9001, 9002, 9003] }) }));
    const ask = () => host.ask('client', 'udp', ADDRESS.gateway.v4, 7000, { port: 40_000 });
    const { name } = await ask();
    expect(name).toMatch(/^900[123]$/);
    for (let i = 0; i < 8; i++) expect((await ask()).name).toBe(name);
  });

  describe('only allowed sources are forwarded', () => {
    const ALLOWED = { v4: '198.51.100.77', v6: '2001:db8:100::77' } as const;

    test.each([
      ['tcp', 'v4'],
      ['tcp', 'v6'],
      ['udp', 'v4'],
      ['udp', 'v6'],
    ] as const)('%s over %s', async (protocol, family) => {
      await host.sh('client', `ip addr add ${ALLOWED.v4}/24 dev eth0; ip addr add ${ALLOWED.v6}/64 dev eth0 nodad`);
      await host.app('gateway', protocol, 8080);
      const allowFrom = [`${ALLOWED.v4}/32`, `${ALLOWED.v6}/128`];
      await kernel.apply(rulesOf({ web: Forward[protocol]({ listen: 80, to: 8080, allowFrom }) }));
      const ask = (source: string) =>
        host.ask('client', protocol, ADDRESS.gateway[family], 80, { address: source }).then(({ name }) => name);
      expect(await ask(ADDRESS.client[family])).toMatch(/^none/);
      expect(await ask(ALLOWED[family])).toBe('gateway');
      const loopback = family === 'v4' ? '127.0.0.1' : '::1';
      // REDIRECT leads the gateway's own packets to loopback, and a UDP socket of all addresses then answers from another one.
      for (const address of protocol === 'tcp' ? [loopback, ADDRESS.gateway[family]] : [loopback]) {
        expect((await host.ask('gateway', protocol, address, 80)).name).toBe('gateway');
      }
    });

    test('a family without an allowed source is not forwarded at all', async () => {
      await host.app('gateway', 'tcp', 8080);
      const web = Forward.tcp({ listen: 80, to: 8080, allowFrom: ['0.0.0.0/0'] });
      await kernel.apply(rulesOf({ web }));
      expect((await host.ask('client', 'tcp', ADDRESS.gateway.v4, 80)).name).toBe('gateway');
      expect((await host.ask('client', 'tcp', ADDRESS.gateway.v6, 80)).name).toMatch(/^none/);
    });
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
      const ask = () => host.ask('client', 'udp', ADDRESS.gateway.v4, 7000, { port: SOURCE });
      expect((await ask()).name).toBe('old');
      await kernel.apply(rulesOf({ game: Forward.udp({ listen: 7000, to: 9001 }) }));
      expect((await ask()).name).toBe('new');
    });

    test('of a changed range, over IPv6, reach the new target', async () => {
      await kernel.apply(rulesOf({ game: game('7000-7005') }));
      const ask = () => host.ask('client', 'udp', ADDRESS.gateway.v6, 7003, { port: SOURCE });
      expect((await ask()).name).toBe('old');
      await kernel.apply(rulesOf({ game: Forward.udp({ listen: '7000-7005', to: 9001 }) }));
      expect((await ask()).name).toBe('new');
    });

    test('of other forwards stay what they were', async () => {
      await kernel.apply(rulesOf({ game: game(7000), voice: game(7100) }));
      await host.ask('client', 'udp', ADDRESS.gateway.v4, 7000, { port: SOURCE });
      await host.ask('client', 'udp', ADDRESS.gateway.v4, 7100, { port: SOURCE });
      const flows = () => host.sh('gateway', 'conntrack -L -p udp 2>/dev/null');
      expect(await flows()).toMatch(/dport=7000 .*\n.*dport=7100 |dport=7100 .*\n.*dport=7000 /);
      await kernel.apply(rulesOf({ game: Forward.udp({ listen: 7000, to: 9001 }), voice: game(7100) }));
      expect(await flows()).toMatch(/sport=40000 dport=7100 /);
      expect(await flows()).not.toMatch(/sport=40000 dport=7000 /);
    });
  });
});
