import { Forward } from '../../lib/forward/forward';
import { ADDRESS, type Answer, describeHost, type Host } from './support/host';
import type { RulesHost } from './support/rules';
import { rulesOf } from './support/rules';
import { EVERY_WAY, inTarget, strictGateway } from './support/strict';

jest.setTimeout(60_000);

/** Private hosts, all in the backend's namespace; the client plays the internet. */
const PRIVATE = {
  v4: ['10.0.1.10', '10.0.1.11', '10.0.1.12'],
  v6: ['fd00:1::10', 'fd00:1::11', 'fd00:1::12'],
} as const;
const FROM = [
  { text: '10.0.1.0/24', family: 4 },
  { text: 'fd00:1::/64', family: 6 },
] as const;

describeHost('private networks go out through the gateway', () => {
  let kernel: RulesHost;
  let host: Host;
  beforeAll(async () => {
    kernel = await strictGateway();
    host = kernel.host;
    await host.sh(
      'backend',
      `for i in 11 12; do ip addr add 10.0.1.$i/24 dev eth0; ip addr add fd00:1::$i/64 dev eth0 nodad preferred_lft 0; done`,
    );
    for (const protocol of ['tcp', 'udp'] as const) {
      await host.app('client', protocol, 7, 'world');
      await host.app('backend', protocol, 7, 'private');
      await host.app('gateway', protocol, 7, 'gateway');
    }
  });
  beforeEach(() => host.sh('gateway', 'conntrack -F 2>/dev/null'));
  afterAll(() => kernel.stop());

  const web = Forward.tcp({ listen: 80, to: 7 });
  const out = (protocol: 'tcp' | 'udp', address: string, source: string, port?: number): Promise<Answer> =>
    host.ask('backend', protocol, address, 7, { address: source, ...(port === undefined ? {} : { port }) });

  test.each(EVERY_WAY)("%s over %s: all hosts go out with the gateway's address", async (protocol, family) => {
    await kernel.apply(rulesOf({ web }));
    for (const source of PRIVATE[family])
      expect((await out(protocol, ADDRESS.client[family], source)).name).toMatch(/^none/);
    await kernel.apply(rulesOf({ web }, { egress: FROM }));
    for (const source of PRIVATE[family])
      expect(await out(protocol, ADDRESS.client[family], source)).toMatchObject({
        name: 'world',
        client: ADDRESS.gateway[family],
      });
    // They cannot be reached from outside.
    expect((await host.ask('client', protocol, ADDRESS.backend[family], 7)).name).toMatch(/^none/);
  });

  test.each(['v4', 'v6'] as const)('over %s: hosts with the same source port do not collide', async (family) => {
    await kernel.apply(rulesOf({ web }, { egress: FROM }));
    const clientPorts = new Set<number>();
    for (const source of PRIVATE[family]) {
      const answer = await out('udp', ADDRESS.client[family], source, 40_000);
      expect(answer).toMatchObject({ name: 'world', client: ADDRESS.gateway[family] });
      clientPorts.add(answer.clientPort);
    }
    expect(clientPorts.size).toBe(3);
    // Each flow keeps its port, and each host gets its own answers.
    for (const source of PRIVATE[family])
      expect(clientPorts).toContain((await out('udp', ADDRESS.client[family], source, 40_000)).clientPort);
  });

  test('other networks do not get out', async () => {
    await host.sh('backend', 'ip addr add 10.0.9.9/32 dev eth0');
    await host.sh('gateway', 'ip route add 10.0.9.9 dev ens6');
    await kernel.apply(rulesOf({ web }, { egress: FROM }));
    expect((await out('tcp', ADDRESS.client.v4, '10.0.9.9')).name).toMatch(/^none/);
    expect((await out('tcp', ADDRESS.client.v4, '10.0.1.11')).name).toBe('world');
  });

  test('traffic between private networks is neither translated nor allowed or blocked', async () => {
    const both = [...FROM, { text: '198.51.100.0/24', family: 4 } as const];
    await kernel.apply(rulesOf({ web }, { egress: both }));
    expect((await out('tcp', ADDRESS.client.v4, '10.0.1.11')).name).toMatch(/^none/);
    await host.sh('gateway', 'iptables-nft -P FORWARD ACCEPT');
    expect(await out('tcp', ADDRESS.client.v4, '10.0.1.11')).toMatchObject({ name: 'world', client: '10.0.1.11' });
    await host.sh('gateway', 'iptables-nft -P FORWARD DROP');
  });

  test.each(EVERY_WAY)('%s over %s: a private host can use the forwards', async (protocol, family) => {
    const forwards = {
      there: Forward[protocol]({ listen: 90, to: `${inTarget(ADDRESS.backend[family])}:7` }),
      here: Forward[protocol]({ listen: 91, to: 7 }),
    };
    await kernel.apply(rulesOf(forwards, { egress: FROM }));
    const ask = (port: number) =>
      host.ask('backend', protocol, ADDRESS.inside[family], port, { address: PRIVATE[family][1] });
    expect(await ask(90)).toMatchObject({ name: 'private', client: ADDRESS.inside[family] });
    expect(await ask(91)).toMatchObject({ name: 'gateway', client: PRIVATE[family][1] });
  });

  test('preserveClientAddress shows private clients too, wherever the target is', async () => {
    const kept = Forward.tcp({ listen: 90, to: `${ADDRESS.client.v4}:7`, preserveClientAddress: true });
    await kernel.apply(rulesOf({ kept }, { egress: FROM }));
    const answer = await host.ask('backend', 'tcp', ADDRESS.inside.v4, 90, { address: '10.0.1.12' });
    expect(answer).toMatchObject({ name: 'world', client: '10.0.1.12' });
  });
});
