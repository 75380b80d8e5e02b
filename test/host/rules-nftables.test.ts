import { Forward } from '../../lib/forward/forward';
import { ADDRESS, describeHost } from './support/host';
import { type Rules, RulesHost, rulesOf } from './support/rules';

jest.setTimeout(60_000);

const NONE: Rules = { v4: '', v6: '' };

describeHost('the nft table', () => {
  let kernel: RulesHost;
  beforeEach(async () => {
    kernel = await RulesHost.start();
  });
  afterEach(() => kernel.stop());

  const listed = rulesOf({ web: Forward.tcp({ listen: 80, to: 8080, denyFrom: ['192.0.2.0/24'] }) });
  const table = async () => kernel.host.sh('gateway', 'nft -s list table inet portway 2>&1 || :');
  const change = rulesOf({ web: Forward.tcp({ listen: 80, to: 8081, denyFrom: ['198.51.100.0/24'] }) });
  const bad = { ...change, nft: change.nft?.replace('198.51.100.0/24', '198.51.100.0/33') ?? '' };

  test('is added, changed and removed with the rules', async () => {
    await kernel.apply(listed);
    expect(await table()).toContain('tcp . 80 . 192.0.2.0/24 comment "web"');
    await kernel.apply(change);
    expect(await table()).toContain('tcp . 80 . 198.51.100.0/24 comment "web"');
    expect(await table()).not.toContain('192.0.2.0/24');
    await kernel.apply(NONE);
    expect(await table()).toMatch(/No such file/);
  });

  test('keeps its counters if it need not change', async () => {
    await kernel.apply(listed);
    await kernel.host.app('gateway', 'tcp', 8080);
    await kernel.host.sh('client', `ip addr add 192.0.2.7/32 dev eth0`);
    await kernel.host.sh('gateway', `ip route add 192.0.2.7/32 dev ens5`);
    await kernel.host.ask('client', 'tcp', ADDRESS.gateway.v4, 80, { address: '192.0.2.7' });
    const dropped = () => kernel.host.sh('gateway', 'nft list chain inet portway sources');
    expect(await dropped()).toMatch(/counter packets [1-9].* drop/);
    await kernel.apply(listed);
    expect(await dropped()).toMatch(/counter packets [1-9].* drop/);
  });

  test('leaves the tables of others alone', async () => {
    const others = `table inet other { chain in { type filter hook input priority 0; tcp dport 23 drop; }; }
      table ip portway { set x { type ipv4_addr; }; }`;
    await kernel.host.sh('gateway', 'nft -f -', others);
    const list = () => kernel.host.sh('gateway', 'nft list table inet other; nft list table ip portway');
    const before = await list();
    await kernel.apply(listed);
    await kernel.apply(change);
    await kernel.apply(NONE);
    expect(await list()).toBe(before);
  });

  test.each([
    ['a missing entry', 'nft delete element inet portway denied_v4 { tcp . 80 . 192.0.2.0/24 }'],
    ['an extra entry', 'nft add element inet portway denied_v4 { tcp . 81 . 192.0.2.0/24 }'],
    ['an extra rule', 'nft add rule inet portway sources accept'],
    ['the missing table', 'nft delete table inet portway'],
    ['everything gone', 'nft flush ruleset'],
  ])('check finds %s, and apply repairs it', async (_, tamper) => {
    await kernel.apply(listed);
    await kernel.host.sh('gateway', tamper);
    const result = await kernel.script('check');
    expect(result.code).toBe(1);
    expect(result.stderr).toMatch(/nftables is not as wanted/);
    await kernel.apply(listed);
    expect((await kernel.script('check')).code).toBe(0);
  });

  test('that is refused leaves the other parts unchanged', async () => {
    await kernel.apply(listed);
    const before = await kernel.live();
    await kernel.write(bad);
    const result = await kernel.script('apply');
    expect(result.code).toBe(1);
    expect(result.stderr).toMatch(/nftables: [\s\S]*198\.51\.100\.0\/33/);
    expect(await kernel.live()).toBe(before);
  });

  test('is rolled back when another part is refused', async () => {
    await kernel.apply(listed);
    const before = await kernel.live();
    await kernel.host.write(
      '/usr/local/sbin/ip6tables-nft-restore',
      `#!/bin/bash
input=$(cat)
if [[ $(readlink /proc/self/ns/net) == "$(readlink /proc/1/ns/net)" && $input == *8081* ]]; then
/usr/bin/sleep 0.5
echo "line 2: out of memory" >&2
exit 1
fi
/usr/sbin/ip6tables-nft-restore "$@" <<<"$input"
`,
      '0755',
    );
    await kernel.write(change);
    expect((await kernel.script('apply')).stderr).toMatch(/out of memory/);
    expect(await kernel.live()).toBe(before);
  });

  test('is required only if there are rules for it', async () => {
    await kernel.host.sh('gateway', 'rm /usr/sbin/nft');
    const { v4, v6 } = listed;
    await kernel.apply({ v4, v6 });
    await kernel.write(listed);
    const result = await kernel.script('apply');
    expect(result.code).toBe(1);
    expect(result.stderr).toMatch(/nftables: .*nft.*not found/);
  });
});
