import { setTimeout as sleep } from 'node:timers/promises';
import { Forward } from '../../lib/forward/forward';
import { PACKAGE } from '../../lib/host/assets';
import { HEALTH_PORT } from '../../lib/host/fleet';
import type { HostContent } from '../../lib/host/host-content';
import { certificatesRoot } from './support/certificates-root';
import { ADDRESS, describeHost, until } from './support/host';
import { type Deployed, deployedOf, edited, INSTANCE, impatient, LiveGateway } from './support/live-gateway';

jest.setTimeout(240_000);

const GROUP = 'FleetGroup';
const GOOD = '/var/lib/portway/good';

/** Polls five times as often, and trusts the balancer sooner. */
const hasty = (one: HostContent) =>
  edited(
    edited(impatient(one), '/usr/local/lib/portway/live.py', ' = 300, 30, 10', ' = 300, 6, 2'),
    `${PACKAGE}/group.py`,
    'HEALTHY_SECONDS = 25',
    'HEALTHY_SECONDS = 2',
  );

/** Tries again sooner what other hosts have. */
const persistent = (one: HostContent) => edited(one, `${PACKAGE}/behind.py`, 'PAUSES = (60, 180)', 'PAUSES = (2, 2)');

const content = (
  listen = 5001,
  alter = (one: HostContent) => one,
  more: Readonly<Record<string, Forward>> = {},
): Deployed =>
  deployedOf({
    fleet: { hosts: 4, balancer: [{ text: '10.0.0.0/24', family: 4 }] },
    forwards: {
      ...more,
      web: Forward.http({ listen: 80, to: `${ADDRESS.backend.v4}:9001` }),
      kernel: Forward.tcp({ listen, to: `${ADDRESS.backend.v4}:9001`, family: 'ipv4', engine: 'iptables' }),
      'shared-http': Forward.http({
        listen: 81,
        redirectTo: 'https://www.example.com',
        limits: { requestsPerSecond: 4, burst: 12, perFleet: true },
      }),
      'shared-tcp': Forward.tcp({
        listen: 82,
        to: `${ADDRESS.backend.v4}:9001`,
        family: 'ipv4',
        engine: 'iptables',
        limits: { openConnections: 12, perFleet: true },
      }),
    },
    alter: (one) => alter(hasty(persistent(one))),
  });

/** The kernel refuses its rules. */
const unacceptable = (listen: number) =>
  content(listen, (one) =>
    edited(one, '/etc/portway/iptables.rules', /-A PORTWAY-DNAT .*/, '-A PORTWAY-DNAT -j NOWHERE'),
  );

/** Its last part is missing. */
function withoutAPart(deployed: Deployed): Deployed {
  const [last = ''] = Object.keys(deployed.parameters)
    .filter((name) => /\.\d+$/.test(name))
    .slice(-1);
  return {
    ...deployed,
    parameters: Object.fromEntries(Object.entries(deployed.parameters).filter(([name]) => name !== last)),
  };
}

