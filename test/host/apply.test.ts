import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Forward } from '../../lib/forward/forward';
import { ADDRESS, describeHost } from './support/host';
import { RulesHost, rulesOf } from './support/rules';

jest.setTimeout(120_000);

type Forwards = Record<string, Forward>;

/** Unused forwards. With more than a few of them, rules are arranged in a tree of chains. */
function others(count: number): Forwards {
  return Object.fromEntries(
    Array.from({ length: count }, (_, i) => [
      `other${i}`,
      Forward.tcp({ listen: 20_000 + i, to: `10.0.1.${i % 200}:80` }),
    ]),
  );
}

describeHost('an apply', () => {
  let kernel: RulesHost;
  let folder: string;
  beforeEach(async () => {
    kernel = await RulesHost.start();
    folder = await mkdtemp(join(tmpdir(), 'portway-apply-'));
    const { host } = kernel;
    await host.sh('gateway', 'echo 1 >/proc/sys/net/ipv4/ip_forward');
    await host.serve('backend', ['python3', host.support('backend', 'stream.py'), 'serve', '9000']);
    await host.app('backend', 'tcp', 9001);
  });
  afterEach(async () => {
    await kernel.stop();
    await rm(folder, { recursive: true });
  });

  /** Starts numbered traffic and resolves to its outcome. */
  const stream = (kind: 'udp' | 'tcp', port: number, stop: string): Promise<Record<string, unknown>> => {
    const words = ['python3', kernel.host.support('client', 'stream.py'), kind, ADDRESS.gateway.v4, `${port}`, stop];
    return kernel.host.run('client', words).then(({ stdout, stderr }) => {
      const [, result] = stdout.split('\n');
      if (!result) throw new Error(stderr);
      return JSON.parse(result);
    });
  };

  const used = {
    game: Forward.udp({ listen: 27015, to: `${ADDRESS.backend.v4}:9000` }),
    files: Forward.tcp({ listen: 9000, to: `${ADDRESS.backend.v4}:9000` }),
    web: Forward.tcp({ listen: 80, to: `${ADDRESS.backend.v4}:9001` }),
  };

  test('loses no packet, download or new connection of unchanged forwards', async () => {
    await kernel.apply(rulesOf(used));
    const stop = join(folder, 'stop');
    const steady = ['python3', kernel.host.support('client', 'steady.py'), ADDRESS.gateway.v4, '80', stop, '5'];
    const traffic = Promise.all([
      stream('udp', 27015, stop),
      stream('tcp', 9000, stop),
      kernel.host.run('client', steady),
    ]);
    await sleep(1000);
    const changes: [Forwards, string[]?][] = [
      [{ ...used, more: Forward.udp({ listen: 5000, to: 6000 }) }],
      // A tree of chains is created, grows and is removed.
      [{ ...used, ...others(40) }],
      [{ ...used, ...others(41) }, ['192.0.2.0/24']],
      [{ ...used, ...others(500) }],
      [used, ['192.0.2.0/24']],
      [{ ...used, closed: Forward.tcp({ listen: 81, to: 80, allowFrom: ['192.0.2.0/24'] }) }],
      [used],
    ];
    for (const [forwards, blocked = []] of changes) {
      await kernel.apply(rulesOf(forwards, { blocked: blocked.map((text) => ({ text, family: 4 })) }));
      await sleep(300);
    }
    await writeFile(stop, '');
    const [udp, tcp, connections] = await traffic;
    expect(udp).toMatchObject({ lost: [] });
    expect(udp.sent).toBeGreaterThan(1000);
    expect(tcp).toMatchObject({ inOrder: true });
    expect(tcp.received).toBeGreaterThan(10_000);
    const attempts = connections.stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line));
    expect(attempts.filter((attempt) => attempt.name !== 'backend')).toEqual([]);
    expect(attempts.length).toBeGreaterThan(50);
  });

  test('writes only the chains that differ', async () => {
    await kernel.apply(rulesOf({ ...used, ...others(40) }));
    // A rewritten rule has a new handle.
    const rules = async () => {
      const list = await kernel.host.sh('gateway', 'nft -a list table ip nat');
      return [...list.matchAll(/ dport 20\d{3} .*# handle (\d+)$/gm)].map((match) => match[1]);
    };
    const before = await rules();
    expect(before).toHaveLength(40);
    await kernel.apply(rulesOf({ ...used, ...others(40), last: Forward.tcp({ listen: 65_000, to: 80 }) }));
    const after = await rules();
    expect(after.filter((handle) => before.includes(handle)).length).toBeGreaterThanOrEqual(32);
  });

  test('handles 10,000 forwards: applies and proves them, and adds one more', async () => {
    const many = (count: number) =>
      rulesOf(
        Object.fromEntries(
          Array.from({ length: count }, (_, i) => [`f${i}`, Forward.tcp({ listen: 30_000 + i, to: 8080 })]),
        ),
      );
    await kernel.host.app('gateway', 'tcp', 8080);
    await kernel.apply(many(10_000));
    expect((await kernel.script('check')).code).toBe(0);
    for (const port of [30_000, 35_000, 39_999])
      expect((await kernel.host.ask('client', 'tcp', ADDRESS.gateway.v4, port)).name).toBe('gateway');
    await kernel.apply(many(10_001));
    expect((await kernel.host.ask('client', 'tcp', ADDRESS.gateway.v4, 40_000)).name).toBe('gateway');
    expect((await kernel.script('remove')).code).toBe(0);
    expect(await kernel.live()).not.toMatch(/PORTWAY|portway/);
  });
});
