import { Forward } from '../../../lib/forward/forward';
import { values } from '../../src/aws/other-inventory';
import { FleetLab } from '../support/fleet-lab';

/*
 * What replaces and adds hosts of a fleet, through the real CLI: another machine, a bad one, a host that joins.
 */
jest.setTimeout(300_000);

const tcp = (listen: number) => Forward.tcp({ listen, to: '10.0.9.10:8080', engine: 'iptables' });
const two = { web: tcp(80), more: tcp(81) };

let lab: FleetLab;

beforeAll(async () => {
  lab = await FleetLab.start();
  lab.hosts.start();
  await lab.deploy({ forwards: two });
});

afterAll(() => lab?.stop());

test('another machine replaces the hosts one by one, each after its successor has reported', async () => {
  const known = await lab.ids();
  const pointer = (await lab.hosts.userData(known[0] ?? '')).pointer;
  const counts = new Set<number>();
  lab.hosts.behave(() => {
    void lab.hosts.all().then((all) => counts.add(all.length));
    return 'SUCCESS';
  });
  await lab.deploy({ forwards: two, instanceType: 't4g.small' });
  lab.hosts.behave(() => 'SUCCESS');
  const all = await lab.hosts.all();
  expect(all.map(({ type }) => type)).toEqual(['t4g.small', 't4g.small']);
  expect(all.map(({ id }) => id).filter((id) => known.includes(id))).toEqual([]);
  expect((await lab.hosts.userData(all[0]?.id ?? '')).pointer).not.toBe(pointer);
  // Never fewer than two.
  expect([...counts].toSorted()).toEqual([2, 3]);
  expect(await lab.targets()).toEqual({ 80: await lab.ids(), 81: await lab.ids() });
});

test('a machine whose second host reports a failure goes, and so does its first one', async () => {
  const known = await lab.ids();
  const larger: string[] = [];
  lab.hosts.behave(({ id, type }) => {
    if (type === 't4g.medium' && !larger.includes(id)) larger.push(id);
    return larger.indexOf(id) === 1 ? 'FAILURE' : 'SUCCESS';
  });
  expect(await lab.refused({ forwards: two, instanceType: 't4g.medium' })).toMatch(
    /FleetHostsGroup\w+\) Received 1 FAILURE signal\(s\) out of 1\. Unable to satisfy 100% MinSuccessfulInstancesPercent/,
  );
  lab.hosts.behave(() => 'SUCCESS');
  const all = await lab.hosts.all();
  expect(all.map(({ type }) => type)).toEqual(['t4g.small', 't4g.small']);
  expect(all.filter(({ id }) => known.includes(id))).toHaveLength(1);
  expect(await lab.targets()).toEqual({ 80: await lab.ids(), 81: await lab.ids() });
});

test('a host that joins takes the content that is deployed, and a deploy leaves the number of hosts alone', async () => {
  const [name = ''] = values(await lab.scaling('DescribeAutoScalingGroups'), 'AutoScalingGroupName');
  await lab.scaling('SetDesiredCapacity', { AutoScalingGroupName: name, DesiredCapacity: '3' });
  const all = await lab.ids();
  expect(all).toHaveLength(3);
  const pointers = await Promise.all(all.map((id) => lab.hosts.pointer(id)));
  expect(pointers).toEqual(pointers.map(() => pointers[0]));
  await lab.deploy({ forwards: { web: tcp(80) }, instanceType: 't4g.small' });
  expect(await lab.ids()).toEqual(all);
  expect(await lab.targets()).toEqual({ 80: all });
});
