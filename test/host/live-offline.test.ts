import { Forward } from '../../lib/forward/forward';
import { pointerName } from '../../lib/host/content/stored-content';
import { certificatesRoot } from './support/certificates-root';
import { SCRIPT, SIGNAL_URL, scriptOf } from './support/gateway';
import { ADDRESS, describeHost, until } from './support/host';
import { type Deployed, deployedOf, impatient, LiveGateway, POINTER } from './support/live-gateway';

jest.setTimeout(240_000);

const content = (nginx = 5002): Deployed =>
  deployedOf({
    forwards: {
      kernel: Forward.tcp({ listen: 5001, to: `${ADDRESS.backend.v4}:9001`, family: 'ipv4', engine: 'iptables' }),
      nginx: Forward.tcp({ listen: nginx, to: `${ADDRESS.backend.v4}:9002` }),
    },
    alter: impatient,
  });

describeHost('a host with live changes that cannot read its content', () => {
  let gateway: LiveGateway;
  beforeAll(() => certificatesRoot(), 600_000);
  beforeEach(async () => {
    gateway = await LiveGateway.start({ isImpatient: true });
    for (const port of [9001, 9002]) await gateway.host.app('backend', 'tcp', port, `${port}`);
  });
  afterEach(() => gateway?.stop());

  const answers = async (port: number) => (await gateway.host.ask('client', 'tcp', ADDRESS.gateway.v4, port)).name;
  const create = async () => {
    await gateway.publish(content());
    expect((await gateway.boot()).code).toBe(0);
    await gateway.outcome();
  };
  /** As a power cut leaves it: the resident service, the rules and nginx are gone. */
  const crash = () =>
    gateway.host.sh(
      'gateway',
      `kill $(cat /run/systemd/portway-live.pid); pkill -9 -f '[p]ortway (content|reconcile)|[p]ortway/live.py|[h]ost.sh' || :; pkill -9 nginx || :
       iptables -t nat -F; rm -rf /run/systemd /run/portway /run/nginx.pid /run/portway-nginx`,
    );
  const works = async () => expect([await answers(5001), await answers(5002)]).toEqual(['9001', '9002']);

  /** Each breaks what the host needs of AWS, and gives back what repairs it. */
  const troubles: Readonly<Record<string, () => Promise<() => Promise<unknown>>>> = {
    'the network is gone': async () => {
      await gateway.host.sh('gateway', 'ip route replace blackhole 169.254.169.254');
      return () =>
        gateway.host.sh(
          'gateway',
          `ip route del blackhole 169.254.169.254; ip route replace 169.254.169.254 via ${ADDRESS.client.v4}`,
        );
    },
    'the role has no credentials': async () => {
      await gateway.aws.keep('keys');
      return () =>
        gateway.aws.keep('keys', {
          Code: 'Success',
          AccessKeyId: 'ASIAEXAMPLE',
          SecretAccessKey: 'c2VjcmV0/+key',
          Token: 'role-token//+==',
        });
    },
    'the role may not read parameters': async () => {
      await gateway.aws.keep('parameters');
      return () => gateway.aws.keep('parameters', content().parameters);
    },
    'the pointer was deleted': async () => {
      const { [POINTER]: _, ...others } = content().parameters;
      await gateway.aws.keep('parameters', others);
      return () => gateway.aws.keep('parameters', content().parameters);
    },
    // The names of parts are the same for all generations. When machine and content change in one deploy, the old host
    // may boot while its pointer is still there, and its parts are those of its successor.
    'its parts are those of its successor': async () => {
      const { [POINTER]: pointer = '' } = content().parameters;
      const { [POINTER]: next = '', ...parts } = content(7009).parameters;
      await gateway.aws.keep('parameters', {
        ...parts,
        [POINTER]: pointer,
        [pointerName('Portway', 'fedcba9876543210')]: next,
      });
      return () => gateway.aws.keep('parameters', content().parameters);
    },
  };

  test.each(Object.keys(troubles))(
    'runs its last good content where %s, and takes the next one afterwards',
    async (trouble) => {
      await create();
      const repair = await troubles[trouble]?.();
      await crash();
      expect((await gateway.boot()).code).toBe(0);
      await works();
      expect(await gateway.log()).toMatch(/(could not|cannot) be read: .*\n(.*\n)*.*the last good content goes on\n/);
      // Nobody was told: the deploy was long over.
      expect(await gateway.signals()).toHaveLength(1);

      await repair?.();
      expect(await gateway.update(content(7001))).toMatchObject({ Status: 'SUCCESS' });
      expect(await answers(7001)).toBe('9002');
    },
  );

  test('fails the deploy of a boot that cannot read its content, and runs its last good content', async () => {
    await create();
    await gateway.aws.keep('parameters');
    await crash();
    // The machine changed: another boot is waited for.
    await gateway.host.sh('gateway', `sed -i "/^PORTWAY_SIGNAL_URL=/s/demo/second/" ${SCRIPT}`);
    expect((await gateway.boot()).code).toBe(0);
    await works();
    const signals = await gateway.signals();
    expect(signals.map(({ Status }) => Status)).toEqual(['SUCCESS', 'FAILURE']);
    expect(signals[1]).toMatchObject({ Reason: expect.stringMatching(/now could not be read: .*AccessDenied/) });
    // Once: a reboot tells nobody again.
    await crash();
    expect((await gateway.boot()).code).toBe(0);
    expect(await gateway.signals()).toHaveLength(2);
  });

  test('fails its first deploy where it may not report, and says so on its console', async () => {
    await gateway.aws.keep('denied', 'cloudformation');
    await gateway.publish(content());
    const { code, stdout } = await gateway.boot();
    expect(code).toBe(1);
    const denied = /not authorized to perform: cloudformation:SignalResource on resource: arn:aws:cloudformation:/;
    expect(stdout).toMatch(denied);
    expect(await gateway.signals()).toMatchObject([{ Status: 'FAILURE', Reason: expect.stringMatching(denied) }]);
    expect(await gateway.aws.signals()).toEqual([]);

    await gateway.aws.keep('denied');
    expect((await gateway.boot()).code).toBe(0);
    expect(await gateway.outcome()).toMatchObject({ Status: 'SUCCESS' });
    await works();
  });

  test('says so if its clock is a day off', async () => {
    await gateway.publish(content());
    for (const [seconds, words] of [
      [86_400, 'Signature expired'],
      [-86_400, 'Signature not yet current'],
    ]) {
      await gateway.aws.keep('clock', `${seconds}`);
      expect((await gateway.boot()).code).toBe(1);
      const { Status, Reason } = (await gateway.signals()).at(-1) ?? {};
      expect([Status, Reason]).toEqual(['FAILURE', expect.stringContaining(`"message": "${words}: 2`)]);
    }
  });

  test('takes the newest content at its next boot', async () => {
    await create();
    await crash();
    await gateway.publish(content(7002));
    expect((await gateway.boot()).code).toBe(0);
    expect(await gateway.outcome(1)).toMatchObject({ Status: 'SUCCESS' });
    expect([await answers(7002), await answers(5002)]).toEqual(['9002', expect.stringMatching(/^none/)]);
  });

  test('fails its first deploy with the words of AWS', async () => {
    await gateway.publish(content());
    await gateway.aws.keep('parameters');
    expect((await gateway.boot()).code).toBe(1);
    expect(await gateway.signals()).toMatchObject([
      {
        Status: 'FAILURE',
        status: 200,
        Reason: expect.stringMatching(
          /^\/portway\/Portway\/0123456789abcdef\/now could not be read: .*AccessDeniedException/,
        ),
      },
    ]);
    expect(await gateway.log()).toMatch(/FAILED: .*AccessDenied/);
  });

  test('fails its first deploy where a part is missing', async () => {
    const part = '/portway/Portway/etc/nginx/nginx.conf.1';
    const { [part]: _, ...others } = content().parameters;
    await gateway.publish({ ...content(), parameters: others });
    expect((await gateway.boot()).code).toBe(1);
    expect(await gateway.signals()).toMatchObject([
      { Status: 'FAILURE', Reason: expect.stringContaining(`the content could not be read: not found: ${part}`) },
    ]);

    await gateway.publish(content());
    expect((await gateway.boot()).code).toBe(0);
    expect(await gateway.outcome()).toMatchObject({ Status: 'SUCCESS' });
    await works();
  });

  test('fails the deploy that turns live changes on, and leaves the old content alone', async () => {
    const forwards = {
      kernel: Forward.tcp({
        listen: 5001,
        to: `${ADDRESS.backend.v4}:9001`,
        family: 'ipv4' as const,
        engine: 'iptables' as const,
      }),
      nginx: Forward.tcp({ listen: 5002, to: `${ADDRESS.backend.v4}:9002` }),
    };
    const loader = await gateway.host.read(SCRIPT);
    await gateway.host.write(SCRIPT, scriptOf({ forwards, signalUrl: `${SIGNAL_URL}&before` }), '0700');
    expect((await gateway.boot()).code).toBe(0);
    await gateway.host.write(SCRIPT, loader, '0700');
    await gateway.publish(content());
    await gateway.aws.keep('parameters');
    // The old content is set up again.
    expect((await gateway.boot()).code).toBe(0);
    expect((await gateway.signals()).map((signal) => signal.Status)).toEqual(['SUCCESS', 'FAILURE']);
    await works();
    await gateway.publish(content(7005));
    expect((await gateway.boot()).code).toBe(0);
    expect(await gateway.outcome()).toMatchObject({ Status: 'SUCCESS' });
    expect(await answers(7005)).toBe('9002');
  });

  test('runs no program of parameters that its tag does not name', async () => {
    await gateway.publish({ ...content(), content: content(7003).content });
    expect((await gateway.boot()).code).toBe(1);
    expect(await gateway.host.sh('gateway', 'ls /var/lib/portway 2>/dev/null || :')).toBe('');
    expect(await gateway.signals()).toMatchObject([
      { Status: 'FAILURE', Reason: expect.stringContaining('it is not what was deployed') },
    ]);
  });

  test('hears of a content that came while nobody could be asked', async () => {
    await create();
    await gateway.host.sh('gateway', 'ip route replace blackhole 169.254.169.254');
    await gateway.publish(content(7004));
    await new Promise((done) => setTimeout(done, 4000));
    await works();
    await gateway.host.sh(
      'gateway',
      `ip route del blackhole 169.254.169.254; ip route replace 169.254.169.254 via ${ADDRESS.client.v4}`,
    );
    expect(await gateway.outcome(1)).toMatchObject({ Status: 'SUCCESS' });
    await until('the new content runs', async () => (await answers(7004)) === '9002');
  });
});
