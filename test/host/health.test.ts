import { setTimeout as sleep } from 'node:timers/promises';
import { Forward } from '../../lib/forward/forward';
import { Gateway } from './support/gateway';
import { type Attempt, HealthHost } from './support/health';
import { ADDRESS, describeHost, type Host, until } from './support/host';
import { rulesOf } from './support/rules';

jest.setTimeout(120_000);

/** Each stands for a separate host, with its own address and port. */
const BACKENDS = {
  first: { v4: '10.0.1.11', v6: 'fd00:1::11', port: 9001 },
  second: { v4: '10.0.1.12', v6: 'fd00:1::12', port: 9002 },
  third: { v4: '10.0.1.13', v6: 'fd00:1::13', port: 9003 },
} as const;

type Name = keyof typeof BACKENDS;
const NAMES = ['first', 'second', 'third'] as const;

/** The shortest check that props allow. */
const QUICK = { interval: 1, failures: 2 } as const;

function at(name: Name, family: 'v4' | 'v6' = 'v4'): string {
  const { port, v4, v6 } = BACKENDS[name];
  return family === 'v4' ? `${v4}:${port}` : `[${v6}]:${port}`;
}

/** Forwards with several targets while targets die and return. */
describeHost('health checks', () => {
  let health: HealthHost;
  let host: Host;
  beforeEach(async () => {
    health = await HealthHost.start();
    host = health.host;
  });
  afterEach(() => health.stop());

  const serve = async (protocol: 'tcp' | 'udp', family: 'v4' | 'v6' = 'v4', names: readonly Name[] = NAMES) => {
    for (const name of names) await health.backend(protocol, BACKENDS[name][family], BACKENDS[name].port, name);
  };
  const chain = (name: string, family: 'iptables' | 'ip6tables' = 'iptables') =>
    health.rules.chain('nat', `PORTWAY-${name}`, family);
  /** Which targets answer a number of connections. @throws Error when one of them fails */
  const answering = async (count = 60, family: 'v4' | 'v6' = 'v4') =>
    Object.keys(await host.share('tcp', ADDRESS.gateway[family], 7000, count)).sort();
  const failed = (attempts: readonly Attempt[]) => attempts.filter((a) => a.name.startsWith('none'));

  describe('a target that dies under load', () => {
    const db = Forward.tcp({ listen: 7000, to: NAMES.map((name) => at(name)), healthCheck: QUICK });

    test('silently, is taken out: waiting connections move to other targets, and none is lost', async () => {
      await serve('tcp');
      await health.deploy({ db });
      expect(await answering()).toEqual(['first', 'second', 'third']);
      const client = await health.steady(ADDRESS.gateway.v4, 7000);
      await health.silence(BACKENDS.second.v4);
      await health.down(at('second'));
      const out = Date.now();
      expect(await answering(200)).toEqual(['first', 'third']);
      const attempts = await client.stop();
      expect(failed(attempts)).toEqual([]);
      const later = attempts.filter((a) => a.at > out);
      expect(later.length).toBeGreaterThan(0);
      expect(later.map((a) => a.name)).not.toContain('second');
    });

    test('and refuses connections, is taken out: no later connection fails', async () => {
      await serve('tcp');
      await health.deploy({ db });
      const client = await health.steady(ADDRESS.gateway.v4, 7000);
      await health.killApplication('backend', BACKENDS.second.port);
      await health.down(at('second'));
      const out = Date.now();
      expect(await answering(200)).toEqual(['first', 'third']);
      const attempts = await client.stop();
      // Until the failure is noticed, its share of the connections is refused.
      expect(failed(attempts).length).toBeGreaterThan(0);
      expect(failed(attempts).filter((a) => a.at > out)).toEqual([]);
    });

    test('and returns, gets its share again, with the original rules', async () => {
      await serve('tcp');
      await health.deploy({ db });
      const before = await health.rules.live();
      await health.silence(BACKENDS.second.v4);
      await health.down(at('second'));
      expect(await chain('db')).toHaveLength(3);
      await health.return(BACKENDS.second.v4);
      await health.down();
      expect(await health.rules.live()).toBe(before);
      expect(await answering()).toEqual(['first', 'second', 'third']);
    });
  });

  test('keeps the weights among live targets', async () => {
    await serve('tcp');
    const to = [
      { to: at('first'), weight: 3 },
      { to: at('second'), weight: 4 },
      { to: at('third'), weight: 1 },
    ];
    await health.deploy({ db: Forward.tcp({ listen: 7000, to, healthCheck: QUICK }) });
    const before = await chain('db');
    await health.killApplication('backend', BACKENDS.second.port);
    await health.down(at('second'));
    const shares = await host.share('tcp', ADDRESS.gateway.v4, 7000, 800);
    // 600 and 200, with a deviation of 12.
    expect(Math.abs((shares.first ?? 0) - 600)).toBeLessThan(75);
    expect(shares.second).toBeUndefined();
    await health.backend('tcp', BACKENDS.second.v4, BACKENDS.second.port, 'second');
    await health.down();
    expect(await chain('db')).toEqual(before);
  });

  test('names dead targets in the comments of the chain', async () => {
    await serve('tcp');
    await health.deploy({ db: Forward.tcp({ listen: 7000, to: NAMES.map((name) => at(name)), healthCheck: QUICK }) });
    await health.silence(BACKENDS.first.v4);
    await health.silence(BACKENDS.third.v4);
    await health.down(at('first'), at('third'));
    expect(await chain('db')).toEqual([
      '-A PORTWAY-db -m comment --comment "portway:db out: 10.0.1.11:9001"',
      '-A PORTWAY-db -m comment --comment "portway:db out: 10.0.1.13:9003"',
      '-A PORTWAY-db -p tcp -m comment --comment "portway:db" -j DNAT --to-destination 10.0.1.12:9002',
    ]);
    expect(await answering()).toEqual(['second']);
  });

  test('uses all targets when all are dead, then only the first that returns', async () => {
    await serve('tcp', 'v4', ['first', 'second']);
    await health.deploy({
      db: Forward.tcp({ listen: 7000, to: [at('first'), at('second')], healthCheck: { ...QUICK, failures: 1 } }),
    });
    const before = await chain('db');
    await health.killApplication('backend', BACKENDS.first.port);
    await health.down(at('first'));
    await health.killApplication('backend', BACKENDS.second.port);
    await health.down(at('first'), at('second'));
    expect(await chain('db')).toEqual(before);
    expect(await health.log()).toMatch(
      /^db: 10\.0\.1\.12:9002 is out \(.*refused\); 0 of 2 targets answer: all stay in$/m,
    );
    await health.backend('tcp', BACKENDS.first.v4, BACKENDS.first.port, 'first');
    await health.down(at('second'));
    expect(await answering()).toEqual(['first']);
  });

  test('keeps a target that answers again before its last failed check', async () => {
    await serve('tcp', 'v4', ['first', 'second']);
    await health.deploy({
      db: Forward.tcp({ listen: 7000, to: [at('first'), at('second')], healthCheck: { interval: 1, failures: 20 } }),
    });
    await health.killApplication('backend', BACKENDS.first.port);
    await sleep(3000);
    await health.backend('tcp', BACKENDS.first.v4, BACKENDS.first.port, 'first');
    await sleep(2500);
    expect(await health.log()).toBe('asking 2 targets\n');
  });

  test('logs only changes, and records their time in the state file', async () => {
    await serve('tcp', 'v4', ['first', 'second']);
    const started = Math.floor(Date.now() / 1000);
    await health.deploy({ db: Forward.tcp({ listen: 7000, to: [at('first'), at('second')], healthCheck: QUICK }) });
    expect(await health.state()).toEqual([
      { forward: 'db', target: at('first'), up: true, since: expect.any(Number) },
      { forward: 'db', target: at('second'), up: true, since: expect.any(Number) },
    ]);
    await health.silence(BACKENDS.second.v4);
    await health.down(at('second'));
    const [first, second] = await health.state();
    expect(first?.since).toBeGreaterThanOrEqual(started);
    expect(second?.since).toBeGreaterThan(first?.since ?? 0);
    await health.return(BACKENDS.second.v4);
    await health.down();
    expect((await health.log()).split('\n')).toEqual([
      'asking 2 targets',
      expect.stringMatching(/^db: 10\.0\.1\.12:9002 is out \(.+\); 1 of 2 targets answer$/),
      'db: 10.0.1.12:9002 is in; 2 of 2 targets answer',
      '',
    ]);
  });

  describe('when another program changes the chain', () => {
    const db = Forward.tcp({ listen: 7000, to: [at('first'), at('second')], healthCheck: QUICK });
    beforeEach(async () => {
      await serve('tcp', 'v4', ['first', 'second']);
      await health.deploy({ db });
      await health.silence(BACKENDS.second.v4);
      await health.down(at('second'));
    });
    const isOut = async () => `${await chain('db')}`.includes('out: 10.0.1.12:9002');

    test('keeps a dead target out when other forwards are applied', async () => {
      const client = await health.steady(ADDRESS.gateway.v4, 7000);
      await health.rules.apply(rulesOf({ db, other: Forward.tcp({ listen: 7100, to: 9000 }) }));
      await health.until('the dead target is out again', isOut);
      expect(await answering()).toEqual(['first']);
      expect(failed(await client.stop())).toEqual([]);
    });

    test('restores a flushed chain', async () => {
      await host.sh('gateway', 'iptables-nft -t nat -F PORTWAY-db');
      await health.until('the chain is back', isOut);
      expect(await answering()).toEqual(['first']);
    });

    test('does not recreate a deleted chain', async () => {
      await health.rules.apply(rulesOf({ other: Forward.tcp({ listen: 7100, to: 9000 }) }));
      await health.return(BACKENDS.second.v4);
      await health.down();
      expect(await health.rules.live()).not.toContain('PORTWAY-db');
    });
  });

  test.each(['TERM', 'KILL'] as const)(
    'leaves a complete chain after SIG%s, and continues from there',
    async (signal) => {
      await serve('tcp', 'v4', ['first', 'second']);
      await health.deploy({ db: Forward.tcp({ listen: 7000, to: [at('first'), at('second')], healthCheck: QUICK }) });
      await health.silence(BACKENDS.second.v4);
      await health.down(at('second'));
      const out = await chain('db');
      const since = await health.state();
      await health.kill(signal);
      expect(await chain('db')).toEqual(out);
      await health.serve();
      expect(await chain('db')).toEqual(out);
      expect(await health.state()).toEqual(since);
      await health.return(BACKENDS.second.v4);
      await health.down();
      expect(await answering()).toEqual(['first', 'second']);
    },
  );

  test.each(['v4', 'v6'] as const)(
    "moves only a dead target's clients with balance source, over %s",
    async (family) => {
      // An IPv6 client is a /64.
      const clients = Array.from({ length: 24 }, (_, i) =>
        family === 'v4' ? `198.51.100.${100 + i}` : `2001:db8:200:${i}::10`,
      );
      const add = clients.map((address) => `ip addr add ${address}/${family === 'v4' ? 24 : 64} dev eth0`);
      await host.sh('client', family === 'v4' ? add.join('\n') : add.map((line) => `${line} nodad`).join('\n'));
      await host.sh('gateway', `ip route add 2001:db8:200::/48 via ${ADDRESS.client.v6}`);
      await serve('tcp', family);
      const to = NAMES.map((name) => at(name, family));
      await health.deploy({ db: Forward.tcp({ listen: 7000, to, balance: 'source', healthCheck: QUICK }) });
      const answers = async () => {
        const all = new Map<string, string>();
        for (const address of clients) {
          const { name } = await host.ask('client', 'tcp', ADDRESS.gateway[family], 7000, { address });
          all.set(address, name);
        }
        return all;
      };
      const rules = await chain('db', family === 'v4' ? 'iptables' : 'ip6tables');
      const whole = await answers();
      expect(new Set(whole.values())).toEqual(new Set(NAMES));

      await health.silence(BACKENDS.second[family]);
      await health.down(at('second', family));
      const without = await answers();
      const moved = clients.filter((address) => whole.get(address) === 'second');
      for (const address of clients.filter((c) => !moved.includes(c)))
        expect(without.get(address)).toBe(whole.get(address));
      // The dead target's clients are shared by the others.
      expect(new Set(moved.map((address) => without.get(address)))).toEqual(new Set(['first', 'third']));

      await health.silence(BACKENDS.first[family]);
      await health.down(at('first', family), at('second', family));
      expect(new Set((await answers()).values())).toEqual(new Set(['third']));

      await health.return(BACKENDS.first[family]);
      await health.down(at('second', family));
      expect(await answers()).toEqual(without);
      await health.return(BACKENDS.second[family]);
      await health.down();
      expect(await chain('db', family === 'v4' ? 'iptables' : 'ip6tables')).toEqual(rules);
      expect(await answers()).toEqual(whole);
    },
  );

  test('takes out a dead target over IPv6', async () => {
    await serve('tcp', 'v6');
    const to = NAMES.map((name) => at(name, 'v6'));
    await health.deploy({ db: Forward.tcp({ listen: 7000, to, healthCheck: QUICK }) });
    const before = await chain('db', 'ip6tables');
    expect(await answering(60, 'v6')).toEqual(['first', 'second', 'third']);
    await health.silence(BACKENDS.third.v6);
    await health.down(at('third', 'v6'));
    expect(await answering(200, 'v6')).toEqual(['first', 'second']);
    await health.return(BACKENDS.third.v6);
    await health.down();
    expect(await chain('db', 'ip6tables')).toEqual(before);
  });

  test('tracks live targets per family when a forward has both', async () => {
    await serve('tcp', 'v4', ['first', 'second']);
    await serve('tcp', 'v6', ['first', 'second']);
    const to = (['first', 'second'] as const).flatMap((name) => [at(name), at(name, 'v6')]);
    await health.deploy({ db: Forward.tcp({ listen: 7000, to, healthCheck: QUICK }) });
    await health.silence(BACKENDS.first.v4);
    await health.down(at('first'));
    expect(await answering()).toEqual(['second']);
    expect(await answering(60, 'v6')).toEqual(['first', 'second']);
    await health.silence(BACKENDS.second.v6);
    await health.down(at('first'), at('second', 'v6'));
    expect(await answering()).toEqual(['second']);
    expect(await answering(60, 'v6')).toEqual(['first']);
  });

  test('checks targets on the gateway itself, in both families', async () => {
    for (const name of ['first', 'second'] as const) await host.app('gateway', 'tcp', BACKENDS[name].port, name);
    await health.deploy({ web: Forward.tcp({ listen: 7000, to: [9001, 9002], healthCheck: QUICK }) });
    await health.killApplication('gateway', 9001);
    await health.down('9001');
    expect(await answering()).toEqual(['second']);
    expect(await answering(60, 'v6')).toEqual(['second']);
    await host.app('gateway', 'tcp', 9001, 'first');
    await health.down();
    expect(await answering()).toEqual(['first', 'second']);
  });

  test("checks another port than the target's if one is set", async () => {
    await serve('tcp', 'v4', ['first', 'second']);
    await health.backend('tcp', BACKENDS.first.v4, 9100, 'admin');
    await health.deploy({
      db: Forward.tcp({ listen: 7000, to: [at('first'), at('second')], healthCheck: { ...QUICK, port: 9100 } }),
    });
    await health.down(at('second'));
    expect(await answering()).toEqual(['first']);
  });

  describe.each(['v4', 'v6'] as const)('UDP over %s', (family) => {
    const SOURCES = Array.from({ length: 36 }, (_, i) => 40_000 + i);
    const ask = (port: number, source: number) =>
      host.ask('client', 'udp', ADDRESS.gateway[family], port, { port: source }).then((answer) => answer.name);

    test('moves flows from a dead target to a live one, and leaves all others alone', async () => {
      await serve('udp', family);
      const to = NAMES.map((name) => at(name, family));
      await health.deploy({
        game: Forward.udp({ listen: 7000, to, healthCheck: QUICK }),
        voice: Forward.udp({ listen: 7100, to: at('second', family) }),
      });
      const before = new Map<number, string>();
      for (const source of SOURCES) before.set(source, await ask(7000, source));
      expect(new Set(before.values())).toEqual(new Set(NAMES));
      expect(await ask(7100, 41_000)).toBe('second');
      await health.silence(BACKENDS.second[family]);
      await health.down(at('second', family));
      for (const [source, name] of before) {
        if (name === 'second') expect(await ask(7000, source)).toMatch(/^(first|third)$/);
        else expect(await ask(7000, source)).toBe(name);
      }
      // A forward without a health check still sends to the dead target.
      expect(await ask(7100, 41_000)).toMatch(/^none/);
      await health.return(BACKENDS.second[family]);
      await health.down();
      expect(await ask(7100, 41_000)).toBe('second');
    });

    test('moves flows of a port range that is checked by TCP', async () => {
      for (const name of ['first', 'second'] as const) {
        await health.backend('udp', BACKENDS[name][family], 9505, name);
        await health.backend('tcp', BACKENDS[name][family], 9001, name);
      }
      const to = (['first', 'second'] as const).map((name) => at(name, family).replace(/:\d+$/, ':9500-9510'));
      await health.deploy({
        media: Forward.udp({ listen: '7500-7510', to, healthCheck: { ...QUICK, by: 'tcp', port: 9001 } }),
      });
      const before = new Map<number, string>();
      for (const source of SOURCES) before.set(source, await ask(7505, source));
      expect(new Set(before.values())).toEqual(new Set(['first', 'second']));
      await health.silence(BACKENDS.first[family]);
      await health.down(to[0] ?? '');
      for (const source of SOURCES) expect(await ask(7505, source)).toBe('second');
    });
  });
});

