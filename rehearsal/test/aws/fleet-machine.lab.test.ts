import { setTimeout as sleep } from 'node:timers/promises';
import { Forward } from '../../../lib/forward/forward';
import { targetStates } from '../../src/aws/balancer';
import { lifecycleStates, setDesired } from '../../src/aws/group';
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

test('another machine replaces one host in each zone at a time, each after its successor has reported', async () => {
  const known = await lab.ids();
  const pointer = (await lab.hosts.userData(known[0] ?? '')).pointer;
  const [counts, zones] = [new Set<number>(), new Set<number>()];
  lab.hosts.behave(() => {
    void lab.hosts.all().then((all) => {
      counts.add(all.length);
      zones.add(new Set(all.map(({ subnet }) => subnet)).size);
    });
    return 'SUCCESS';
  });
  await lab.deploy({ forwards: two, instanceType: 't4g.small' });
  lab.hosts.behave(() => 'SUCCESS');
  const all = await lab.hosts.all();
  expect(all.map(({ type }) => type)).toEqual(['t4g.small', 't4g.small']);
  expect(all.map(({ id }) => id).filter((id) => known.includes(id))).toEqual([]);
  expect((await lab.hosts.userData(all[0]?.id ?? '')).pointer).not.toBe(pointer);
  // Never fewer than two, and never a zone without one.
  expect(Math.min(...counts)).toBe(2);
  expect(Math.max(...counts)).toBe(4);
  expect([...zones]).toEqual([2]);
  expect(new Set(all.map(({ subnet }) => subnet)).size).toBe(2);
  expect(await lab.targets()).toEqual({ 80: await lab.ids(), 81: await lab.ids() });
});

test('a machine whose second host reports a failure goes, with its first one, and the hosts of before stay', async () => {
  const known = await lab.ids();
  const larger: string[] = [];
  lab.hosts.behave(({ id, type }) => {
    if (type === 't4g.medium' && !larger.includes(id)) larger.push(id);
    return larger.indexOf(id) === 1 ? 'FAILURE' : 'SUCCESS';
  });
  expect(await lab.refused({ forwards: two, instanceType: 't4g.medium' })).toMatch(
    /FleetHostsGroup\w+\) Received 1 FAILURE signal\(s\) out of 2\. Unable to satisfy 100% MinSuccessfulInstancesPercent/,
  );
  lab.hosts.behave(() => 'SUCCESS');
  const all = await lab.hosts.all();
  expect(all.map(({ type }) => type)).toEqual(['t4g.small', 't4g.small']);
  expect(all.map(({ id }) => id).toSorted()).toEqual(known);
  expect(await lab.targets()).toEqual({ 80: await lab.ids(), 81: await lab.ids() });
});

test('a host that joins takes the content that is deployed, and a deploy leaves the number of hosts alone', async () => {
  await setDesired(lab.endpoint, 3);
  const all = await lab.ids();
  expect(all).toHaveLength(3);
  const pointers = await Promise.all(all.map((id) => lab.hosts.pointer(id)));
  expect(pointers).toEqual(pointers.map(() => pointers[0]));
  await lab.deploy({ forwards: { web: tcp(80) }, instanceType: 't4g.small' });
  expect(await lab.ids()).toEqual(all);
  expect(await lab.targets()).toEqual({ 80: all });
});

test('a host too many drains, then its hook holds it, then it ends; it is the oldest one of the fullest zone', async () => {
  await lab.settled();
  const all = await lab.hosts.all();
  const zones = all.map(({ subnet }) => subnet);
  const going = all.find(({ subnet }) => zones.filter((one) => one === subnet).length === 2)?.id ?? '';
  const others = all.map(({ id }) => id).filter((id) => id !== going);
  const begin = Date.now();
  await setDesired(lab.endpoint, 2);
  const seen: string[] = [];
  let is = '';
  do {
    const told = (await lifecycleStates(lab.endpoint)).get(going);
    const [drains, gets] = [(await lab.targets('draining'))[80] ?? [], (await lab.targets())[80] ?? []];
    expect(gets).toEqual(others.toSorted());
    // Group and balancer answer one after the other, so a step in between would show as a mixture.
    if ((await lifecycleStates(lab.endpoint)).get(going) !== told) continue;
    is = `${told}${drains.includes(going) ? ', draining' : ''}`;
    if (is !== seen.at(-1)) seen.push(is);
    await sleep(100);
  } while (!is.startsWith('undefined'));
  expect(seen).toEqual(['Terminating, draining', 'Terminating:Wait', 'undefined']);
  // 300 and 120 s on AWS, a hundredth here.
  expect(Date.now() - begin).toBeGreaterThan(4000);
  const [arn = ''] = values(await lab.elb('DescribeTargetGroups'), 'TargetGroupArn');
  const gone = await lab.elb('DescribeTargetHealth', { TargetGroupArn: arn, 'Targets.member.1.Id': going });
  expect(targetStates(gone)).toEqual(new Map([[going, 'unused']]));
  expect((await lab.hosts.all()).map(({ id }) => id).toSorted()).toEqual(others.toSorted());
});

test('a fleet that has grown beyond min ends old hosts first, and never has fewer than min', async () => {
  await lab.settled();
  await setDesired(lab.endpoint, 4);
  await lab.settled();
  const known = await lab.ids();
  expect(known).toHaveLength(4);
  const counts = new Set<number>();
  lab.hosts.behave(() => {
    void lab.hosts.all().then((all) => counts.add(all.length));
    return 'SUCCESS';
  });
  await lab.deploy({ forwards: { web: tcp(80) }, instanceType: 't4g.micro' });
  lab.hosts.behave(() => 'SUCCESS');
  const all = await lab.hosts.all();
  expect(all.map(({ type }) => type)).toEqual(Array(4).fill('t4g.micro'));
  expect(all.filter(({ id }) => known.includes(id))).toEqual([]);
  expect(Math.max(...counts)).toBe(4);
  expect(await lab.targets()).toEqual({ 80: await lab.ids() });
});