describeHost('a host of a fleet', () => {
  let gateway: LiveGateway;
  beforeAll(() => certificatesRoot(), 600_000);
  beforeAll(async () => {
    gateway = await LiveGateway.start({ isImpatient: true, hasTag: false, signalUrl: `group://Portway/${GROUP}` });
    await gateway.host.app('backend', 'tcp', 9001, '9001');
  });
  afterAll(() => gateway?.stop());

  const ask = async () =>
    gateway.host.sh(
      'client',
      `curl -s -m 5 -w '%{http_code}' http://${ADDRESS.gateway.v4}:${HEALTH_PORT}/ || echo none`,
    );
  const answers = async (port: number) => (await gateway.host.ask('client', 'tcp', ADDRESS.gateway.v4, port)).name;
  const signals = async () =>
    (await gateway.aws.signals()).map(({ LogicalResourceId, Status, UniqueId }) => [
      LogicalResourceId,
      Status,
      UniqueId,
    ]);

  test('says nothing before it forwards; then reports its boot to the group once the balancer may send connections, and its content to the condition', async () => {
    const first = content();
    await gateway.publish(first);
    await gateway.aws.keep('progress', `${GROUP}\n${first.condition}`);
    expect(await ask()).toContain('none');
    let done = false;
    const booting = gateway.boot().finally(() => {
      done = true;
    });
    await until('it forwards', async () => (await gateway.host.read(`${GOOD}/etc/portway/portway.env`)) !== '', 60);
    // An old host would go now, but the balancer sends nothing here yet.
    await sleep(3000);
    expect(await signals()).toEqual([]);
    while (!done) {
      expect(await ask()).toMatch(/^ready\n200$|none|503$/);
      await sleep(500);
    }
    const boot = await booting;
    expect(`${boot.stdout}${boot.stderr}`).toContain('forwards are up');
    expect(boot.code).toBe(0);
    // The group takes no other id than the instance's.
    expect(await signals()).toEqual([
      [GROUP, 'SUCCESS', INSTANCE],
      [first.condition, 'SUCCESS', INSTANCE],
    ]);
    expect(await ask()).toBe('ready\n200');
    expect(await answers(5001)).toBe('9001');
  });

  test("lets a client have this host's share of limits that are the whole fleet's", async () => {
    const words = Array.from({ length: 12 }, () => `-o /dev/null http://${ADDRESS.gateway.v4}:81/`).join(' ');
    const statuses = (await gateway.host.sh('client', `curl -s -w '%{http_code} ' ${words}`)).trim().split(' ');
    // A quarter of 12 at once, and then one a second.
    expect(statuses.slice(0, 3)).toEqual(['308', '308', '308']);
    expect(statuses.filter((status) => status === '429').length).toBeGreaterThan(5);
    const script = `${__dirname}/support/burst.py`;
    const open = await gateway.host.sh(
      'client',
      `python3 ${script} tcp ${ADDRESS.gateway.v4} 82 ${ADDRESS.client.v4} 6`,
    );
    expect(open.trim()).toBe('3');
  });

  test('is not ready while rules are missing or nginx is gone, and is again once they are put right', async () => {
    // Nobody puts anything right meanwhile.
    await gateway.host.sh('gateway', 'systemctl stop portway-live');
    await gateway.host.sh('gateway', 'iptables -t nat -F PORTWAY-DNAT');
    // An answer holds for some seconds.
    await until('it tells of rules', async () => /^rules of iptables: .*503$/s.test(await ask()));
    await gateway.host.sh('gateway', 'portway reconcile');
    await until('it is ready', async () => (await ask()) === 'ready\n200');
    await gateway.host.sh('gateway', 'systemctl stop nginx');
    await until('it tells of nginx', async () => (await ask()) === 'nginx does not run its configuration\n503');
    await gateway.host.sh('gateway', 'systemctl start nginx; systemctl start portway-live');
    await until('it is ready', async () => (await ask()) === 'ready\n200');
  });

  test('takes over a change by its pointer', async () => {
    expect(await gateway.update(content(6001))).toMatchObject({ Status: 'SUCCESS', UniqueId: INSTANCE });
    expect(await answers(6001)).toBe('9001');
    expect(await ask()).toBe('ready\n200');
  });

  test('reports the same content to another condition, as after another capacity.min, and loses no request meanwhile', async () => {
    const known = content(6001);
    const condition = known.condition.replace(/^GatewayLive/, 'GatewayLive3');
    const parameters = Object.fromEntries(
      Object.entries(known.parameters).map(([name, value]) => [name, value.replaceAll(known.condition, condition)]),
    );
    const losses: string[] = [];
    let done = false;
    const asking = (async () => {
      while (!done) {
        const got = await answers(6001).catch((error) => `${error}`);
        if (got !== '9001') losses.push(`${got}`);
      }
    })();
    const outcome = await gateway.update({ ...known, condition, parameters }).finally(() => {
      done = true;
    });
    await asking;
    expect([outcome.Status, losses]).toEqual(['SUCCESS', []]);
    expect((await signals()).at(-1)).toEqual([condition, 'SUCCESS', expect.stringContaining(INSTANCE)]);
    await gateway.update(known);
  });

  test('goes back after a bad change, and is ready all the time', async () => {
    const bad = unacceptable(6002);
    const seen = new Set<string>();
    let done = false;
    const looking = (async () => {
      while (!done) seen.add(await ask());
    })();
    const outcome = await gateway.update(bad);
    done = true;
    await looking;
    expect(outcome).toEqual({ Status: 'FAILURE', UniqueId: `${INSTANCE} iptables refused COMMIT` });
    expect([...seen]).toEqual(['ready\n200']);
    await gateway.publish(content(6001));
    expect(await answers(6001)).toBe('9001');
  });

  /** As a deploy that `min` other hosts have made succeed. */
  const othersHave = async (deployed: Deployed) => {
    await gateway.aws.keep('parameters', deployed.parameters);
    await gateway.aws.keep('progress');
  };
  const tries = async () => (await gateway.log()).split('it is tried again').length - 1;

  test('tries again what other hosts have and what failed here, and is ready all the time', async () => {
    await gateway.host.serve('gateway', ['python3', '/support/app.py', 'tcp', '85', 'other', '::']);
    await othersHave(
      content(6003, undefined, { more: Forward.http({ listen: 85, to: `${ADDRESS.backend.v4}:9001` }) }),
    );
    await until('it failed', async () => (await tries()) === 1, 60);
    expect(await ask()).toBe('ready\n200');
    await gateway.host.sh('gateway', 'pkill -f "app.py tcp 85"');
    await until('it has it', async () => (await answers(6003)) === '9001', 60);
    expect(await ask()).toBe('ready\n200');
  });

  test.each<[string, Deployed]>([
    ['the kernel refuses', unacceptable(6004)],
    ['cannot be read', withoutAPart(content(6005))],
  ])(
    'tells the balancer of a content that other hosts have and that %s; the next one makes it ready',
    async (_, bad) => {
      await othersHave(bad);
      const told = /^content \w+, which other hosts have, cannot be set up here: see bootstrap.log\n503$/;
      await until('the balancer is told', async () => told.test(await ask()), 90);
      expect(await answers(6003)).toBe('9001');
      // Whoever looks for the reason keeps the host meanwhile.
      await gateway.host.sh('gateway', 'portway pause 10m');
      await until('it is ready while it is paused', async () => (await ask()) === 'ready\n200', 20);
      await gateway.host.sh('gateway', 'portway pause off');
      await until('the balancer is told again', async () => told.test(await ask()), 20);
      await othersHave(content(6003));
      await until('it is ready', async () => (await ask()) === 'ready\n200', 60);
      expect(await answers(6003)).toBe('9001');
    },
  );

  test.each<[string, (() => Promise<void>) | undefined]>([
    ['that runs', undefined],
    [
      'that failed here',
      async () => {
        const before = await tries();
        await othersHave(unacceptable(6007));
        await until('it failed', async () => (await tries()) > before, 60);
      },
    ],
  ])('a rollback by hand stays, though other hosts have the newer content %s', async (_, change) => {
    await gateway.update(content(6006));
    await change?.();
    expect(await gateway.host.sh('gateway', 'portway rollback')).toContain('The stack says another content');
    expect(await answers(6003)).toBe('9001');
    // Three times as long as a content that failed waits for its next try.
    await sleep(15_000);
    expect([await answers(6003), await ask()]).toEqual(['9001', 'ready\n200']);
    expect(await gateway.update(content(6003), 90)).toMatchObject({ Status: 'SUCCESS' });
  });

  test('a reboot when nothing is deployed is told to nobody, and is no failure', async () => {
    await gateway.host.sh('gateway', 'rm -f /var/lib/portway/signalled-*');
    await gateway.aws.keep('progress');
    const before = await signals();
    expect((await gateway.boot()).code).toBe(0);
    expect(await signals()).toEqual(before);
    expect(await gateway.log()).toMatch(/signalled SUCCESS\n/);
    // nginx has nothing to warn of in what it is given.
    expect(await gateway.log()).not.toContain('[warn]');
    expect(await ask()).toBe('ready\n200');
  });
});
