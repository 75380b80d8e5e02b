import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type GatewaySettingsProps, readGatewaySettings } from '../../lib/forward/gateway-settings';
import { NO_LISTS } from '../../lib/forward/lists';
import { Problems } from '../../lib/forward/problems';
import { made } from '../../lib/import/check';
import type { Imported } from '../../lib/import/imported';
import { readImported } from '../../lib/import/read';
import { ADDRESS, describeHost } from './support/host';
import { readAsks } from './support/import-asks';
import { askConnections } from './support/import-connections';
import { AGREED, judge } from './support/import-judge';
import { STRANGER } from './support/nginx';
import { type Rules, RulesHost, rulesOf } from './support/rules';

jest.setTimeout(60_000);

const FOLDER = join(__dirname, 'import', 'rules');

function rulesFrom({ forwards, gateway }: Imported): Rules {
  const problems = new Problems();
  const settings = readGatewaySettings(gateway as GatewaySettingsProps, undefined, problems, NO_LISTS);
  problems.throwIfAny();
  const all = Object.entries(forwards).map(([name, one]) => [name, made(one)] as const);
  return rulesOf(Object.fromEntries(all), settings);
}

describeHost('rules of iptables and nftables, and the forwards that portway import makes of them', () => {
  let kernel: RulesHost;
  beforeAll(async () => {
    kernel = await RulesHost.start();
    const { host } = kernel;
    for (const port of [9001, 9002]) await host.app('backend', 'tcp', port, `app ${port}`);
    for (const port of [7000, 7001, 9001]) await host.app('backend', 'udp', port, `udp ${port}`);
    for (const port of [9000, 2222]) await host.app('gateway', 'tcp', port, `gateway ${port}`);
    await host.sh('client', `ip addr add ${STRANGER.v4}/24 dev eth0; ip addr add ${STRANGER.v6}/64 dev eth0 nodad`);
    // Targets that see the client's address answer through the gateway.
    await host.sh(
      'backend',
      `ip route add default via ${ADDRESS.inside.v4}; ip -6 route add default via ${ADDRESS.inside.v6}`,
    );
    await host.sh('gateway', 'sysctl -qw net.ipv4.ip_forward=1 net.ipv6.conf.all.forwarding=1');
  });
  afterAll(() => kernel?.stop());

  /** Loads rules as they are, and reads what their owner would give to portway import. */
  async function load(name: string, text: string): Promise<Imported> {
    await kernel.host.sh('gateway', 'nft flush ruleset');
    if (!name.endsWith('.nft')) {
      const tool = name.endsWith('6') ? 'ip6tables' : 'iptables';
      await kernel.host.sh('gateway', `${tool}-restore`, text);
      return readImported(name, await kernel.host.sh('gateway', `${tool}-save`), 'iptables');
    }
    await kernel.host.sh('gateway', 'nft -f -', text);
    return readImported(name, await kernel.host.sh('gateway', 'nft -j list ruleset'), 'nft');
  }

  test.each(readdirSync(FOLDER).toSorted())(
    '%s: what differs is what the importer names, and nothing else',
    async (name) => {
      const { host } = kernel;
      const text = readFileSync(join(FOLDER, name), 'utf8');
      const asked = readAsks(text);
      const imported = await load(name, text);
      const original = await askConnections(host, asked.asks);
      await host.sh('gateway', 'nft flush ruleset; conntrack -F 2>/dev/null');
      await kernel.apply(rulesFrom(imported));
      const ours = await askConnections(host, asked.asks);
      await host.sh('gateway', 'conntrack -F 2>/dev/null');
      expect(judge(asked, imported.remarks, original, ours)).toEqual(AGREED);
      expect(original.filter((answer) => answer !== undefined).length).toBeGreaterThan(2);
    },
  );
});
