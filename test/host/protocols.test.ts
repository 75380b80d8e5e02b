import { Forward } from '../../lib/forward/forward';
import { ADDRESS, describeHost, type Host } from './support/host';
import type { RulesHost } from './support/rules';
import { rulesOf } from './support/rules';
import { strictGateway } from './support/strict';

jest.setTimeout(60_000);

/** A second client. */
const OTHER = { v4: '198.51.100.77', v6: '2001:db8:100::77' } as const;

/**
 * Protocols without ports, tested with raw sockets. ESP and GRE have a header of their own; 99 is "any private
 * encryption".
 */
describeHost('protocols without ports', () => {
  let kernel: RulesHost;
  let host: Host;
  beforeAll(async () => {
    kernel = await strictGateway();
    host = kernel.host;
    await host.sh('client', `ip addr add ${OTHER.v4}/24 dev eth0; ip addr add ${OTHER.v6}/64 dev eth0 nodad`);
    for (const number of [47, 50, 99])
      for (const address of [ADDRESS.backend.v4, ADDRESS.backend.v6])
        await host.serve('backend', ['python3', `${__dirname}/support/raw.py`, 'serve', `${number}`, address]);
  });
  afterAll(() => kernel.stop());

  const ask = async (number: number, address: string, source: string, text = 'who?') => {
    const words = ['python3', `${__dirname}/support/raw.py`, 'ask', `${number}`, address, text, source];
    const { code, stdout } = await host.run('client', words);
    return code === 0 ? stdout.trim() : 'none';
  };

  test.each([
    ['esp', 50, 'v4'],
    ['esp', 50, 'v6'],
    ['gre', 47, 'v4'],
    ['gre', 47, 'v6'],
    [99, 99, 'v4'],
    [99, 99, 'v6'],
  ] as const)('forwards %s (%i) over %s there and back', async (protocol, number, family) => {
    const [client, gateway] = [ADDRESS.client[family], ADDRESS.gateway[family]];
    await kernel.apply(rulesOf({ other: Forward.tcp({ listen: 80, to: 8080 }) }));
    expect(await ask(number, gateway, client)).toBe('none');
    await kernel.apply(rulesOf({ vpn: Forward.protocol({ protocol, to: ADDRESS.backend[family] }) }));
    // The target sees the gateway, and the client gets the answer from the address that it asked.
    expect(await ask(number, gateway, client)).toBe(`${ADDRESS.inside[family]} ${gateway}`);
    expect(await ask(number, gateway, client, 'again')).toBe(`again ${gateway}`);
    await kernel.apply(rulesOf({ other: Forward.tcp({ listen: 80, to: 8080 }) }));
  });

  test('forwards one protocol and not another', async () => {
    await kernel.apply(rulesOf({ vpn: Forward.protocol({ protocol: 'gre', to: ADDRESS.backend.v4 }) }));
    expect(await ask(47, ADDRESS.gateway.v4, OTHER.v4, 'x')).toBe(`x ${ADDRESS.gateway.v4}`);
    expect(await ask(50, ADDRESS.gateway.v4, OTHER.v4, 'x')).toBe('none');
  });

  test('forwards only from the given interface', async () => {
    const { v4: to } = ADDRESS.backend;
    await kernel.apply(rulesOf({ vpn: Forward.protocol({ protocol: 99, to, interface: 'ens6' }) }));
    expect(await ask(99, ADDRESS.gateway.v4, OTHER.v4)).toBe('none');
    await kernel.apply(rulesOf({ vpn: Forward.protocol({ protocol: 99, to, interface: 'ens5' }) }));
    expect(await ask(99, ADDRESS.gateway.v4, OTHER.v4)).toBe(`${ADDRESS.inside.v4} ${ADDRESS.gateway.v4}`);
  });

  // Only addresses distinguish two clients, and behind the gateway both have the same one.
  test.each(['v4', 'v6'] as const)(
    'over %s: one client at a time, or all with preserveClientAddress',
    async (family) => {
      const [first, second, gateway] = [ADDRESS.client[family], OTHER[family], ADDRESS.gateway[family]];
      const forward = (preserveClientAddress: boolean) =>
        rulesOf({ vpn: Forward.protocol({ protocol: 'esp', to: ADDRESS.backend[family], preserveClientAddress }) });
      await host.sh('gateway', 'conntrack -F 2>/dev/null');
      await kernel.apply(forward(false));
      expect(await ask(50, gateway, first)).toBe(`${ADDRESS.inside[family]} ${gateway}`);
      expect(await ask(50, gateway, second)).toBe('none');
      await host.sh('gateway', 'conntrack -F 2>/dev/null');
      await kernel.apply(forward(true));
      for (const client of [first, second, first]) expect(await ask(50, gateway, client)).toBe(`${client} ${gateway}`);
    },
  );
});
