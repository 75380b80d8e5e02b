import { setTimeout as sleep } from 'node:timers/promises';
import { Forward } from '../../lib/forward/forward';
import { ADDRESS, describeHost, type Host } from './support/host';
import { NginxHost } from './support/nginx';

jest.setTimeout(60_000);

/** Amazon's resolver, which the rendered configuration uses; here it runs on the gateway's loopback. */
const RESOLVER = '169.254.169.253';
const NAMES = '/run/names.json';
const QUESTIONS = '/run/questions';
const GATEWAY = ADDRESS.gateway.v4;
/** Two addresses of the backend. The answer tells which one was used. */
const OLD = ADDRESS.backend.v4;
const NEW = '10.0.1.11';

describeHost('a name as target, through nginx', () => {
  let nginx: NginxHost;
  let host: Host;
  beforeAll(async () => {
    nginx = await NginxHost.start();
    host = nginx.host;
    await host.sh('backend', `ip addr add ${NEW}/24 dev eth0`);
    await nginx.web(9000, 'web');
    // Each on its own address.
    for (const address of [OLD, NEW]) {
      const script = host.support('backend', 'web.py');
      await host.serve('backend', ['python3', script, '9100', address, address]);
    }
    await host.serve('backend', ['python3', host.support('backend', 'web.py'), '9200', OLD, OLD]);
    // At first there is no resolver, and nginx must start anyway.
    await nginx.run({
      fixed: Forward.http({ listen: 80, to: `${OLD}:9000` }),
      app: Forward.http({ listen: 81, to: 'app.internal:9000' }),
      'app-tcp': Forward.tcp({ listen: 82, to: 'app.internal:9000' }),
      'app-range': Forward.tcp({ listen: '8990-9010', to: 'app.internal:8990-9010' }),
      both: Forward.http({ listen: 86, to: 'both.internal:9100' }),
      half: Forward.http({ listen: 87, to: 'both.internal:9200' }),
      'half-tcp': Forward.tcp({ listen: 88, to: 'both.internal:9200' }),
      gone: Forward.http({ listen: 84, to: 'gone.internal:9000' }),
      'gone-tcp': Forward.tcp({ listen: 85, to: 'gone.internal:9000' }),
    });
  });
  afterAll(() => nginx?.stop());

  // In one step: the resolver reads the file for each question.
  const names = async (answers: Record<string, string | readonly string[]>) => {
    await host.write(`${NAMES}.new`, JSON.stringify(answers));
    await host.sh('gateway', `mv ${NAMES}.new ${NAMES}`);
  };
  const status = (port: number) => nginx.status('client', `http://${GATEWAY}:${port}/`);
  const addresses = async () => {
    const asked = [81, 82, 9000].map(async (port) => (await nginx.request(`http://${GATEWAY}:${port}/`)).address);
    return await Promise.all(asked);
  };

  test('without a resolver, only forwards with names fail', async () => {
    expect(await Promise.all([80, 81, 84].map(status))).toEqual(['200', '502', '502']);
  });

  test('is resolved while nginx runs, and again after 10 s, whatever the TTL', async () => {
    await names({ 'app.internal': OLD });
    await host.sh('gateway', `ip addr add ${RESOLVER}/32 dev lo`);
    await host.serve('gateway', ['python3', '/support/dns.py', RESOLVER, NAMES, QUESTIONS]);
    const start = Date.now();
    expect(await addresses()).toEqual([OLD, OLD, OLD]);
    // The TTL of 1 s expires meanwhile. Each worker resolves separately for HTTP and for TCP.
    for (let i = 0; i < 6; i++) {
      await addresses();
      await sleep(200);
    }
    const workers = Number(await host.sh('gateway', 'pgrep -c -f "nginx: worker"'));
    const asked = (await host.read(QUESTIONS)).trim().split('\n').length;
    const periods = 1 + Math.floor((Date.now() - start) / 10_000);
    expect(asked).toBeLessThanOrEqual(2 * workers * periods);
    await names({ 'app.internal': NEW });
    await sleep(11_000);
    expect(await addresses()).toEqual([NEW, NEW, NEW]);
  });

  describe('with several addresses', () => {
    // What later tests ask for stays, since nginx forgets a name after 10 s.
    beforeAll(() => names({ 'app.internal': NEW, 'both.internal': [OLD, NEW] }));
    const all = async (port: number, ...words: string[]) => {
      const seen = new Set<string>();
      for (let i = 0; i < 20; i++) seen.add((await nginx.request(`http://${GATEWAY}:${port}/`, ...words)).name);
      return [...seen].sort();
    };

    test('shares requests between the addresses', async () => {
      expect(await all(86)).toEqual([OLD, NEW].sort());
    });

    test.each(['GET', 'POST', 'PUT'])('tries the next address if one refuses a %s', async (method) => {
      expect(await all(87, '-X', method)).toEqual([OLD]);
    });

    test('tries the next address if one refuses a TCP connection', async () => {
      expect(await all(88)).toEqual([OLD]);
    });
  });

  test('that does not exist only fails its own forwards', async () => {
    expect(await status(84)).toBe('502');
    // A TCP forward cannot send an error, so it just closes.
    expect((await host.ask('client', 'tcp', GATEWAY, 85)).name).toMatch(/^none/);
    expect(await status(80)).toBe('200');
    expect(await status(81)).toBe('200');
  });
});
