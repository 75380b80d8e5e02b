import { Forward } from '../../lib/forward/forward';
import { ADDRESS, describeHost, type Host } from './support/host';
import { RulesHost, rulesOf } from './support/rules';

jest.setTimeout(60_000);

/** The kernel passes packets through, so it needs none of the settings that nginx needs. */
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

  test('passes the answer after the client half-closes', async () => {
    expect(await ask('send:count x\\n', 'send:hello', 'shut', 'read')).toBe('got 5 bytes end');
  });

  test('passes the rest of a request after the target half-closes', async () => {
    expect(await ask('send:first a\\n', 'until:hello', 'sleep:0.2', 'send:after', 'shut', 'read')).toBe('hello end');
    expect(await noted('a')).toBe('after end');
  });

  test('passes a reset in both directions', async () => {
    await ask('send:watch b\\n', 'until:ready', 'reset');
    expect(await noted('b')).toBe('reset end');
    expect(await ask('send:reset c\\n', 'read')).toBe('part\n reset');
  });

  test.each([8, 1500, 16_385, 65_507])(
    'passes datagrams of %i bytes both ways, and several per answer',
    async (size) => {
      const answers = await ask(`udp:${size}:${size} 2`, 'datagrams:2');
      expect(answers).toBe([0, 1].map((i) => `${size} b'${size}' b'${i}'`).join('\n'));
    },
  );
});
