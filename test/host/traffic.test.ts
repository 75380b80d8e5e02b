import { Forward } from '../../lib/forward/forward';
import { ADDRESS, describeHost, type Host } from './support/host';
import { type RulesHost, rulesOf } from './support/rules';
import { EVERY_WAY, inTarget, strictGateway } from './support/strict';

jest.setTimeout(60_000);

/** Traffic through the rules that synth renders. */
describeHost('traffic through iptables', () => {
  let kernel: RulesHost;
  let host: Host;
  beforeEach(async () => {
    kernel = await strictGateway();
    host = kernel.host;
  });
  afterEach(() => kernel.stop());

  test.each(EVERY_WAY)(
    '%s over %s to a port on the gateway: shows the application the client',
    async (protocol, family) => {
      await host.app('gateway', protocol, 8080);
      expect((await host.ask('client', protocol, ADDRESS.gateway[family], 80)).name).toMatch(/^none/);
      await kernel.apply(rulesOf({ web: Forward[protocol]({ listen: 80, to: 8080 }) }));
      expect(await host.ask('client', protocol, ADDRESS.gateway[family], 80)).toMatchObject({
        name: 'gateway',
        client: ADDRESS.client[family],
      });
    },
  );

  test.each(EVERY_WAY)('%s over %s to a backend in another subnet: shows it the gateway', async (protocol, family) => {
    const at = ADDRESS.backend[family];
    await host.app('backend', protocol, 9000);
    const to = family === 'v4' ? `${at}:9000` : `[${at}]:9000`;
    await kernel.apply(rulesOf({ game: Forward[protocol]({ listen: 7000, to }) }));
    expect(await host.ask('client', protocol, ADDRESS.gateway[family], 7000)).toMatchObject({
      name: 'backend',
      client: ADDRESS.inside[family],
    });
    // From the gateway itself too.
    expect(await host.ask('gateway', protocol, ADDRESS.gateway[family], 7000)).toMatchObject({ name: 'backend' });
  });

  test('passes nothing but forwards', async () => {
    await host.app('backend', 'tcp', 9000);
    await host.app('backend', 'tcp', 9001);
    await kernel.apply(rulesOf({ game: Forward.tcp({ listen: 7000, to: `${ADDRESS.backend.v4}:9000` }) }));
    expect((await host.ask('client', 'tcp', ADDRESS.gateway.v4, 7000)).name).toBe('backend');
    expect((await host.ask('client', 'tcp', ADDRESS.backend.v4, 9000)).name).toMatch(/^none/);
    expect((await host.ask('client', 'tcp', ADDRESS.gateway.v4, 9001)).name).toMatch(/^none/);
  });

  test('serves the gateway itself on loopback and on its own address', async () => {
    await host.app('gateway', 'tcp', 8080);
    await kernel.apply(rulesOf({ web: Forward.tcp({ listen: 80, to: 8080 }) }));
    for (const address of ['127.0.0.1', '::1', ADDRESS.gateway.v4, ADDRESS.inside.v6]) {
      expect(await host.ask('gateway', 'tcp', address, 80)).toMatchObject({ name: 'gateway', port: 8080 });
    }
  });

  test.each(EVERY_WAY)('leaves services on loopback addresses reachable, by %s over %s', async (protocol, family) => {
    const [own, stub] = family === 'v4' ? ['127.0.0.1', '127.0.0.53'] : ['::1', '::1'];
    await host.app('gateway', protocol, 53, 'resolver', stub);
    await host.app('gateway', protocol, 5432, 'database', own);
    await host.app('gateway', protocol, 5353, 'forwarded');
    const at = inTarget(ADDRESS.backend[family]);
    const asked = async (address: string, port: number) => (await host.ask('gateway', protocol, address, port)).name;
    const { gateway } = ADDRESS;
    for (const to of [`${at}:53`, 5353]) {
      await kernel.apply(
        rulesOf({
          dns: Forward[protocol]({ listen: 53, to }),
          db: Forward[protocol]({ listen: 5432, to: `${at}:5432` }),
          web: Forward[protocol]({ listen: 80, to: 5353 }),
        }),
      );
      // IPv6 has only one loopback address, ::1: like 127.0.0.1, it reaches a forward on the same port.
      if (family === 'v4' || to !== 5353) expect(await asked(stub, 53)).toBe('resolver');
      else expect(await asked(own, 53)).toBe('forwarded');
      expect(await asked(own, 5432)).toBe('database');
      expect(await asked(own, 80)).toBe('forwarded');
      if (protocol === 'tcp') expect(await asked(gateway[family], 80)).toBe('forwarded');
    }
  });

  test("leaves the gateway's own connections to ports 80 and 443 of other hosts alone", async () => {
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

  test('leaves routed connections alone', async () => {
    await host.app('gateway', 'tcp', 8080, 'hijacked');
    await host.app('client', 'tcp', 80, 'somebody else');
    await host.sh('gateway', 'iptables-nft -P FORWARD ACCEPT');
    await kernel.apply(rulesOf({ web: Forward.tcp({ listen: 80, to: 8080 }) }));
    expect((await host.ask('backend', 'tcp', ADDRESS.client.v4, 80)).name).toBe('somebody else');
  });

  test.each(EVERY_WAY)('maps a range of %s over %s to the same offset, shifted or not', async (protocol, family) => {
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
      // Both ends, the middle, and just outside.
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
  ] as const)('shares connections of %s over %s evenly between targets on the %s', async (protocol, family, party) => {
    const at = family === 'v4' ? ADDRESS.backend.v4 : `[${ADDRESS.backend.v6}]`;
    const ports = [9001, 9002, 9003];
    for (const port of ports) await host.app(party, protocol, port, `${port}`);
    const to = ports.map((port) => (party === 'gateway' ? port : `${at}:${port}`));
    await kernel.apply(rulesOf({ db: Forward[protocol]({ listen: 7000, to }) }));
    const shares = await host.share(protocol, ADDRESS.gateway[family], 7000, 1500);
    // Random: 500 each with a deviation of 18, so a correct rule exceeds these bounds once in a million runs. A probability of a
    // third for each rule, the usual mistake, would give the last one 667.
    expect(Object.keys(shares).sort()).toEqual(['9001', '9002', '9003']);
    for (const share of Object.values(shares)) expect(Math.abs(share - 500)).toBeLessThan(100);
  });

  test("keeps a client's datagrams on the target it was assigned", async () => {
    for (const port of [9001, 9002, 9003]) await host.app('gateway', 'udp', port, `${port}`);
    await kernel.apply(rulesOf({ game: Forward.udp({ listen: 7000, to: [9001, 9002, 9003] }) }));
    const ask = () => host.ask('client', 'udp', ADDRESS.gateway.v4, 7000, { port: 40_000 });
    const { name } = await ask();
    expect(name).toMatch(/^900[123]$/);
    for (let i = 0; i < 8; i++) expect((await ask()).name).toBe(name);
  });

  test.each(EVERY_WAY)('forwards %s over %s from one interface only', async (protocol, family) => {
    await host.app('gateway', protocol, 8080);
    const forward = (name: string) => rulesOf({ web: Forward[protocol]({ listen: 80, to: 8080, interface: name }) });
    const asked = async (party: 'client' | 'gateway', address: string) =>
      (await host.ask(party, protocol, address, 80)).name;
    for (const name of ['ens5', 'ens5+', 'e+']) {
      await kernel.apply(forward(name));
      expect(await asked('client', ADDRESS.gateway[family])).toBe('gateway');
      // The gateway's own connections come in on no interface.
      expect(await asked('gateway', ADDRESS.gateway[family])).toMatch(/^none/);
    }
    await kernel.apply(forward('ens6'));
    expect(await asked('client', ADDRESS.gateway[family])).toMatch(/^none/);
  });

  test.each(['tcp', 'udp'] as const)('forwards %s on one IP version only', async (protocol) => {
    await host.app('gateway', protocol, 8080);
    for (const [family, there, not] of [
      ['ipv4', 'v4', 'v6'],
      ['ipv6', 'v6', 'v4'],
    ] as const) {
      await kernel.apply(rulesOf({ web: Forward[protocol]({ listen: 80, to: 8080, family }) }));
      expect((await host.ask('client', protocol, ADDRESS.gateway[there], 80)).name).toBe('gateway');
      expect((await host.ask('client', protocol, ADDRESS.gateway[not], 80)).name).toMatch(/^none/);
    }
  });

  test('finds the target of each of hundreds of forwards', async () => {
    const count = 400;
    const listen = (i: number) => 1000 + i * 7;
    const forwards = Array.from({ length: count }, (_, i) => {
      const to = [9000, `${ADDRESS.backend.v4}:9000`, `${ADDRESS.backend.v4}:${9000 + (i % 2)}`][i % 3] as
        | number
        | string;
      const props = { listen: i % 5 === 4 ? `${listen(i)}-${listen(i) + 3}` : listen(i), to };
      return [
        `f${i}`,
        i % 3 === 2 ? Forward.tcp({ ...props, preserveClientAddress: true }) : Forward.tcp(props),
      ] as const;
    });
    await kernel.apply(rulesOf(Object.fromEntries(forwards)));
    await host.app('gateway', 'tcp', 9000);
    await host.app('backend', 'tcp', 9000);
    await host.app('backend', 'tcp', 9001);
    const ask = (port: number) => host.ask('client', 'tcp', ADDRESS.gateway.v4, port);
    for (const i of [0, 1, 2, 4, 8, 63, 64, 65, 200, 201, 202, count - 3, count - 2, count - 1]) {
      const expected = [
        { name: 'gateway', client: ADDRESS.client.v4 },
        { name: 'backend', port: 9000, client: ADDRESS.inside.v4 },
        { name: 'backend', port: 9000 + (i % 2), client: ADDRESS.client.v4 },
      ][i % 3];
      for (const place of i % 5 === 4 ? [0, 3] : [0])
        expect(await ask(listen(i) + place)).toMatchObject(expected as object);
      expect((await ask(listen(i) + 5)).name).toMatch(/^none/);
    }
  });

  describe('UDP flows during a change of rules', () => {
    const game = (port: number | string) => Forward.udp({ listen: port, to: 9000 });
    const SOURCE = 40_000;

    beforeEach(async () => {
      await host.app('gateway', 'udp', 9000, 'old');
      await host.app('gateway', 'udp', 9001, 'new');
    });

    test('reach the new target of a changed forward', async () => {
      await kernel.apply(rulesOf({ game: game(7000) }));
      const ask = () => host.ask('client', 'udp', ADDRESS.gateway.v4, 7000, { port: SOURCE });
      expect((await ask()).name).toBe('old');
      await kernel.apply(rulesOf({ game: Forward.udp({ listen: 7000, to: 9001 }) }));
      expect((await ask()).name).toBe('new');
    });

    test('reach the new target of a changed range, over IPv6', async () => {
      await kernel.apply(rulesOf({ game: game('7000-7005') }));
      const ask = () => host.ask('client', 'udp', ADDRESS.gateway.v6, 7003, { port: SOURCE });
      expect((await ask()).name).toBe('old');
      await kernel.apply(rulesOf({ game: Forward.udp({ listen: '7000-7005', to: 9001 }) }));
      expect((await ask()).name).toBe('new');
    });

    test('stay with their target for unchanged forwards', async () => {
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
