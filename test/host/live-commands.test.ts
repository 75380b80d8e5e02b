import { Forward } from '../../lib/forward/forward';
import { certificatesRoot } from './support/certificates-root';
import type { Deploy } from './support/gateway';
import { ADDRESS, describeHost, until } from './support/host';
import { deployedOf, LiveGateway } from './support/live-gateway';

jest.setTimeout(180_000);

const content = (port: number): Deploy => ({
  forwards: {
    changing: Forward.tcp({ listen: port, to: 8080, engine: 'iptables' }),
    site: Forward.http({ listen: port + 1000, to: 8080 }),
  },
});
const [ONE, TWO, THREE] = [5001, 5002, 5003];

/** What people do on a host with live changes. */
describeHost('commands on a host with live changes', () => {
  let gateway: LiveGateway;
  beforeAll(() => certificatesRoot(), 600_000);
  beforeAll(async () => {
    gateway = await LiveGateway.start();
    await gateway.host.app('gateway', 'tcp', 8080);
    await gateway.create(content(ONE));
    await gateway.change(content(TWO));
  });
  afterAll(() => gateway?.stop());

  const portway = (...words: string[]) => gateway.host.run('gateway', ['/usr/local/bin/portway', ...words]);
  /** Which of the contents runs, by what answers. */
  const running = async () => {
    const ports = [ONE, TWO, THREE];
    const asked = ports
      .flatMap((port) => [port, port + 1000])
      .map((port) => gateway.host.ask('client', 'tcp', ADDRESS.gateway.v4, port));
    const names = (await Promise.all(asked)).map((answer) => answer.name);
    return ports.filter((_, i) => names[2 * i] === 'gateway' && names[2 * i + 1] === 'gateway');
  };
  const runs = (port: number) => until(`${port} is answered`, async () => `${await running()}` === `${port}`, 30);

  test('rollback: the tree before runs until another content is deployed', async () => {
    expect(await running()).toEqual([TWO]);
    expect(await portway('rollback')).toMatchObject({ code: 0 });
    expect(await running()).toEqual([ONE]);
    // The tag still names the newer one.
    await gateway.host.sh('gateway', '/usr/bin/sleep 10');
    expect(await running()).toEqual([ONE]);
    expect((await portway('status')).code).toBe(0);
    expect(await gateway.change(content(THREE))).toMatchObject({ Status: 'SUCCESS' });
    expect(await running()).toEqual([THREE]);
    expect((await portway('history')).stdout.trim().split('\n')).toHaveLength(4);
  });

  test('apply --now: brings the deployed content back after a rollback', async () => {
    expect(await portway('rollback', '1')).toMatchObject({ code: 0 });
    expect(await running()).toEqual([ONE]);
    expect(await portway('apply', '--now')).toMatchObject({ code: 0 });
    expect(await running()).toEqual([THREE]);
    expect(await portway('apply')).toMatchObject({ code: 1, stderr: 'usage: portway apply --now\n' });
  });

  test('pause: a deploy fails and says so, until somebody applies it', async () => {
    await portway('pause', '1h');
    const outcome = await gateway.update(deployedOf(content(TWO)));
    expect(outcome).toMatchObject({ Status: 'FAILURE', UniqueId: expect.stringMatching(/paused by portway pause/) });
    expect(await running()).toEqual([THREE]);
    expect(await portway('apply', '--now')).toMatchObject({
      code: 1,
      stderr: expect.stringMatching(/^portway: paused until \S+Z: end that first, by portway pause off$/m),
    });
    await portway('pause', 'off');
    expect(await portway('apply', '--now')).toMatchObject({ code: 0 });
    expect(await running()).toEqual([TWO]);
  });

  test('what others change is put right by the resident service', async () => {
    await gateway.host.sh('gateway', 'nft flush ruleset; rm /usr/local/lib/portway/live.py /usr/local/bin/portway');
    await runs(TWO);
    await until('status is clean', async () => (await portway('status')).code === 0, 30);
    expect((await portway('status')).stdout).toMatch(/WARNING: changed by others once in 30 days/);
  });

  test('a good tree that somebody edits is fetched anew', async () => {
    await gateway.host.sh(
      'gateway',
      'echo nonsense >>/var/lib/portway/good/etc/portway/iptables.rules; nft flush ruleset',
    );
    await runs(TWO);
    const whole = 'cd /var/lib/portway/good && sha256sum --quiet -c ./var/lib/portway/sums';
    await until(
      'the tree is whole',
      async () => (await gateway.host.run('gateway', ['sh', '-c', whole])).code === 0,
      30,
    );
    expect(await gateway.log()).toMatch(/WARNING: the good tree is damaged, so the content is fetched anew/);
  });
});
