import { Forward } from '../../lib/forward/forward';
import { ADDRESS, describeHost } from './support/host';
import { RulesHost, rulesOf } from './support/rules';

jest.setTimeout(60_000);

const CLIENT_PORT = 5555;

describeHost('tracked flows of forwards without connections', () => {
  let kernel: RulesHost;
  beforeAll(async () => {
    kernel = await RulesHost.start();
    const { host } = kernel;
    await host.sh('gateway', 'echo 1 >/proc/sys/net/ipv4/ip_forward; echo 1 >/proc/sys/net/ipv6/conf/all/forwarding');
    await host.sh(
      'backend',
      `ip route add default via ${ADDRESS.inside.v4}; ip addr add 10.0.1.11/24 dev eth0; ip -6 route add default via ${ADDRESS.inside.v6}`,
    );
    for (const port of [9001, 9002, 27015]) await host.app('backend', 'udp', port, `backend ${port}`);
    await host.app('gateway', 'udp', 7000);
    for (const address of [ADDRESS.backend.v4, '10.0.1.11'])
      await host.serve('backend', ['python3', host.support('backend', 'raw.py'), 'serve', '50', address]);
  });
  afterAll(() => kernel.stop());
  beforeEach(async () => {
    await kernel.script('remove');
    await kernel.host.sh('gateway', 'conntrack -F');
  });

  /** Who answers a client that keeps its source port. */
  const ask = async (port: number, address: string = ADDRESS.gateway.v4) =>
    (await kernel.host.ask('client', 'udp', address, port, { port: CLIENT_PORT })).name;

  /** Conntrack ids of the flows that were opened to a port. */
  const flows = async (port: number, family = 'ipv4') =>
    (await kernel.host.sh('gateway', `conntrack -L -o id -f ${family} -p udp --orig-port-dst ${port} 2>/dev/null`))
      .split('\n')
      .flatMap((line) => / id=(\d+)/.exec(line)?.[1] ?? []);

  const to = (...ports: number[]) => ports.map((port) => `${ADDRESS.backend.v4}:${port}`);
  const quiet = Forward.udp({ listen: 5000, to: to(9001) });

  test("flushes a changed forward's UDP flows and leaves those of other forwards alone", async () => {
    await kernel.apply(rulesOf({ game: Forward.udp({ listen: 27015, to: to(9001) }), quiet }));
    expect(await ask(27015)).toBe('backend 9001');
    expect(await ask(5000)).toBe('backend 9001');
    const before = await flows(5000);
    expect(before).toHaveLength(1);
    await kernel.apply(rulesOf({ game: Forward.udp({ listen: 27015, to: to(9002) }), quiet }));
    expect(await flows(27015)).toEqual([]);
    expect(await ask(27015)).toBe('backend 9002');
    expect(await flows(5000)).toEqual(before);
  });

  test('flushes UDP flows when a multi-target forward changes', async () => {
    await kernel.apply(rulesOf({ game: Forward.udp({ listen: 27015, to: to(9001, 9002) }), quiet }));
    await ask(27015);
    await ask(5000);
    const before = await flows(5000);
    await kernel.apply(rulesOf({ game: Forward.udp({ listen: 27015, to: to(9002, 27015) }), quiet }));
    expect(await flows(27015)).toEqual([]);
    expect(await flows(5000)).toEqual(before);
  });

  test('flushes UDP flows of a port range, over IPv6 too', async () => {
    const target = (port: number) => `[${ADDRESS.backend.v6}]:${port}`;
    await kernel.apply(rulesOf({ cam: Forward.udp({ listen: '6000-6010', to: target(9001), family: 'ipv6' }) }));
    expect(await ask(6005, ADDRESS.gateway.v6)).toBe('backend 9001');
    await kernel.apply(rulesOf({ cam: Forward.udp({ listen: '6000-6010', to: target(9002), family: 'ipv6' }) }));
    expect(await flows(6005, 'ipv6')).toEqual([]);
    expect(await ask(6005, ADDRESS.gateway.v6)).toBe('backend 9002');
  });

  test("drops a removed forward's UDP flows", async () => {
    await kernel.apply(rulesOf({ game: Forward.udp({ listen: 27015, to: to(9001) }), quiet }));
    await ask(27015);
    await kernel.apply(rulesOf({ quiet }));
    expect(await flows(27015)).toEqual([]);
    expect(await ask(27015)).toMatch(/none/);
  });

  test('drops UDP flows to an application on the gateway when a forward takes its port', async () => {
    await kernel.apply(rulesOf({ quiet }));
    expect(await ask(7000)).toBe('gateway');
    await kernel.apply(rulesOf({ quiet, game: Forward.udp({ listen: 7000, to: to(9001) }) }));
    expect(await ask(7000)).toBe('backend 9001');
  });

  test('keeps UDP flows when rules only move to other chains', async () => {
    const game = Forward.udp({ listen: 27015, to: to(9001) });
    const some = (count: number) =>
      Object.fromEntries(
        Array.from({ length: count }, (_, i) => [`f${i}`, Forward.udp({ listen: 20_000 + i, to: to(9002) })]),
      );
    await kernel.apply(rulesOf({ game, ...some(3) }));
    await ask(27015);
    const before = await flows(27015);
    expect(before).toHaveLength(1);
    for (const count of [40, 200, 3]) {
      await kernel.apply(rulesOf({ game, ...some(count) }));
      expect(await flows(27015)).toEqual(before);
    }
  });

  test('keeps UDP flows that the gateway only routes, whatever their port', async () => {
    await kernel.apply(rulesOf({ game: Forward.udp({ listen: 27015, to: to(9001) }) }));
    expect(await ask(27015, ADDRESS.backend.v4)).toBe('backend 27015');
    const before = await flows(27015);
    await kernel.apply(rulesOf({ game: Forward.udp({ listen: 27015, to: to(9002) }) }));
    expect(await flows(27015)).toEqual(before);
  });

  test.each([
    ['denied', { denyFrom: [`${ADDRESS.client.v4}/32`] }],
    ['no longer allowed', { allowFrom: ['192.0.2.0/24'] }],
  ])('drops the UDP flows of a client that is %s', async (_, lists) => {
    await kernel.apply(rulesOf({ game: Forward.udp({ listen: '27015-27020', to: to(9001) }), quiet }));
    expect(await ask(27016)).toBe('backend 9001');
    await ask(5000);
    const before = await flows(5000);
    await kernel.apply(rulesOf({ game: Forward.udp({ listen: '27015-27020', to: to(9001), ...lists }), quiet }));
    expect(await ask(27016)).toMatch(/none/);
    expect(await flows(5000)).toEqual(before);
  });

  test('sends a protocol without ports to its new target', async () => {
    const { host } = kernel;
    const esp = (target: string) => rulesOf({ vpn: Forward.protocol({ protocol: 'esp', to: target }) });
    const send = () =>
      host.sh('client', `python3 ${host.support('client', 'raw.py')} ask 50 ${ADDRESS.gateway.v4} hello`);
    const target = async () =>
      / src=(10\S+) dst=\S+ /.exec(await host.sh('gateway', 'conntrack -L -p esp 2>/dev/null'))?.[1];
    await kernel.apply(esp(ADDRESS.backend.v4));
    expect(await send()).toContain('hello');
    expect(await target()).toBe(ADDRESS.backend.v4);
    await kernel.apply(esp('10.0.1.11'));
    expect(await send()).toContain('hello');
    expect(await target()).toBe('10.0.1.11');
  });
});
