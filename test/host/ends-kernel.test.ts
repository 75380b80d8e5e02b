import { Forward } from '../../lib/forward/forward';
import { ADDRESS, describeHost, type Host } from './support/host';
import { RulesHost, rulesOf } from './support/rules';

jest.setTimeout(60_000);

/** The kernel passes on what it gets: what nginx has to be taught is so by itself. */
describeHost('ends and sizes of connections through iptables', () => {
  let kernel: RulesHost;
  let host: Host;
  beforeAll(async () => {
    kernel = await RulesHost.start();
    host = kernel.host;
    await host.serve('backend', ['python3', host.support('backend', 'ends.py'), '9000']);
    const to = `${ADDRESS.backend.v4}:9000`;
    await kernel.apply(
      rulesOf({ plain: Forward.tcp({ listen: 5000, to }), datagrams: Forward.udp({ listen: 5000, to }) }),
    );
    await host.sh('gateway', 'sysctl -qw net.ipv4.ip_forward=1');
  });
  afterAll(() => kernel?.stop());

  const ask = async (...steps: string[]) => {
    const script = host.support('client', 'ends_ask.py');
    const { stdout, stderr } = await host.run('client', ['python3', script, ADDRESS.gateway.v4, '5000', ...steps]);
    return stdout.trim() || stderr.trim().split('\n').at(-1);
  };
  const noted = (key: string) =>
    ask(`send:GET /noted/${key} HTTP/1.1\\r\\nConnection: close\\r\\n\\r\\n`, 'shut', 'read').then((answer) =>
      answer?.split('\r\n').at(-1),
    );

  test('a client that ends its direction first gets its answer', async () => {
    expect(await ask('send:count x\\n', 'send:hello', 'shut', 'read')).toBe('got 5 bytes end');
  });

  test('a target that ends its direction first gets the rest of the other one', async () => {
    expect(await ask('send:first a\\n', 'until:hello', 'sleep:0.2', 'send:after', 'shut', 'read')).toBe('hello end');
    expect(await noted('a')).toBe('after end');
  });

  test('either side learns that the other one broke off', async () => {
    await ask('send:watch b\\n', 'until:ready', 'reset');
    expect(await noted('b')).toBe('reset end');
    expect(await ask('send:reset c\\n', 'read')).toBe('part\n reset');
  });

  test.each([8, 1500, 16_385, 65_507])('datagrams of %i bytes pass both ways, several an answer too', async (size) => {
    const answers = await ask(`udp:${size}:${size} 2`, 'datagrams:2');
    expect(answers).toBe([0, 1].map((i) => `${size} b'${size}' b'${i}'`).join('\n'));
  });
});
