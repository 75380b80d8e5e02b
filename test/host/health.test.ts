import { setTimeout as sleep } from 'node:timers/promises';
import { Forward } from '../../lib/forward/forward';
import { type Attempt, HealthHost } from './support/health';
import { answering, at, BACKENDS, chain, NAMES, QUICK, serve } from './support/health-backends';
import { ADDRESS, describeHost, type Host } from './support/host';
import { rulesOf } from './support/rules';

jest.setTimeout(120_000);

/** Forwards with several targets while targets die and return. */
describeHost('health checks', () => {
  let health: HealthHost;
  let host: Host;
  beforeEach(async () => {
    health = await HealthHost.start();
    host = health.host;
  });
  afterEach(() => health.stop());

  const failed = (attempts: readonly Attempt[]) => attempts.filter((a) => a.name.startsWith('none'));

  describe('a target that dies under load', () => {
    const db = Forward.tcp({ listen: 7000, to: NAMES.map((name) => at(name)), healthCheck: QUICK });

    test('silently, is taken out: waiting connections move to other targets, and none is lost', async () => {
      await serve(health, 'tcp');
      await health.deploy({ db });
      expect(await answering(health)).toEqual(['first', 'second', 'third']);
      const client = await health.steady(ADDRESS.gateway.v4, 7000);
      await health.silence(BACKENDS.second.v4);
      await health.down(at('second'));
      const out = Date.now();
      expect(await answering(health, 200)).toEqual(['first', 'third']);
      const attempts = await client.stop();
      expect(failed(attempts)).toEqual([]);
      const later = attempts.filter((a) => a.at > out);
      expect(later.length).toBeGreaterThan(0);
      expect(later.map((a) => a.name)).not.toContain('second');
    });

    test('and refuses connections, is taken out: no later connection fails', async () => {
      await serve(health, 'tcp');
      await health.deploy({ db });
      const client = await health.steady(ADDRESS.gateway.v4, 7000);
      await health.killApplication('backend', BACKENDS.second.port);
      await health.down(at('second'));
      const out = Date.now();
      expect(await answering(health, 200)).toEqual(['first', 'third']);
      const attempts = await client.stop();
      // Until the failure is noticed, its share of the connections is refused.
      expect(failed(attempts).length).toBeGreaterThan(0);
      expect(failed(attempts).filter((a) => a.at > out)).toEqual([]);
    });

    test('and returns, gets its share again, with the original rules', async () => {
      await serve(health, 'tcp');
      await health.deploy({ db });
      const before = await health.rules.live();
      await health.silence(BACKENDS.second.v4);
      await health.down(at('second'));
      expect(await chain(health, 'db')).toHaveLength(3);
      await health.return(BACKENDS.second.v4);
      await health.down();
      expect(await health.rules.live()).toBe(before);
      expect(await answering(health)).toEqual(['first', 'second', 'third']);
    });
  });

  test('keeps the weights among live targets', async () => {
    await serve(health, 'tcp');
    const to = [
      { to: at('first'), weight: 3 },
      { to: at('second'), weight: 4 },
      { to: at('third'), weight: 1 },
    ];
    await health.deploy({ db: Forward.tcp({ listen: 7000, to, healthCheck: QUICK }) });
    const before = await chain(health, 'db');
    await health.killApplication('backend', BACKENDS.second.port);
    await health.down(at('second'));
    const shares = await host.share('tcp', ADDRESS.gateway.v4, 7000, 800);
    // 600 and 200, with a deviation of 12.
    expect(Math.abs((shares.first ?? 0) - 600)).toBeLessThan(75);
    expect(shares.second).toBeUndefined();
    await health.backend('tcp', BACKENDS.second.v4, BACKENDS.second.port, 'second');
    await health.down();
    expect(await chain(health, 'db')).toEqual(before);
  });

  test('names dead targets in the comments of the chain', async () => {
    await serve(health, 'tcp');
    await health.deploy({ db: Forward.tcp({ listen: 7000, to: NAMES.map((name) => at(name)), healthCheck: QUICK }) });
    await health.silence(BACKENDS.first.v4);
    await health.silence(BACKENDS.third.v4);
    await health.down(at('first'), at('third'));
    expect(await chain(health, 'db')).toEqual([
      '-A PORTWAY-db -m comment --comment "portway:db out: 10.0.1.11:9001"',
      '-A PORTWAY-db -m comment --comment "portway:db out: 10.0.1.13:9003"',
      '-A PORTWAY-db -p tcp -m comment --comment "portway:db" -j DNAT --to-destination 10.0.1.12:9002',
    ]);
    expect(await answering(health)).toEqual(['second']);
  });

  test('uses all targets when all are dead, then only the first that returns', async () => {
    await serve(health, 'tcp', 'v4', ['first', 'second']);
    await health.deploy({
      db: Forward.tcp({ listen: 7000, to: [at('first'), at('second')], healthCheck: { ...QUICK, failures: 1 } }),
    });
    const before = await chain(health, 'db');
    await health.killApplication('backend', BACKENDS.first.port);
    await health.down(at('first'));
    await health.killApplication('backend', BACKENDS.second.port);
    await health.down(at('first'), at('second'));
    expect(await chain(health, 'db')).toEqual(before);
    expect(await health.log()).toMatch(
      /^db: 10\.0\.1\.12:9002 is out \(.*refused\); 0 of 2 targets answer: all stay in$/m,
    );
    await health.backend('tcp', BACKENDS.first.v4, BACKENDS.first.port, 'first');
    await health.down(at('second'));
    expect(await answering(health)).toEqual(['first']);
  });

  test('keeps a target that answers again before its last failed check', async () => {
    await serve(health, 'tcp', 'v4', ['first', 'second']);
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
    await serve(health, 'tcp', 'v4', ['first', 'second']);
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
      await serve(health, 'tcp', 'v4', ['first', 'second']);
      await health.deploy({ db });
      await health.silence(BACKENDS.second.v4);
      await health.down(at('second'));
    });
    const isOut = async () => `${await chain(health, 'db')}`.includes('out: 10.0.1.12:9002');

    test('keeps a dead target out when other forwards are applied', async () => {
      const client = await health.steady(ADDRESS.gateway.v4, 7000);
      await health.rules.apply(rulesOf({ db, other: Forward.tcp({ listen: 7100, to: 9000 }) }));
      await health.until('the dead target is out again', isOut);
      expect(await answering(health)).toEqual(['first']);
      expect(failed(await client.stop())).toEqual([]);
    });

    test('restores a flushed chain', async () => {
      await host.sh('gateway', 'iptables-nft -t nat -F PORTWAY-db');
      await health.until('the chain is back', isOut);
      expect(await answering(health)).toEqual(['first']);
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
      await serve(health, 'tcp', 'v4', ['first', 'second']);
      await health.deploy({ db: Forward.tcp({ listen: 7000, to: [at('first'), at('second')], healthCheck: QUICK }) });
      await health.silence(BACKENDS.second.v4);
      await health.down(at('second'));
      const out = await chain(health, 'db');
      const since = await health.state();
      await health.kill(signal);
      expect(await chain(health, 'db')).toEqual(out);
      await health.serve();
      expect(await chain(health, 'db')).toEqual(out);
      expect(await health.state()).toEqual(since);
      await health.return(BACKENDS.second.v4);
      await health.down();
      expect(await answering(health)).toEqual(['first', 'second']);
    },
  );

  test("checks another port than the target's if one is set", async () => {
    await serve(health, 'tcp', 'v4', ['first', 'second']);
    await health.backend('tcp', BACKENDS.first.v4, 9100, 'admin');
    await health.deploy({
      db: Forward.tcp({ listen: 7000, to: [at('first'), at('second')], healthCheck: { ...QUICK, port: 9100 } }),
    });
    await health.down(at('second'));
    expect(await answering(health)).toEqual(['first']);
  });
});
