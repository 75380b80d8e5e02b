import { setTimeout as sleep } from 'node:timers/promises';
import { Forward } from '../../lib/forward/forward';
import { ADDRESS, describeHost } from './support/host';
import { sum, Targets } from './support/targets';

jest.setTimeout(120_000);

const GATEWAY = ADDRESS.gateway.v4;
const PORTS = [9001, 9002, 9003];
/** A second address of the backend, which the test cuts off. */
const VANISHING = '10.0.1.11';

describeHost('targets that fail under load', () => {
  let targets: Targets;
  beforeAll(async () => {
    targets = await Targets.start(PORTS);
    await targets.host.sh('backend', `ip addr add ${VANISHING}/24 dev eth0`);
    const all = targets.to;
    await targets.nginx.run({
      loaded: Forward.http({ listen: 100, to: all, failover: { failTimeout: 1 } }),
      'tcp-loaded': Forward.tcp({ listen: 101, to: all, failover: { failTimeout: 1 } }),
      vanishing: Forward.http({
        listen: 102,
        to: [...all.slice(0, 2), `${VANISHING}:9003`],
        failover: { connectTimeout: 1 },
        timeouts: { response: 1 },
      }),
    });
  });
  afterAll(() => targets?.stop());

  let number = 0;

  test('a host that vanishes silently costs no answer if timeouts.response fits the application', async () => {
    const stop = `/tmp/portway-stop-${process.pid}-${++number}`;
    const url = `http://${GATEWAY}:102/`;
    const load = targets.host.run('client', ['python3', `${__dirname}/support/load.py`, url, '16', stop, '0', 'GET']);
    await sleep(1000);
    const cut = `OUTPUT -d ${VANISHING} -j DROP`;
    await targets.host.sh('gateway', `iptables -I ${cut}`);
    await sleep(6000);
    await targets.host.sh('client', `touch ${stop}`);
    const { stdout } = await load;
    await targets.host.sh('client', `rm ${stop}`);
    await targets.host.sh('gateway', `iptables -D ${cut}`);
    expect(Object.keys(JSON.parse(stdout.trim().split('\n').at(-1) ?? ''))).toEqual(['GET 200']);
  });

  describe('one of three killed under load', () => {
    const count = ['-p', 'tcp', '-d', ADDRESS.backend.v4, '--dport', '9003', '--syn'];
    const attempts = async () => {
      const listed = await targets.host.sh('gateway', 'iptables -nvxL OUTPUT');
      return Number(/^\s*(\d+)\s.*dpt:9003/m.exec(listed)?.[1]);
    };
    beforeAll(() => targets.host.run('gateway', ['iptables', '-A', 'OUTPUT', ...count]));
    afterEach(() => targets.revive(9003));

    /** One probe after each failTimeout of 1 s, for all workers together. nginx counts whole seconds, so it is every other second. */
    const mostProbes = (seconds: number) => seconds / 2 + 2;

    /** What 16 busy clients got, and how often the dead target was tried once it was known to be dead. */
    const killUnder = async (url: string, methods: readonly string[]) => {
      const stop = `/tmp/portway-stop-${process.pid}-${++number}`;
      const load = targets.host.run('client', [
        'python3',
        `${__dirname}/support/load.py`,
        url,
        '16',
        stop,
        '0',
        ...methods,
      ]);
      await sleep(1000);
      await targets.kill(9003);
      // Allows for requests in progress, and for those that discover the failure.
      await sleep(1000);
      const [before, start] = [await attempts(), Date.now()];
      await sleep(10_000);
      const [probes, seconds] = [(await attempts()) - before, (Date.now() - start) / 1000];
      await targets.host.sh('client', `touch ${stop}`);
      const { stdout } = await load;
      await targets.host.sh('client', `rm ${stop}`);
      const answers: Record<string, number> = JSON.parse(stdout.trim().split('\n').at(-1) ?? '');
      return { answers, probes, seconds };
    };

    test('loses no request that may be resent, and probes the dead target now and then', async () => {
      const { answers, probes, seconds } = await killUnder(`http://${GATEWAY}:100/`, ['GET', 'PUT', 'DELETE']);
      expect(Object.keys(answers).sort()).toEqual(['DELETE 200', 'GET 200', 'PUT 200']);
      expect(sum(Object.values(answers))).toBeGreaterThan(500);
      expect(probes).toBeGreaterThanOrEqual(1);
      expect(probes).toBeLessThanOrEqual(mostProbes(seconds));
    });

    test('never sends a POST twice', async () => {
      const { answers } = await killUnder(`http://${GATEWAY}:100/posted`, ['POST']);
      const posts = (await Promise.all(PORTS.map((port) => targets.seen(port)))).flat();
      const numbers = posts.filter((p) => p.startsWith('POST /posted'));
      expect(new Set(numbers).size).toBe(numbers.length);
      // Requests that the dead target had received but not answered are lost: at most one per client.
      expect(answers['POST 502'] ?? 0).toBeLessThanOrEqual(16);
      expect(Object.keys(answers).filter((a) => !['POST 200', 'POST 502'].includes(a))).toEqual([]);
    });

    test('every new TCP connection finds a target', async () => {
      const { answers, probes, seconds } = await killUnder(`http://${GATEWAY}:101/`, ['GET']);
      // Its open connections broke; later ones work.
      const broken = sum(Object.entries(answers).map(([a, n]) => (a === 'GET 200' ? 0 : n)));
      expect(broken).toBeLessThanOrEqual(16);
      expect(probes).toBeLessThanOrEqual(mostProbes(seconds));
    });
  });
});
