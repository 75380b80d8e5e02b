import { Forward } from '../../lib/forward/forward';
import { ADDRESS, describeHost, type Host } from './support/host';
import type { RulesHost } from './support/rules';
import { rulesOf } from './support/rules';
import { inTarget, strictGateway } from './support/strict';

jest.setTimeout(60_000);

const BYTES = 3_000_000;
/** The payload of a 1,500-byte packet, without the headers of IP and TCP (with timestamps). */
const SEGMENT = { v4: 1448, v6: 1428 } as const;

/**
 * Inside a VPC packets have up to 9,001 bytes, outside 1,500. Here client and backend both assume 9,001, the link between client
 * and gateway carries 1,500, and ICMP errors are dropped, as by many firewalls.
 */
describeHost('a path with a smaller MTU', () => {
  let kernel: RulesHost;
  let host: Host;
  const script = (...words: (string | number)[]) => [
    'python3',
    `${__dirname}/support/segments.py`,
    ...words.map(String),
  ];
  beforeAll(async () => {
    kernel = await strictGateway();
    host = kernel.host;
    await host.sh('gateway', 'ip link set ens5 mtu 1500; ip link set ens6 mtu 9001');
    for (const party of ['client', 'backend'] as const) {
      await host.sh(party, 'ip link set eth0 mtu 9001');
      await host.run(party, script('plain', 'eth0'));
      await host.serve(party, script('serve', 9000, BYTES));
      await host.sh(
        party,
        `nft add table inet deaf; nft 'add chain inet deaf in { type filter hook input priority 0; }'
        nft add rule inet deaf in meta l4proto icmp drop
        nft add rule inet deaf in icmpv6 type packet-too-big drop`,
      );
    }
  });
  afterAll(() => kernel.stop());

  /** The MSS that each end saw, and how many bytes arrived. */
  const transfer = async (party: 'client' | 'backend', address: string, port: number): Promise<number[]> => {
    const { code, stdout, stderr } = await host.run(party, script('take', address, port));
    return code === 0 ? stdout.trim().split(' ').map(Number) : [Number(/timed? ?out/i.test(stderr)) - 1];
  };

  test.each(['v4', 'v6'] as const)('over %s: clamps the MSS of a forward to another host', async (family) => {
    const to = `${inTarget(ADDRESS.backend[family])}:9000`;
    await kernel.apply(rulesOf({ data: Forward.tcp({ listen: 80, to }) }));
    expect(await transfer('client', ADDRESS.gateway[family], 80)).toEqual([SEGMENT[family], SEGMENT[family], BYTES]);
  });

  test.each(['v4', 'v6'] as const)('over %s: large transfers fail without clamping', async (family) => {
    const to = `${inTarget(ADDRESS.backend[family])}:9000`;
    const rules = rulesOf({ data: Forward.tcp({ listen: 80, to }) });
    const without = (text: string) => text.replace(/^.*TCPMSS.*\n/gm, '');
    await kernel.apply({ ...rules, v4: without(rules.v4), v6: without(rules.v6) });
    expect(await transfer('client', ADDRESS.gateway[family], 80)).not.toContain(BYTES);
  });

  test.each(['v4', 'v6'] as const)('over %s: clamps the MSS of egress traffic', async (family) => {
    const egress = [
      { text: '10.0.1.0/24', family: 4 },
      { text: 'fd00:1::/64', family: 6 },
    ] as const;
    await kernel.apply(rulesOf({ web: Forward.tcp({ listen: 80, to: 8080 }) }, { egress }));
    expect(await transfer('backend', ADDRESS.client[family], 9000)).toEqual([SEGMENT[family], SEGMENT[family], BYTES]);
  });
});
