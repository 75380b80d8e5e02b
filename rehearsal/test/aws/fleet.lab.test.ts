import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Annotations, App, DefaultStackSynthesizer } from 'aws-cdk-lib';
import { Forward } from '../../../lib/forward/forward';
import { PortwayFleet } from '../../../lib/portway-fleet';
import type { PortwayFleetProps } from '../../../lib/portway-fleet-props';
import { PUBLIC_KEY } from '../../../test/snapshots/canonical';
import { featureFlags } from '../../../test/snapshots/synthesize';
import { SMALL } from '../../../test/support/fleet';
import { BOOTSTRAP, type CdkError, cdk } from '../../src/aws/cdk';
import { type StartedEndpoint, startEndpoint } from '../../src/aws/endpoint';
import { inventory } from '../../src/aws/inventory';
import { query, values } from '../../src/aws/other-inventory';
import { FleetHosts } from '../support/fleet-hosts';
import { signalResource } from '../support/signal-resource';

/*
 * A fleet through the real CLI against the local endpoint: two hosts, a change while they run, a bad one, another machine, a bad
 * one, and more hosts. No host is booted: fleet-hosts.ts reads and reports as they do.
 */
jest.setTimeout(300_000);

const tcp = (listen: number) => Forward.tcp({ listen, to: '10.0.9.10:8080', engine: 'iptables' });

let folder: string;
let endpoint: StartedEndpoint;
let hosts: FleetHosts;
let before: string[];
let assemblies = 0;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'portway-fleet-'));
  endpoint = await startEndpoint({ folder });
  await cli(BOOTSTRAP, synth()).finished;
  before = [...(await inventory(endpoint)), ...(await balancing())];
  hosts = new FleetHosts(endpoint, 'Fleet');
  hosts.start();
});

afterAll(async () => {
  await hosts?.stop();
  await endpoint?.stop();
  await rm(folder, { recursive: true, force: true });
});

function synth(props: Partial<PortwayFleetProps> = {}): string {
  const outdir = join(folder, `app-${assemblies++}`);
  const app = new App({ outdir, context: { ...featureFlags(), '@aws-cdk/core:target-partitions': ['aws'] } });
  const { keyPairName: _, ...rest } = SMALL;
  const stack = new PortwayFleet(app, 'Fleet', {
    ...{ ...rest, sshPublicKey: PUBLIC_KEY, forwards: { web: tcp(80) }, ...props },
    synthesizer: new DefaultStackSynthesizer() as never,
  });
  // The target stands for a host that no template here makes.
  for (const { name } of stack.forwards) Annotations.of(stack).acknowledgeWarning(`portway:targetElsewhere-${name}`);
  app.synth();
  return outdir;
}

const cli = (args: readonly string[], app: string) =>
  cdk(args, { endpoint, folder, log: join(folder, 'cdk.log'), app });
const deploy = (props: Partial<PortwayFleetProps> = {}) =>
  cli(['deploy', 'Fleet', '--require-approval', 'never'], synth(props)).finished;

const elb = (action: string, more = {}) => query(endpoint, 'elasticloadbalancing', action, '2015-12-01', more);
const scaling = (action: string, more = {}) => query(endpoint, 'autoscaling', action, '2011-01-01', more);

/** What no other inventory has. */
async function balancing(): Promise<string[]> {
  const [balancers, groups, hosts] = await Promise.all([
    elb('DescribeLoadBalancers'),
    elb('DescribeTargetGroups'),
    scaling('DescribeAutoScalingGroups'),
  ]);
  return [
    ...values(balancers, 'LoadBalancerArn'),
    ...values(groups, 'TargetGroupArn'),
    ...values(hosts, 'AutoScalingGroupName'),
  ];
}

/** The targets of each listened port. */
async function targets(): Promise<Record<string, readonly string[]>> {
  const groups = await elb('DescribeTargetGroups');
  const found: Record<string, readonly string[]> = {};
  for (const TargetGroupArn of values(groups, 'TargetGroupArn')) {
    const health = await elb('DescribeTargetHealth', { TargetGroupArn });
    const [port = ''] = values(
      await elb('DescribeTargetGroups', { 'TargetGroupArns.member.1': TargetGroupArn }),
      'Port',
    );
    found[port] = values(health, 'Id').toSorted();
  }
  return found;
}

const ids = async () => (await hosts.all()).map(({ id }) => id).toSorted();

/** What a failed deploy shows its user. */
async function refused(props: Partial<PortwayFleetProps>): Promise<string> {
  const error = await deploy(props).then(
    () => undefined,
    (failure: CdkError) => failure,
  );
  return error?.lines.join('\n') ?? 'the deploy succeeded';
}

