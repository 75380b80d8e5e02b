import { Forward } from '../../../lib/forward/forward';
import { BalancerReader } from '../../src/aws/balancer';
import { callUnhealthy } from '../../src/aws/group';
import { values } from '../../src/aws/other-inventory';
import { FleetLab } from '../support/fleet-lab';
import { signalResource } from '../support/signal-resource';

/*
 * A fleet through the real CLI: two hosts, a change while they run, a bad one. fleet-machine.lab.test.ts has what replaces hosts.
 */
jest.setTimeout(300_000);

const tcp = (listen: number) => Forward.tcp({ listen, to: '10.0.9.10:8080', engine: 'iptables' });
const ONE = { forwards: { web: tcp(80) } };

let lab: FleetLab;
let before: readonly string[];

beforeAll(async () => {
  lab = await FleetLab.start();
  before = await lab.everything();
  lab.hosts.start();
});

afterAll(() => lab?.stop());

test('a first deploy waits for both hosts, one in each zone, behind a balancer with an address in each', async () => {
  // A group takes no report in somebody else's name.
  let stranger = 0;
  lab.hosts.behave((host, what) => {
    if (what === 'boot')
      void lab.hosts
        .userData(host.id)
        .then(({ group }) =>
          signalResource(lab.endpoint, {
            stack: 'Fleet',
            resource: group,
            status: 'SUCCESS',
            uniqueId: 'i-00000000000000000',
          }),
        )
        .then(({ status }) => {
          stranger = status;
        });
    return 'SUCCESS';
  });
  await lab.deploy(ONE);
  expect(stranger).toBe(400);
  const all = await lab.hosts.all();
  expect(new Set(all.map(({ subnet }) => subnet)).size).toBe(2);
  expect(all).toHaveLength(2);
  expect(await lab.targets()).toEqual({ 80: await lab.ids() });
  const resources = lab.hosts.reports.map(([, resource]) => resource.replace(/[0-9a-f]{16}$/, ''));
  expect(resources.filter((one) => one.startsWith('FleetHostsGroup'))).toHaveLength(2);
  expect(resources.filter((one) => one.startsWith('FleetLiveCondition'))).toHaveLength(2);
});

test('a change of forwards reaches the same hosts; the deploy waits for both', async () => {
  lab.hosts.behave(() => 'SUCCESS');
  const [known, told] = [await lab.ids(), lab.hosts.reports.length];
  await lab.deploy({ forwards: { web: tcp(80), more: tcp(81) } });
  expect(await lab.ids()).toEqual(known);
  expect(await lab.targets()).toEqual({ 80: known, 81: known });
  // To the new condition alone.
  const reports = lab.hosts.reports.slice(told);
  expect(reports.map(([host]) => host).toSorted()).toEqual(known);
  expect(new Set(reports.map(([, resource]) => resource)).size).toBe(1);
});

test('a bad change fails at the first host that says so, and everything goes back', async () => {
  const known = await lab.ids();
  const content = (await lab.hosts.pointer(known[0] ?? ''))?.content;
  lab.hosts.behave(({ id }) => (id === known[0] ? 'FAILURE' : undefined));
  const words = await lab.refused({ forwards: { web: tcp(80), more: tcp(82) } });
  expect(words).toMatch(
    new RegExp(`FleetLiveCondition\\w+\\) Received FAILURE signal with UniqueId ${known[0]} iptables refused COMMIT`),
  );
  lab.hosts.behave(() => 'SUCCESS');
  expect(await lab.ids()).toEqual(known);
  expect(await lab.targets()).toEqual({ 80: known, 81: known });
  expect((await lab.hosts.pointer(known[0] ?? ''))?.content).toBe(content);

  // The event shows the cause in short; all hosts' words are on their consoles.
  const cause = 'FAILED: iptables refused COMMIT of the table nat';
  await lab.showConsole(known[0] ?? '', [`portway 2026-11-30T01:00:09Z ${cause}`, '']);
  const { failures, hosts } = await lab.logs();
  expect(failures).toEqual([expect.stringContaining(`UniqueId ${known[0]} iptables refused COMMIT`)]);
  expect(hosts.map(({ id }) => id).toSorted()).toEqual(known);
  expect(hosts.find(({ id }) => id === known[0])?.words?.failure).toBe(cause);
});

test('a host that its balancer calls unhealthy is replaced, but not while it is young', async () => {
  const known = await lab.ids();
  const [ill = ''] = known;
  await callUnhealthy(lab.endpoint, ill);
  expect(await lab.ids()).toEqual(known);
  await lab.scaling('SetInstanceHealth', {
    ...{ InstanceId: ill, HealthStatus: 'Unhealthy', ShouldRespectGracePeriod: 'false' },
  });
  const now = await lab.ids();
  expect(now).toHaveLength(known.length);
  expect(now).not.toContain(ill);
  expect(await lab.targets()).toEqual({ 80: now, 81: now });
  await expect(callUnhealthy(lab.endpoint, ill)).rejects.toThrow(`No managed instance found for ${ill}`);
});

test("the balancer tells its addresses, its group, and its hosts' health check", async () => {
  await lab.settled();
  const { zones = [], groups, listeners = [] } = (await new BalancerReader(lab.endpoint).read()) ?? {};
  expect(zones.map(({ publicIp }) => publicIp)).toEqual([expect.stringMatching(/^203/), expect.stringMatching(/^203/)]);
  expect(groups).toEqual([expect.stringMatching(/^sg-/)]);
  const check = { port: 10256, path: '/', intervalSeconds: 10, healthyCount: 2, unhealthyCount: 2 };
  const targets = expect.arrayContaining(await lab.ids());
  expect(listeners.toSorted((a, b) => a.port - b.port)).toEqual(
    [80, 81].map((port) => ({ port, protocol: 'TCP', check, targets, draining: [] })),
  );
});

test('takes policies for connections and traffic, whose metrics are those of the balancer and the group', async () => {
  const known = await lab.ids();
  await lab.deploy({
    forwards: { web: tcp(80), more: tcp(81) },
    capacity: { min: 2, max: 4, scaleOn: { cpu: 60, connections: 20_000, megabitsOut: 400 } },
  });
  expect(await lab.ids()).toEqual(known);
  const policies = await lab.scaling('DescribePolicies');
  expect(
    values(policies, 'TargetValue')
      .map(Number)
      .toSorted((a, b) => a - b),
  ).toEqual([60, 20_000, 3_000_000_000]);
  expect(values(policies, 'Expression')).toEqual(['(zone1 + zone2) / hosts']);
  const [balancer = ''] = values(await lab.elb('DescribeLoadBalancers'), 'LoadBalancerArn');
  expect(values(policies, 'Value')).toEqual(
    expect.arrayContaining([balancer.split(':loadbalancer/')[1], ...values(policies, 'AutoScalingGroupName')]),
  );
});

test('destroy leaves nothing', async () => {
  lab.hosts.behave(() => undefined);
  await lab.destroy();
  expect(await lab.everything()).toEqual(before);
});
