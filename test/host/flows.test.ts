import { Forward } from '../../lib/forward/forward';
import { NO_SETTINGS } from '../../lib/forward/gateway-settings';
import { resolveForwardsOrThrow } from '../../lib/forward/resolve';
import { isKernelForward } from '../../lib/forward/resolved';
import { renderFlows } from '../../lib/kernel/flow-offload';
import { readPrinted } from '../support/json-schema';
import { countingTable } from './support/flows';
import { Gateway } from './support/gateway';
import { ADDRESS, describeHost, type Host } from './support/host';
import { type RulesHost, rulesOf } from './support/rules';
import { inTarget, strictGateway } from './support/strict';

jest.setTimeout(60_000);

/** nft of a kernel without flow tables: whatever else this machine's has. */
const WITHOUT = `#!/bin/bash
input=$(</dev/stdin)
[[ " $* " != *' portway_flows '* && $input != *flowtable* ]] || { echo 'Error: Operation not supported' >&2; exit 1; }
exec /usr/sbin/nft "$@" <<<"$input"
`;
const NO_MODULE = '#!/bin/bash\n[[ "$*" != *flow* ]]\n';

const TO_BACKEND = Forward.tcp({ listen: 80, to: `${ADDRESS.backend.v4}:9000`, engine: 'iptables' });

describeHost('a host whose kernel has no flow tables', () => {
  let gateway: Gateway;
  let host: Host;
  beforeAll(async () => {
    gateway = await Gateway.start();
    host = gateway.host;
    await host.write('/usr/local/bin/nft', WITHOUT, '0755');
    await host.write('/usr/local/bin/modprobe', NO_MODULE, '0755');
    await host.app('backend', 'tcp', 9000);
    await gateway.succeed({ forwards: { web: TO_BACKEND }, settings: { flowOffload: true } });
  });
  afterAll(() => gateway.stop());

  const warning = /no flow is carried past the rules: +not in kernel \S+: nf_flow_table_inet nft_flow_offload/;

  test('forwards, and says so in its log and in `portway status`', async () => {
    expect((await host.ask('client', 'tcp', ADDRESS.gateway.v4, 80)).name).toBe('backend');
    expect(await gateway.log()).toMatch(warning);
    const { code, stdout } = await host.run('gateway', ['/usr/local/bin/portway', 'status']);
    expect({ code, stdout }).toMatchObject({ code: 0, stdout: expect.stringMatching(warning) });
    expect(stdout).toContain('\n0 flows are carried past the rules\n');
    const { stdout: json } = await host.run('gateway', ['/usr/local/bin/portway', 'status', '--json']);
    expect(readPrinted('status', json)).toMatchObject({ offloaded: 0, warnings: [expect.stringMatching(warning)] });
  });

  test('says nothing with flowOffload: false', async () => {
    await host.sh('gateway', ': >/var/log/portway/bootstrap.log');
    await gateway.succeed({ forwards: { web: TO_BACKEND }, settings: { flowOffload: false } });
    expect(await gateway.log()).not.toMatch(/carried past/);
    expect((await host.run('gateway', ['/usr/local/bin/portway', 'status'])).stdout).not.toMatch(/carried past/);
    const { stdout: json } = await host.run('gateway', ['/usr/local/bin/portway', 'status', '--json']);
    expect(readPrinted('status', json)).toMatchObject({ offloaded: null, warnings: [] });
    expect((await host.ask('client', 'tcp', ADDRESS.gateway.v4, 80)).name).toBe('backend');
  });
});

describeHost('which flows the kernel would carry past the rules', () => {
  let kernel: RulesHost;
  let host: Host;
  beforeAll(async () => {
    kernel = await strictGateway();
    host = kernel.host;
    for (const protocol of ['tcp', 'udp'] as const) {
      await host.app('backend', protocol, 9000);
      await host.app('client', protocol, 7);
    }
    const to = [`${ADDRESS.backend.v4}:9000`, `${inTarget(ADDRESS.backend.v6)}:9000`];
    const forwards = { web: Forward.tcp({ listen: 80, to }), game: Forward.udp({ listen: 7000, to }) };
    const egress = [
      { text: '10.0.1.0/24', family: 4 },
      { text: 'fd00:1::/64', family: 6 },
    ] as const;
    await kernel.apply(rulesOf(forwards, { egress }));
    const own = resolveForwardsOrThrow({ engine: 'iptables', forwards }).filter(isKernelForward);
    await host.sh('gateway', 'nft -f -', countingTable(renderFlows(own, { ...NO_SETTINGS, egress, ipv6: true })));
  });
  afterAll(() => kernel.stop());

  /** The packets that each rule has matched since the last time: of forwards and of egress, over IPv4, then over IPv6. */
  const matched = async (): Promise<readonly number[]> => {
    const text = await host.sh('gateway', 'nft list chain inet portway_flows established; nft reset rules >/dev/null');
    return [...text.matchAll(/packets (\d+)/g)].map(([, packets]) => Number(packets));
  };
  const inwards = (protocol: 'tcp' | 'udp', family: 'v4' | 'v6') =>
    host.ask('client', protocol, ADDRESS.gateway[family], protocol === 'tcp' ? 80 : 7000, { port: 41_000 });
  const outwards = (protocol: 'tcp' | 'udp', family: 'v4' | 'v6') =>
    host.ask('backend', protocol, ADDRESS.client[family], 7, { port: 42_000 });
  /** A request of each kind. */
  const askAll = async (protocol: 'tcp' | 'udp') => {
    for (const family of ['v4', 'v6'] as const) {
      expect((await inwards(protocol, family)).name).toBe('backend');
      expect(await outwards(protocol, family)).toMatchObject({ name: 'client', client: ADDRESS.gateway[family] });
    }
  };

  test('TCP connections to other hosts, and of private networks', async () => {
    await askAll('tcp');
    for (const packets of await matched()) expect(packets).toBeGreaterThan(0);
  });

  test('UDP flows, once they have been answered for two seconds', async () => {
    await askAll('udp');
    expect(await matched()).toEqual([0, 0, 0, 0]);
    await host.sh('client', 'sleep 2.2');
    // Only then does an answer make it assured, so the next packet is the first.
    await askAll('udp');
    await askAll('udp');
    for (const packets of await matched()) expect(packets).toBeGreaterThan(0);
  });

  test('not those that other programs translate to the same target', async () => {
    await host.sh(
      'gateway',
      `nft add table ip others; nft 'add chain ip others pre { type nat hook prerouting priority -90; }'
      nft add rule ip others pre tcp dport 99 dnat to ${ADDRESS.backend.v4}:9000
      nft 'add chain ip others post { type nat hook postrouting priority 90; }'
      nft add rule ip others post ip daddr ${ADDRESS.backend.v4} masquerade
      iptables-nft -A FORWARD -j ACCEPT`,
    );
    await matched();
    expect((await host.ask('client', 'tcp', ADDRESS.gateway.v4, 99)).name).toBe('backend');
    expect(await matched()).toEqual([0, 0, 0, 0]);
  });
});