/** The service as host.sh sets it up, changes it and removes it. */
describeHost('health checks on a host', () => {
  let gateway: Gateway;
  beforeEach(async () => {
    gateway = await Gateway.start();
  });
  afterEach(() => gateway.stop());

  const checked = (to: readonly number[]) => ({
    web: Forward.tcp({ listen: 7000, to, engine: 'iptables' as const, healthCheck: QUICK }),
  });
  const pid = () => gateway.host.read('/run/systemd/portway-health.pid');
  const isActive = async () =>
    (await gateway.host.run('gateway', ['systemctl', 'is-active', 'portway-health'])).code === 0;
  const isEnabled = async () =>
    (await gateway.host.run('gateway', ['systemctl', 'is-enabled', 'portway-health'])).code === 0;
  const state = async () => (await gateway.host.read('/run/portway/health/state')).replace(/, "since": \d+/g, '');
  const chain = () => gateway.host.sh('gateway', 'iptables-nft -t nat -S PORTWAY-web');

  test("are started by a deploy, keep running at a reboot's run, and take out dead targets", async () => {
    await gateway.host.app('gateway', 'tcp', 8001, 'first');
    await gateway.succeed({ forwards: checked([8001, 8002]) });
    expect(await isActive()).toBe(true);
    expect(await isEnabled()).toBe(true);
    const before = await pid();
    expect((await gateway.reboot()).code).toBe(0);
    expect(await pid()).toBe(before);
    await until('the target that is not there is out', async () => (await chain()).includes('out: 8002'));
    expect(Object.keys(await gateway.host.share('tcp', ADDRESS.gateway.v4, 7000, 60))).toEqual(['first']);
  });

  test('are started again at boot if the service has stopped', async () => {
    await gateway.succeed({ forwards: checked([8001, 8002]) });
    await gateway.host.sh('gateway', 'systemctl stop portway-health');
    expect((await gateway.reboot()).code).toBe(0);
    expect(await isActive()).toBe(true);
  });

  test('pick up changed targets at once', async () => {
    await gateway.succeed({ forwards: checked([8001, 8002]) });
    const before = await pid();
    await gateway.succeed({ forwards: checked([8003, 8002]), content: 'c2' });
    expect(await pid()).not.toBe(before);
    expect(await state()).toMatch(/"8003".*\n.*"8002"/);
    expect(await state()).not.toContain('8001');
  });

  test('keep running, and keep dead targets out, during other changes', async () => {
    await gateway.host.app('gateway', 'tcp', 8001, 'first');
    await gateway.succeed({ forwards: checked([8001, 8002]) });
    await until('one is out', async () => (await chain()).includes('out: 8002'));
    const before = await pid();
    const more = Forward.tcp({ listen: 7100, to: 8001, engine: 'iptables' });
    await gateway.succeed({ forwards: { ...checked([8001, 8002]), more }, content: 'c2' });
    expect(await pid()).toBe(before);
    await until('it is out again', async () => (await chain()).includes('out: 8002'));
    expect((await gateway.host.run('gateway', ['portway', 'rules', 'check'])).stderr).toBe('');
  });

  test('pick up changed weights while a target is out', async () => {
    for (const port of [8001, 8002]) await gateway.host.app('gateway', 'tcp', port);
    const weighted = (weight: number) => ({
      web: Forward.tcp({
        listen: 7000,
        to: [{ to: 8001, weight }, 8002, 8003],
        engine: 'iptables' as const,
        healthCheck: QUICK,
      }),
    });
    await gateway.succeed({ forwards: weighted(1) });
    await until('one is out', async () => (await chain()).includes('out: 8003'));
    expect(await chain()).toMatch(/probability 0\.5\d* .*--to-ports 8001\n/);
    await gateway.succeed({ forwards: weighted(3), content: 'c2' });
    expect(await chain()).toMatch(/out: 8003"\n.*probability 0\.75\d* .*--to-ports 8001\n.*--to-ports 8002\n$/);
  });

  test('stop when no forward has one, with all targets back in', async () => {
    await gateway.host.app('gateway', 'tcp', 8001, 'first');
    await gateway.succeed({ forwards: checked([8001, 8002]) });
    await until('one is out', async () => (await chain()).includes('out: 8002'));
    await gateway.succeed({
      forwards: { web: Forward.tcp({ listen: 7000, to: [8001, 8002], engine: 'iptables' }) },
      content: 'c2',
    });
    expect(await isActive()).toBe(false);
    expect(await isEnabled()).toBe(false);
    const left = await gateway.host.sh('gateway', 'find /etc /usr/local -name "*health*"');
    expect(left).toBe('');
    expect(await chain()).toContain('8002');
    expect(await chain()).not.toContain('out:');
  });

  test('fail the change when the service does not start, and the old content keeps running', async () => {
    await gateway.succeed({ forwards: checked([8001, 8002]) });
    const result = await gateway.boot({
      forwards: checked([8003, 8002]),
      content: 'c2',
      alter: (content) => ({
        ...content,
        files: content.files.map((file) => (file.path.endsWith('health.json') ? { ...file, text: '{\n' } : file)),
      }),
    });
    expect(result.code).not.toBe(0);
    expect((await gateway.signals()).at(-1)).toMatchObject({
      Status: 'FAILURE',
      Reason: expect.stringMatching(/^portway-health does not start: .*JSONDecodeError/),
    });
    expect(await isActive()).toBe(true);
    expect(await state()).toContain('"8001"');
    expect(await chain()).toContain('8001');
  });
});
