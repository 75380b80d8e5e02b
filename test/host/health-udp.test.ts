import { Forward } from '../../lib/forward/forward';
import { HealthHost } from './support/health';
import { at, BACKENDS, NAMES, QUICK, serve } from './support/health-backends';
import { ADDRESS, describeHost, type Host } from './support/host';

jest.setTimeout(120_000);

/** UDP flows, which keep their target, while targets die and return. */
describeHost('health checks of UDP', () => {
  let health: HealthHost;
  let host: Host;
  beforeEach(async () => {
    health = await HealthHost.start();
    host = health.host;
  });
  afterEach(() => health.stop());

  describe.each(['v4', 'v6'] as const)('over IP%s', (family) => {
    const SOURCES = Array.from({ length: 36 }, (_, i) => 40_000 + i);
    const ask = (port: number, source: number) =>
      host.ask('client', 'udp', ADDRESS.gateway[family], port, { port: source }).then((answer) => answer.name);

    test('moves flows from a dead target to a live one, and leaves all others alone', async () => {
      await serve(health, 'udp', family);
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
