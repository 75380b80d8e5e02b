import { Forward } from '../../lib/forward/forward';
import { ADDRESS, describeHost } from './support/host';
import { NginxHost } from './support/nginx';

jest.setTimeout(60_000);

const GATEWAY = ADDRESS.gateway.v4;
const TARGET = `${ADDRESS.backend.v4}:8080`;
const NOBODY = `${ADDRESS.backend.v4}:9999`;

describeHost('logs of requests', () => {
  let nginx: NginxHost;
  beforeAll(async () => {
    nginx = await NginxHost.start();
    await nginx.web(8080, 'web');
    await nginx.run({
      all: Forward.http({ listen: 80, to: TARGET }),
      errors: Forward.http({
        listen: 81,
        to: TARGET,
        logs: { level: 'errors' },
        routes: {
          '/health': { to: TARGET, logs: { level: 'none' } },
          '/audit': { to: TARGET, logs: { level: 'all' } },
        },
      }),
      none: Forward.http({ listen: 82, to: NOBODY, logs: { level: 'none' } }),
      redacted: Forward.http({ listen: 83, to: NOBODY, logs: { redact: true } }),
      cached: Forward.http({ listen: 85, to: TARGET, cache: { sizeMb: 10, validFor: 60 } }),
      'redacted-path': Forward.http({
        listen: 84,
        to: NOBODY,
        routes: { '/secret/*': { to: NOBODY, logs: { redact: true, level: 'errors' } } },
      }),
    });
  });
  afterAll(() => nginx?.stop());

  const get = (port: number, path: string, ...words: string[]) =>
    nginx.curl('client', ...words, `http://${GATEWAY}:${port}${path}`);

  test("contain the request id that target and client see, the target's status and its time", async () => {
    const { stdout } = await get(80, '/x?y', '-i', '-H', 'X-Test-Status: 404');
    const id = /^x-request-id: ([0-9a-f]{32})\r$/im.exec(stdout)?.[1];
    expect(stdout).toContain(`["x-request-id", "${id}"]`);
    const [entry] = await nginx.log(80, 1);
    expect(entry).toMatchObject({ request: id, uri: '/x?y', status: 404, target: TARGET, target_status: '404' });
    for (const field of ['target_seconds', 'target_first_byte_seconds']) expect(entry?.[field]).toMatch(/^\d+\.\d{3}$/);
  });

  test('contain the cache status', async () => {
    await get(85, '/kept');
    await get(85, '/kept');
    // Each worker buffers its own lines, so they come in any order.
    expect((await nginx.log(85, 2)).map((e) => [e.cache, e.target]).sort()).toEqual([
      ['HIT', ''],
      ['MISS', TARGET],
    ]);
    expect((await nginx.log(80, 1))[0]?.cache).toBe('');
  });

  test('can have only errors, nothing, or more on a path', async () => {
    await get(81, '/fine');
    await get(81, '/health', '-H', 'X-Test-Status: 500');
    await get(81, '/audit');
    await get(81, '/broken', '-H', 'X-Test-Status: 500');
    await get(82, '/nothing');
    const entries = await nginx.log(81, 2);
    expect(entries.map((e) => [e.uri, e.status]).sort()).toEqual([
      ['/audit', 200],
      ['/broken', 500],
    ]);
    expect(await nginx.log(82, 0)).toEqual([]);
  });

  describe('redacted', () => {
    const secrets = () => nginx.host.sh('gateway', 'grep -rl hunter2 /var/log/portway || :');

    test("contain no query, not even in nginx's own messages", async () => {
      await get(83, '/login?password=hunter2', '-H', 'Referer: http://x/?password=hunter2');
      await get(84, '/secret/a?password=hunter2');
      expect(await nginx.log(83, 1)).toMatchObject([{ uri: '/login', status: 502 }]);
      expect(await nginx.log(84, 1)).toMatchObject([{ uri: '/secret/a', status: 502 }]);
      expect(await secrets()).toBe('');
    });

    test('only where configured', async () => {
      await get(84, '/open?x=1');
      expect((await nginx.log(84, 1)).map((e) => e.uri)).toContain('/open?x=1');
      expect(await nginx.host.read('/var/log/portway/error.log')).toContain('GET /open?x=1');
    });
  });
});
