import { Forward } from '../../lib/forward/forward';
import { describeHost } from './support/host';
import { RulesHost, rulesOf } from './support/rules';

jest.setTimeout(60_000);

const FORWARDS = { web: Forward.tcp({ listen: 80, to: 8080 }) };
const WEB = rulesOf(FORWARDS);

describeHost('a kernel without a module that a rule needs', () => {
  let kernel: RulesHost;
  beforeEach(async () => {
    kernel = await RulesHost.start();
  });
  afterEach(() => kernel.stop());

  /** Makes modprobe report only these built-in modules. */
  const builtIn = (...names: string[]) =>
    kernel.host.sh(
      'gateway',
      `dir=/lib/modules/$(uname -r); mkdir -p $dir
      printf 'kernel/net/%s.ko\\n' ${names.join(' ')} >$dir/modules.builtin; touch $dir/modules.order
      depmod; for name in ${names.join(' ')}; do echo "alias ipt_\${name#xt_} $name"; done >/etc/modprobe.d/x.conf`,
    );

  // This kernel has no IPVS, so it rejects the rule.
  test("fails with the module's name, and changes nothing", async () => {
    await builtIn('xt_tcpudp', 'xt_addrtype', 'xt_nat', 'xt_REDIRECT', 'xt_tcp');
    await kernel.apply(WEB);
    const before = await kernel.live();
    await kernel.write({ ...WEB, v4: WEB.v4.replace('--dport 80', '--dport 80 -m ipvs --ipvs') });
    const result = await kernel.script('apply');
    expect(result.code).toBe(1);
    expect(result.stderr).toMatch(/iptables refused: -A PORTWAY-DNAT .*-m ipvs/);
    expect(result.stderr).toMatch(/not in this kernel \(\S+\): xt_ipvs$/m);
    expect(await kernel.live()).toBe(before);
  });

  // It cannot queue packets either.
  test('fails the same way for nft', async () => {
    await builtIn('nf_tables', 'nft_ct');
    const { nft = '', ...rules } = rulesOf(FORWARDS, { blocked: [{ text: '192.0.2.0/25', family: 4 }] });
    await kernel.write({ ...rules, nft: nft.replace('counter drop', 'queue num 1') });
    const result = await kernel.script('apply');
    expect(result.stderr).toMatch(/queue num 1/);
    expect(result.stderr).toMatch(/not in this kernel \(\S+\): nft_queue$/m);
    expect(await kernel.live()).not.toContain('PORTWAY');
  });
});
