import { Forward } from '../../lib/forward/forward';
import type { HostContent } from '../../lib/host/host-content';
import { certificatesRoot } from './support/certificates-root';
import { ADDRESS, describeHost } from './support/host';
import { type Deployed, deployedOf, edited, INSTANCE, impatient, LiveGateway } from './support/live-gateway';

jest.setTimeout(240_000);

/** Polls five times as often. */
const hasty = (one: HostContent) =>
  edited(impatient(one), '/usr/local/lib/portway/live.py', ' = 300, 30, 10', ' = 300, 6, 2');

const content = (listen = 5001, alter = (one: HostContent) => one): Deployed =>
  deployedOf({
    forwards: {
      kernel: Forward.tcp({ listen, to: `${ADDRESS.backend.v4}:9001`, family: 'ipv4', engine: 'iptables' }),
    },
    alter: (one) => alter(hasty(one)),
  });

describeHost("a host with liveTrigger 'poll'", () => {
  let gateway: LiveGateway;
  beforeAll(() => certificatesRoot(), 600_000);
  beforeAll(async () => {
    gateway = await LiveGateway.start({ isImpatient: true, hasTag: false });
    await gateway.host.app('backend', 'tcp', 9001, '9001');
    await gateway.publish(content());
    expect((await gateway.boot()).code).toBe(0);
    expect(await gateway.outcome()).toMatchObject({ Status: 'SUCCESS' });
  });
  afterAll(() => gateway?.stop());

  const answers = async (port: number) => (await gateway.host.ask('client', 'tcp', ADDRESS.gateway.v4, port)).name;

  test('boots, and takes over each change of its pointer', async () => {
    expect(await answers(5001)).toBe('9001');
    for (const port of [6001, 5001]) {
      expect(await gateway.update(content(port))).toMatchObject({ Status: 'SUCCESS', UniqueId: INSTANCE });
      expect(await answers(port)).toBe('9001');
    }
    expect(await answers(6001)).toMatch(/^none/);
    // The boot was reported once, and the tag was never there.
    expect(await gateway.signals()).toHaveLength(1);
  });

  test('goes back after a failure, and tries the same content again when it is deployed again', async () => {
    const bad = content(6002, (one) =>
      edited(one, '/etc/portway/iptables.rules', /-A PORTWAY-DNAT .*/, '-A PORTWAY-DNAT -j NOWHERE'),
    );
    for (let time = 0; time < 2; time++) {
      expect(await gateway.update(bad)).toEqual({
        Status: 'FAILURE',
        UniqueId: `${INSTANCE} iptables refused COMMIT`,
      });
      expect(await answers(5001)).toBe('9001');
      // As CloudFormation's rollback. It takes about as long as the host takes between two looks.
      await gateway.publish(content());
      await gateway.aws.keep('progress');
      await new Promise((done) => setTimeout(done, 5000));
    }
    expect(await gateway.update(content(6003))).toMatchObject({ Status: 'SUCCESS' });
    expect(await answers(6003)).toBe('9001');
  });
});
