import { Forward } from '../../lib/forward/forward';
import { asset } from './support/assets';
import { ADDRESS, describeHost } from './support/host';
import { PROVED, type Rules, RulesHost, rulesOf } from './support/rules';

jest.setTimeout(60_000);

const WEB = rulesOf({ web: Forward.tcp({ listen: 80, to: 8080, denyFrom: ['192.0.2.0/24'] }) });
const BALANCED = rulesOf({
  web: Forward.tcp({ listen: 80, to: 8080, denyFrom: ['192.0.2.0/24'] }),
  game: Forward.udp({ listen: 27015, to: ['10.0.1.10:27015', '10.0.1.11:27015'] }),
});
const NONE: Rules = { v4: '', v6: '' };

describeHost('portway rules', () => {
  let kernel: RulesHost;
  beforeEach(async () => {
    kernel = await RulesHost.start();
  });
  afterEach(() => kernel.stop());

  const foreign = `
    iptables-nft -t nat -N DOCKER
    iptables-nft -t nat -A PREROUTING -m addrtype --dst-type LOCAL -j DOCKER
    iptables-nft -t nat -A DOCKER ! -i docker0 -p tcp --dport 5000 -j DNAT --to-destination 172.17.0.2:5000
    iptables-nft -N f2b-sshd
    iptables-nft -A f2b-sshd -s 203.0.113.66/32 -j REJECT
    iptables-nft -A f2b-sshd -j RETURN
    iptables-nft -I INPUT -p tcp --dport 22 -m comment --comment "not of PORTWAY-DNAT" -j f2b-sshd
    ip6tables-nft -A INPUT -p tcp --dport 23 -j DROP
    iptables-nft -P FORWARD DROP`;

  describe('apply', () => {
    test('adds rules and hooks of both families', async () => {
      await kernel.apply(WEB);
      const hook = '-m addrtype --dst-type LOCAL -j PORTWAY-DNAT';
      for (const [family, all, own] of [
        ['iptables', '127.0.0.0/8', '127.0.0.1/32'],
        ['ip6tables', '::1/128', '::1/128'],
      ] as const) {
        expect(await kernel.chain('nat', 'PREROUTING', family)).toEqual([`-A PREROUTING ${hook}`]);
        expect(await kernel.chain('nat', 'OUTPUT', family)).toEqual([
          `-A OUTPUT ! -d ${all} ${hook}`,
          `-A OUTPUT -d ${own} ${hook}`,
        ]);
        expect(await kernel.chain('nat', 'PORTWAY-DNAT', family)).toEqual([
          '-A PORTWAY-DNAT -p tcp -m tcp --dport 80 -m comment --comment "portway:web" -j REDIRECT --to-ports 8080',
        ]);
      }
    });

    test('is idempotent', async () => {
      await kernel.apply(BALANCED);
      const once = await kernel.live();
      expect(once).toContain('statistic');
      await kernel.apply(BALANCED);
      expect(await kernel.live()).toBe(once);
    });

    test('leaves correct rules alone', async () => {
      await kernel.apply(WEB);
      const handles = () =>
        kernel.host.sh('gateway', 'nft -a list ruleset 2>/dev/null || iptables-nft -t nat -nvL PORTWAY-DNAT');
      await kernel.host.app('gateway', 'tcp', 8080);
      await kernel.host.ask('client', 'tcp', ADDRESS.gateway.v4, 80);
      const before = await handles();
      await kernel.apply(WEB);
      // Otherwise the rules' counters would restart.
      expect(await handles()).toBe(before);
    });

    test('removes obsolete chains, also in tables without any other', async () => {
      await kernel.apply(BALANCED);
      expect(await kernel.live()).toContain(':PORTWAY-game');
      expect(await kernel.live()).toContain(':PORTWAY-FORWARD');
      await kernel.apply({ v4: WEB.v4.replace('*filter\nCOMMIT\n', ''), v6: NONE.v6 });
      const live = await kernel.live();
      expect(live).toContain(':PORTWAY-DNAT');
      expect(live).not.toMatch(/PORTWAY-(game|FORWARD|SNAT)/);
      expect(await kernel.chain('nat', 'PORTWAY-DNAT', 'ip6tables')).toEqual([]);
    });

    test('remove deletes everything', async () => {
      await kernel.apply(BALANCED);
      expect((await kernel.script('remove')).code).toBe(0);
      expect(await kernel.live()).not.toContain('PORTWAY');
    });

    test("never touches other programs' rules, chains and policies", async () => {
      await kernel.host.sh('gateway', foreign);
      const before = lines(await kernel.live());
      await kernel.apply(BALANCED);
      await kernel.apply(WEB);
      await kernel.apply(NONE);
      expect(lines(await kernel.live()).filter((line) => !before.includes(line) && !isBuiltIn(line))).toEqual([]);
      expect(before.filter((line) => !isBuiltIn(line))).toEqual(
        lines(await kernel.live()).filter((line) => !isBuiltIn(line)),
      );
      expect(await kernel.live()).toContain(':FORWARD DROP');
    });

    test('moves a hook back to the top', async () => {
      await kernel.apply(WEB);
      await kernel.host.sh('gateway', 'iptables-nft -t nat -I PREROUTING 1 -p tcp --dport 80 -j REDIRECT --to-ports 9');
      expect((await kernel.script('check')).code).toBe(1);
      await kernel.apply(WEB);
      const [first, second, ...rest] = await kernel.chain('nat', 'PREROUTING');
      expect(first).toContain('-j PORTWAY-DNAT');
      expect(second).toContain('--to-ports 9');
      expect(rest).toEqual([]);
    });

    test('removes a duplicate hook', async () => {
      await kernel.apply(WEB);
      await kernel.host.sh('gateway', 'iptables-nft -t nat -A PREROUTING -p tcp -j PORTWAY-DNAT');
      await kernel.apply(WEB);
      expect(await kernel.chain('nat', 'PREROUTING')).toHaveLength(1);
    });

    test('works on a kernel without IPv6', async () => {
      // Without IPv6 the folder for it does not exist, and every ip6tables call fails.
      await kernel.host.sh('gateway', 'mount -t tmpfs none /proc/sys/net');
      await kernel.host.write('/usr/local/sbin/ip6tables-nft-restore', '#!/bin/sh\nexit 1\n', '0755');
      await kernel.apply(WEB);
      expect(await kernel.chain('nat', 'PORTWAY-DNAT')).toHaveLength(1);
    });
  });

  describe('a failure rolls everything back', () => {
    const change = rulesOf({ web: Forward.tcp({ listen: 80, to: 8081 }) });

    /** Expects a change after the rules of WEB to fail and leave everything unchanged. */
    const mustFail = async (rules: Rules, said: RegExp) => {
      await kernel.host.sh('gateway', foreign);
      await kernel.apply(WEB);
      const before = await kernel.live();
      await kernel.write(rules);
      const result = await kernel.script('apply');
      expect(result.stderr).toMatch(said);
      expect(result.code).not.toBe(0);
      expect(lines(await kernel.live())).toEqual(lines(before));
    };

    test('after a rule that iptables does not know', async () => {
      const v4 = change.v4.replace('--to-ports 8081', '--to-ports nonsense');
      await mustFail({ ...change, v4 }, /iptables refused: -A PORTWAY-DNAT .*nonsense/);
    });

    test.each([
      ['a jump to a missing chain', '-j REDIRECT --to-ports 8081', '-j PORTWAY-NOWHERE'],
      ['a loop of chains', '-j REDIRECT --to-ports 8081', '-j PORTWAY-DNAT'],
    ])('after what only the kernel refuses: %s', async (_, from, to) => {
      await mustFail({ ...change, v4: change.v4.replace(from, to) }, /iptables refused|loop|PORTWAY-NOWHERE/);
    });

    test('after a rule outside of our chains', async () => {
      const v4 = change.v4.replace('-A PORTWAY-DNAT -p', '-A PREROUTING -p');
      await mustFail({ ...change, v4 }, /not a rule of an own chain: -A PREROUTING/);
    });

    /**
     * Bad rules already fail in the scratch namespace. Failures that it cannot catch (memory, another program in between) are
     * simulated by an iptables-restore that fails only in the host's own namespace.
     */
    const failOnHost = (family: string, when: string) =>
      kernel.host.write(
        `/usr/local/sbin/${family}-nft-restore`,
        `#!/bin/bash
input=$(cat)
if [[ $(readlink /proc/self/ns/net) == "$(readlink /proc/1/ns/net)" && ! -e /run/failed && $input == *8081* ]]; then
  touch /run/failed
  ${when}
  echo "line 2: out of memory" >&2
  exit 1
fi
/usr/sbin/${family}-nft-restore "$@" <<<"$input"
`,
        '0755',
      );

    test('after IPv4 was applied and IPv6 was not', async () => {
      await failOnHost('ip6tables', ':');
      await mustFail(change, /out of memory/);
    });

    test('after nat was applied and filter was not', async () => {
      const both = rulesOf({ web: Forward.tcp({ listen: 80, to: '10.0.1.10:8081' }) });
      // Each table is a transaction: lets the first one through.
      await failOnHost('iptables', `sed '/^COMMIT/q' <<<"$input" | /usr/sbin/iptables-nft-restore "$@"`);
      await mustFail(both, /out of memory/);
    });

    test('after a rule got lost', async () => {
      const real = '/usr/sbin/iptables-nft-restore';
      await kernel.host.write(
        '/usr/local/sbin/iptables-nft-restore',
        `#!/bin/bash
if [[ $(readlink /proc/self/ns/net) == "$(readlink /proc/1/ns/net)" && ! -e /run/failed ]]; then
  input=$(cat)
  [[ $input != *8081* ]] || { touch /run/failed; input=$(grep -v 8081 <<<"$input"); }
  exec ${real} "$@" <<<"$input"
fi
exec ${real} "$@"
`,
        '0755',
      );
      await mustFail(change, /iptables is not as wanted; this would put it right:[\s\S]*\n-A PORTWAY-DNAT .*8081/);
    });
  });

  test('try changes nothing, and reports the problem', async () => {
    await kernel.apply(WEB);
    const before = await kernel.live();
    await kernel.write({ ...WEB, v4: WEB.v4.replace('REDIRECT', 'NONSENSE') });
    const result = await kernel.script('try');
    expect(result.code).not.toBe(0);
    expect(result.stderr).toMatch(/NONSENSE/);
    await kernel.write(BALANCED);
    expect((await kernel.script('try')).code).toBe(0);
    expect(await kernel.live()).toBe(before);
  });

  describe('check', () => {
    beforeEach(() => kernel.apply(BALANCED));

    test('passes after apply', async () => {
      expect(await kernel.script('check')).toEqual({ code: 0, stdout: '', stderr: '' });
    });

    test.each([
      ['a rule changed', 'iptables-nft -t nat -R PORTWAY-DNAT 1 -p tcp --dport 81 -j REDIRECT --to-ports 8080'],
      ['a rule gone', 'iptables-nft -t nat -D PORTWAY-DNAT 1'],
      ['a rule more', 'ip6tables-nft -t nat -A PORTWAY-DNAT -p tcp -j RETURN'],
      ['a chain more', 'iptables-nft -t mangle -N PORTWAY-X'],
      ['a hook gone', 'iptables-nft -t nat -D OUTPUT 1'],
      ['everything gone', 'iptables-nft -t nat -F'],
    ])('finds %s', async (_, tamper) => {
      await kernel.host.sh('gateway', tamper);
      const result = await kernel.script('check');
      expect(result.code).toBe(1);
      expect(result.stderr).toMatch(/is not as wanted/);
      expect((await kernel.script('apply')).code).toBe(0);
      expect((await kernel.script('check')).code).toBe(0);
    });
  });

  describe('restore', () => {
    test('restores the last proved rules, not newer ones on the disk', async () => {
      await kernel.write(WEB, PROVED);
      await kernel.write(BALANCED);
      expect((await kernel.script('restore')).code).toBe(0);
      expect(await kernel.live()).toContain('portway:web');
      expect(await kernel.live()).not.toContain('portway:game');
    });

    test('is run by the unit at boot', async () => {
      await kernel.write(WEB, PROVED);
      const unit = asset('/etc/systemd/system/portway-iptables.service');
      const command = /^ExecStart=(.*)$/m.exec(unit)?.[1] ?? '';
      await kernel.host.sh('gateway', command);
      expect(await kernel.live()).toContain('portway:web');
    });

    test('restores everything else if one part is refused', async () => {
      const proved = { ...BALANCED, v4: BALANCED.v4.replace('-j MASQUERADE', '-j NOSUCH') };
      await kernel.write({ ...proved, nft: `${BALANCED.nft}nonsense` }, PROVED);
      const result = await kernel.script('restore');
      expect(result.code).toBe(1);
      expect(result.stderr).toMatch(/NOSUCH/);
      expect(result.stderr).toMatch(/nonsense/);
      // The table with the bad rule is missing; the family's other tables, and the other family, are restored.
      expect(await kernel.chain('nat', 'PORTWAY-DNAT')).toEqual([]);
      expect(await kernel.chain('filter', 'PORTWAY-FORWARD')).not.toEqual([]);
      expect(await kernel.chain('nat', 'PORTWAY-DNAT', 'ip6tables')).not.toEqual([]);
    });

    test('restores nft without iptables, and iptables without nft', async () => {
      await kernel.write({ ...WEB, v4: 'nonsense', v6: '*nat\nnonsense\n' }, PROVED);
      expect((await kernel.script('restore')).code).toBe(1);
      expect(await kernel.live()).toContain('set denied_v4');
      expect(await kernel.live()).not.toContain('PORTWAY');
      await kernel.write({ ...WEB, nft: 'nonsense' }, PROVED);
      expect((await kernel.script('restore')).code).toBe(1);
      expect(await kernel.live()).toContain('portway:web');
    });

    test('does nothing before anything was proved', async () => {
      expect(await kernel.script('restore')).toEqual({ code: 0, stdout: '', stderr: '' });
    });
  });

  test('refuses the legacy variant', async () => {
    await kernel.host.sh('gateway', 'ln -s /usr/sbin/iptables-legacy /usr/local/sbin/iptables');
    await kernel.write(WEB);
    const result = await kernel.script('apply');
    expect(result.code).toBe(1);
    expect(result.stderr).toMatch(/must be the nf_tables variant, got: iptables v[\d.]+ \(legacy\)/);
    expect(await kernel.live()).not.toContain('PORTWAY');
  });

  test('prints its usage', async () => {
    expect(await kernel.script()).toMatchObject({ code: 1, stderr: expect.stringContaining('usage: portway rules') });
  });
});

function lines(text: string): string[] {
  return text.split('\n').filter(Boolean);
}

/** Tables and built-in chains exist once they are used, without rules. */
function isBuiltIn(line: string): boolean {
  return /^(\*|COMMIT|:(PREROUTING|INPUT|FORWARD|OUTPUT|POSTROUTING) )/.test(line);
}
