import { Forward } from '../../lib/forward/forward';
import { Gateway } from './support/gateway';
import { QUICK } from './support/health-backends';
import { ADDRESS, describeHost, until } from './support/host';

jest.setTimeout(120_000);

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
