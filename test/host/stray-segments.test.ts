import { Forward } from '../../lib/forward/forward';
import { Gateway } from './support/gateway';
import { ADDRESS, describeHost, type Host, type Party } from './support/host';
import { inTarget } from './support/strict';

jest.setTimeout(60_000);

/** Distance from the next expected byte; `r` marks a reset. Half the sequence space is the maximum. */
const DISTANCES = ['-50000', '-2000000000', '100000', '5000000', '1000000000', 'r-50000', 'r5000000'];

/**
 * Both ends of a direct connection ignore segments that are late or far outside the window. A translating gateway must translate
 * them too: untranslated ones reach a port without that connection, which answers with a reset.
 */
describeHost('segments outside the window', () => {
  let gateway: Gateway;
  let host: Host;
  const script = (...words: (string | number)[]) => [
    'python3',
    host.support('client', 'stray.py'),
    ...words.map(String),
  ];
  beforeAll(async () => {
    gateway = await Gateway.start();
    host = gateway.host;
    const remote = (family: 'v4' | 'v6') => `${inTarget(ADDRESS.backend[family])}:9000`;
    await gateway.succeed({
      forwards: {
        game: Forward.tcp({ engine: 'iptables', listen: 7000, to: remote('v4'), family: 'ipv4' }),
        voice: Forward.tcp({ engine: 'iptables', listen: 7001, to: remote('v6'), family: 'ipv6' }),
        own: Forward.tcp({ engine: 'iptables', listen: 7100, to: 9000 }),
      },
    });
    for (const party of ['gateway', 'backend'] as const)
      await host.serve(party, [...script('serve', 9000).with(1, host.support(party, 'stray.py')), ...DISTANCES]);
  });
  afterAll(() => gateway.stop());

  test.each<[Party, 'v4' | 'v6', number]>([
    ['backend', 'v4', 7000],
    ['backend', 'v6', 7001],
    ['gateway', 'v4', 7100],
    ['gateway', 'v6', 7100],
  ])('from either end do not break connections to a target on the %s, over %s', async (_, family, port) => {
    const { stdout } = await host.run('client', script('ask', ADDRESS.gateway[family], port, ...DISTANCES));
    expect(stdout.trim().split('\n')).toEqual(DISTANCES.map((distance) => `${distance} first second`));
  });
});