test('a first deploy waits for both hosts, one in each zone, behind a balancer with an address in each', async () => {
  // A group takes no report in somebody else's name.
  let stranger = 0;
  hosts.behave((host, what) => {
    if (what === 'boot')
      void hosts
        .userData(host.id)
        .then(({ group }) =>
          signalResource(endpoint, {
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
  await deploy();
  expect(stranger).toBe(400);
  const all = await hosts.all();
  expect(new Set(all.map(({ subnet }) => subnet)).size).toBe(2);
  expect(all).toHaveLength(2);
  expect(await targets()).toEqual({ 80: await ids() });
  const resources = hosts.reports.map(([, resource]) => resource.replace(/[0-9a-f]{16}$/, ''));
  expect(resources.filter((one) => one.startsWith('FleetHostsGroup'))).toHaveLength(2);
  expect(resources.filter((one) => one.startsWith('FleetLiveCondition'))).toHaveLength(2);
});

test('a change of forwards reaches the same hosts; the deploy waits for both', async () => {
  hosts.behave(() => 'SUCCESS');
  const [known, told] = [await ids(), hosts.reports.length];
  await deploy({ forwards: { web: tcp(80), more: tcp(81) } });
  expect(await ids()).toEqual(known);
  expect(await targets()).toEqual({ 80: known, 81: known });
  // To the new condition alone.
  const reports = hosts.reports.slice(told);
  expect(reports.map(([host]) => host).toSorted()).toEqual(known);
  expect(new Set(reports.map(([, resource]) => resource)).size).toBe(1);
});

test('a bad change fails at the first host that says so, and everything goes back', async () => {
  const known = await ids();
  const content = (await hosts.pointer(known[0] ?? ''))?.content;
  hosts.behave(({ id }) => (id === known[0] ? 'FAILURE' : undefined));
  const words = await refused({ forwards: { web: tcp(80), more: tcp(82) } });
  expect(words).toMatch(
    new RegExp(`FleetLiveCondition\\w+\\) Received FAILURE signal with UniqueId ${known[0]} iptables refused COMMIT`),
  );
  hosts.behave(() => 'SUCCESS');
  expect(await ids()).toEqual(known);
  expect(await targets()).toEqual({ 80: known, 81: known });
  expect((await hosts.pointer(known[0] ?? ''))?.content).toBe(content);
});

const two = { web: tcp(80), more: tcp(81) };

test('another machine replaces the hosts one by one, each after its successor has reported', async () => {
  const known = await ids();
  const pointer = (await hosts.userData(known[0] ?? '')).pointer;
  const counts = new Set<number>();
  hosts.behave(() => {
    void hosts.all().then((all) => counts.add(all.length));
    return 'SUCCESS';
  });
  await deploy({ forwards: two, instanceType: 't4g.small' });
  hosts.behave(() => 'SUCCESS');
  const all = await hosts.all();
  expect(all.map(({ type }) => type)).toEqual(['t4g.small', 't4g.small']);
  expect(all.map(({ id }) => id).filter((id) => known.includes(id))).toEqual([]);
  expect((await hosts.userData(all[0]?.id ?? '')).pointer).not.toBe(pointer);
  // Never fewer than two.
  expect([...counts].toSorted()).toEqual([2, 3]);
  expect(await targets()).toEqual({ 80: await ids(), 81: await ids() });
});

test('a machine whose second host reports a failure goes, and so does its first one', async () => {
  const known = await ids();
  const larger: string[] = [];
  hosts.behave(({ id, type }) => {
    if (type === 't4g.medium' && !larger.includes(id)) larger.push(id);
    return larger.indexOf(id) === 1 ? 'FAILURE' : 'SUCCESS';
  });
  expect(await refused({ forwards: two, instanceType: 't4g.medium' })).toMatch(
    /FleetHostsGroup\w+\) Received 1 FAILURE signal\(s\) out of 1\. Unable to satisfy 100% MinSuccessfulInstancesPercent/,
  );
  hosts.behave(() => 'SUCCESS');
  const all = await hosts.all();
  expect(all.map(({ type }) => type)).toEqual(['t4g.small', 't4g.small']);
  expect(all.filter(({ id }) => known.includes(id))).toHaveLength(1);
  expect(await targets()).toEqual({ 80: await ids(), 81: await ids() });
});

test('a host that joins takes the content that is deployed, and a deploy leaves the number of hosts alone', async () => {
  const [name = ''] = values(await scaling('DescribeAutoScalingGroups'), 'AutoScalingGroupName');
  await scaling('SetDesiredCapacity', { AutoScalingGroupName: name, DesiredCapacity: '3' });
  const all = await ids();
  expect(all).toHaveLength(3);
  const pointers = await Promise.all(all.map((id) => hosts.pointer(id)));
  expect(pointers).toEqual(pointers.map(() => pointers[0]));
  await deploy({ forwards: { web: tcp(80) }, instanceType: 't4g.small' });
  expect(await ids()).toEqual(all);
  expect(await targets()).toEqual({ 80: all });
});

test('destroy leaves nothing', async () => {
  hosts.behave(() => undefined);
  await cli(['destroy', 'Fleet', '--force'], synth()).finished;
  expect([...(await inventory(endpoint)), ...(await balancing())]).toEqual(before);
});
