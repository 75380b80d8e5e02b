import { setTimeout as sleep } from 'node:timers/promises';
import { Forward } from '../../lib/forward/forward';
import type { HostContent } from '../../lib/host/host-content';
import { certificatesRoot } from './support/certificates-root';
import type { Deploy } from './support/gateway';
import { ADDRESS, describeHost, until } from './support/host';
import { deployedOf, edited, INSTANCE, LiveGateway } from './support/live-gateway';
import type { SignedRequest } from './support/signature';

jest.setTimeout(240_000);

const BACKEND = ADDRESS.backend.v4;
const [KERNEL, NGINX] = [9001, 9002];

/** A forward of each engine; `kernel` and `nginx` are their listeners. */
const content = ({
  kernel = 5001,
  nginx = 5002,
  alter,
}: {
  kernel?: number;
  nginx?: number;
  alter?: Deploy['alter'];
} = {}): Deploy => ({
  forwards: {
    kernel: Forward.tcp({ listen: kernel, to: `${BACKEND}:${KERNEL}`, family: 'ipv4', engine: 'iptables' }),
    nginx: Forward.tcp({ listen: nginx, to: `${BACKEND}:${NGINX}` }),
  },
  ...(alter === undefined ? {} : { alter }),
});

describeHost('a host with live changes', () => {
  let gateway: LiveGateway;
  beforeAll(() => certificatesRoot(), 600_000);
  beforeEach(async () => {
    gateway = await LiveGateway.start();
    for (const port of [KERNEL, NGINX]) await gateway.host.app('backend', 'tcp', port, `${port}`);
  });
  afterEach(() => gateway?.stop());

  const answers = async (port: number) => (await gateway.host.ask('client', 'tcp', ADDRESS.gateway.v4, port)).name;

  test('boots by the loader, and reports to the boot and to the condition of its content', async () => {
    const deployed = await gateway.create(content());
    expect(await answers(5001)).toBe('9001');
    expect(await answers(5002)).toBe('9002');
    expect(await gateway.signals()).toMatchObject([{ Status: 'SUCCESS', Data: { content: deployed.content } }]);
    expect(await gateway.aws.signals()).toMatchObject([
      { StackName: 'Portway', LogicalResourceId: deployed.condition, Status: 'SUCCESS' },
    ]);
    for (const request of await gateway.aws.requests())
      expect([request.path, await gateway.aws.isSigned(request as SignedRequest)]).toEqual(['/', true]);
  });

  test('takes over each change of its tag within seconds, and says so', async () => {
    await gateway.create(content());
    const seconds: number[] = [];
    for (let change = 1; change <= 6; change++) {
      const next = deployedOf(content({ kernel: 6000 + change, nginx: 7000 + change }));
      const changing = gateway.update(next);
      const start = Date.now();
      for (const port of [6000 + change, 7000 + change]) {
        await until(`port ${port} is answered`, async () => !(await answers(port)).startsWith('none'), 30);
        seconds.push((Date.now() - start) / 1000);
      }
      expect(await changing).toMatchObject({ Status: 'SUCCESS' });
      expect(await answers(6000 + change - 1)).toMatch(/^none/);
    }
    console.info(`seconds from the tag to the first answer by the new rule: ${seconds.join(' ')}`);
    expect(seconds.toSorted((a, b) => a - b)[seconds.length / 2]).toBeLessThan(15);
  });

  test('goes back and forth between two contents, and proves each of them', async () => {
    const [first, second] = [content(), content({ kernel: 6001, nginx: 7001 })];
    await gateway.create(first);
    for (const [deploy, port] of [
      [second, 7001],
      [first, 5002],
      [second, 7001],
    ] as const) {
      const { Status, UniqueId } = await gateway.change(deploy);
      expect([Status, UniqueId]).toEqual(['SUCCESS', INSTANCE]);
      expect(await answers(port)).toBe('9002');
      expect((await gateway.aws.signals()).at(-1)).toMatchObject({ LogicalResourceId: deployedOf(deploy).condition });
    }
    expect(await answers(5002)).toMatch(/^none/);
    // The boot's condition is long complete: nobody listens there.
    expect(await gateway.signals()).toHaveLength(1);
  });

  test('goes back without a report where CloudFormation does so meanwhile', async () => {
    const [first, second] = [deployedOf(content()), deployedOf(content({ kernel: 6001, nginx: 7001 }))];
    await gateway.create(content());
    await gateway.publish(second);
    // Only then does the host have what it reads: before, it would never set up the second one.
    const begun = new RegExp(`Z content ${second.content}$`, 'm');
    await until('the change began', async () => begun.test(await gateway.log()), 30);
    await gateway.publish(first);
    await until('the change was made', async () => (await gateway.log()).split('forwards are up').length === 4, 30);
    expect([await answers(5001), await answers(5002)]).toEqual(['9001', '9002']);
    expect(await answers(7001)).toMatch(/^none/);
    expect((await gateway.aws.signals()).filter((s) => s.LogicalResourceId === second.condition)).toEqual([]);
  });

  test('changes its own programs like all others', async () => {
    await gateway.create(content());
    // The oldest, since a close look is a copy of its process.
    const service = "pgrep -of '^/usr/bin/python3 -IBSu /usr/local/lib/portway/live.py'";
    const before = await gateway.host.sh('gateway', service);
    const marked = (one: HostContent) =>
      edited(one, '/usr/local/lib/portway/live.py', 'def main(', "open('/run/second', 'w')\ndef main(");
    expect(await gateway.change(content({ alter: marked }))).toMatchObject({ Status: 'SUCCESS' });
    await until('the new program runs', async () => (await gateway.host.sh('gateway', 'ls /run')).includes('second'));
    expect(await gateway.host.sh('gateway', service)).toBe(before);
    expect(await gateway.change(content({ nginx: 7001 }))).toMatchObject({ Status: 'SUCCESS' });
    expect(await answers(7001)).toBe('9002');
  });

  test('changes nothing at a reboot, and reports nothing', async () => {
    await gateway.create(content());
    const signals = [await gateway.signals(), await gateway.aws.signals()];
    for (let boot = 0; boot < 2; boot++) expect((await gateway.boot()).code).toBe(0);
    expect(await gateway.host.sh('gateway', 'ls /var/lib/portway/live-signal 2>/dev/null || :')).toBe('');
    expect([await gateway.signals(), await gateway.aws.signals()]).toEqual(signals);
    expect((await gateway.log()).match(/try the new content/g)).toHaveLength(2);
  });

  test('needs little memory and time to listen', async () => {
    await gateway.create(content());
    await sleep(5000);
    const used = async () => {
      const stat = await gateway.host.sh(
        'gateway',
        `cat /proc/$(pgrep -of '^/usr/bin/python3 -IBSu /usr/local/lib/portway/live.py')/{stat,status}`,
      );
      const [, , , , , , , , , , , user = '', system = ''] = stat.split(') ')[1]?.split(' ') ?? [];
      return { ticks: Number(user) + Number(system), rss: Number(/VmRSS:\s+(\d+)/.exec(stat)?.[1]) };
    };
    const before = await used();
    await sleep(20_000);
    const after = await used();
    // 100 ticks are a second.
    const share = (after.ticks - before.ticks) / 20;
    console.info(`the resident service: ${after.rss} KiB, ${share.toFixed(2)} % of a CPU`);
    expect(after.rss).toBeLessThanOrEqual(12 * 1024);
    // Ten times what it takes on a quiet machine.
    expect(share).toBeLessThan(2);
  });
});
