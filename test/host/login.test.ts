import { Forward } from '../../lib/forward/forward';
import { ADDRESS, describeHost } from './support/host';
import { RulesHost, rulesOf } from './support/rules';

jest.setTimeout(60_000);

const REFUSED = /^none: /;
const cidr = (text: string) => ({ text, family: text.includes(':') ? 6 : 4 }) as const;
const PRIVATE = [cidr('10.0.1.0/24'), cidr('fd00:1::/64')];

describeHost('port 22 of a gateway with egress', () => {
  let kernel: RulesHost;
  const families = ['v4', 'v6'] as const;
  const ask = async (party: 'client' | 'gateway' | 'backend', address: string, port: number) =>
    (await kernel.host.ask(party, 'tcp', address, port)).name;

  beforeAll(async () => {
    kernel = await RulesHost.start();
    const { host } = kernel;
    await host.sh('gateway', 'echo 1 >/proc/sys/net/ipv4/ip_forward; echo 1 >/proc/sys/net/ipv6/conf/all/forwarding');
    await host.sh(
      'backend',
      `ip route add default via ${ADDRESS.inside.v4}; ip route add default via ${ADDRESS.inside.v6}`,
    );
    for (const port of [22, 8080]) await host.app('gateway', 'tcp', port);
    await host.app('client', 'tcp', 22);
  });
  afterAll(() => kernel.stop());

  test('is closed to private networks, which reach port 22 of other hosts and other ports of the gateway', async () => {
    await kernel.apply(
      rulesOf(
        { web: Forward.tcp({ listen: 80, to: 8080 }), ssh: Forward.tcp({ listen: 2222, to: 22 }) },
        { egress: PRIVATE, loginClosedTo: PRIVATE },
      ),
    );
    for (const family of families) {
      // The security group admits only the admin from outside.
      expect(await ask('client', ADDRESS.gateway[family], 22)).toBe('gateway');
      for (const address of [ADDRESS.inside, ADDRESS.gateway])
        expect(await ask('backend', address[family], 22)).toMatch(REFUSED);
      expect(await ask('backend', ADDRESS.inside[family], 8080)).toBe('gateway');
      expect(await ask('backend', ADDRESS.client[family], 22)).toBe('client');
      // A forward to port 22 is deliberate.
      expect(await ask('backend', ADDRESS.inside[family], 2222)).toBe('gateway');
      expect(await ask('gateway', ADDRESS.inside[family], 22)).toBe('gateway');
    }
  });

  test('is open to an admin in a private network, also without iptables forwards', async () => {
    const web = Forward.http({ listen: 80, to: 8080, engine: 'nginx' });
    await kernel.apply(rulesOf({ web }, { egress: PRIVATE, loginClosedTo: [cidr('10.0.1.128/25')] }));
    expect(await ask('backend', ADDRESS.inside.v4, 22)).toBe('gateway');
    await kernel.apply(rulesOf({ web }, { egress: PRIVATE, loginClosedTo: PRIVATE }));
    expect(await ask('backend', ADDRESS.inside.v4, 22)).toMatch(REFUSED);
  });
});
