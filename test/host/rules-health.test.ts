import { Forward } from '../../lib/forward/forward';
import { describeHost } from './support/host';
import { RulesHost, rulesOf } from './support/rules';

jest.setTimeout(60_000);

const WEB = rulesOf({ web: Forward.tcp({ listen: 80, to: 8080 }) });

describeHost('a chain that the health service manages', () => {
  let kernel: RulesHost;
  beforeEach(async () => {
    kernel = await RulesHost.start();
  });
  afterEach(() => kernel.stop());

  const shared = (...ports: number[]) =>
    rulesOf({
      web: Forward.tcp({ listen: 80, to: ports.map((port) => `10.0.1.10:${port}`), healthCheck: true }),
      other: Forward.tcp({ listen: 81, to: ports[0] ?? 0 }),
    });
  const CHAIN = 'PORTWAY-web';
  /** Takes the first target out, as the service does. */
  const takeOut = () =>
    kernel.host.sh(
      'gateway',
      'iptables-nft-restore --noflush',
      `*nat
:${CHAIN} - [0:0]
-A ${CHAIN} -m comment --comment "portway:web out: 10.0.1.10:9001"
-A ${CHAIN} -p tcp -m comment --comment "portway:web" -j DNAT --to-destination 10.0.1.10:9002
COMMIT
`,
    );
  const changed = () => ({ ...shared(9001, 9002), v6: WEB.v6 });

  test('is left alone when other rules change while a target is out', async () => {
    await kernel.apply(shared(9001, 9002));
    await takeOut();
    const before = await kernel.chain('nat', CHAIN);
    expect((await kernel.script('check')).code).toBe(0);
    await kernel.apply(changed());
    expect(await kernel.live()).toContain('portway:web"');
    expect(await kernel.chain('nat', CHAIN)).toEqual(before);
  });

  test.each([
    ['a target changes', [9001, 9003]],
    ['a target came', [9001, 9002, 9003]],
  ])('is rewritten when %s', async (_, ports) => {
    await kernel.apply(shared(9001, 9002));
    await takeOut();
    await kernel.apply(shared(...ports));
    expect(await kernel.chain('nat', CHAIN)).toHaveLength(ports.length);
  });

  test.each([
    ['with all targets in, a missing rule', `iptables-nft -t nat -D ${CHAIN} 1`],
    ['a rule to another target', `iptables-nft -t nat -I ${CHAIN} -p tcp -j DNAT --to-destination 192.0.2.1`],
    ['the chain empty', `iptables-nft -t nat -F ${CHAIN}`],
  ])('is still checked: %s', async (_, tamper) => {
    await kernel.apply(shared(9001, 9002));
    await kernel.host.sh('gateway', tamper);
    expect((await kernel.script('check')).code).toBe(1);
  });
});
