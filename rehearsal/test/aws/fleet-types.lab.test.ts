import { Forward } from '../../../lib/forward/forward';
import { ofGroup } from '../../../test/operate/fleet/drift/group';
import { type Drift, FleetDriftLab } from '../../../test/operate/fleet/drift/lab';
import { ofHost } from '../../../test/operate/fleet/drift/machines';
import { setDesired } from '../../src/aws/group';
import { FleetLab } from '../support/fleet-lab';

/*
 * A fleet of several types through the real CLI, where a zone has no more of one of them.
 */
jest.setTimeout(300_000);

const forwards = { web: Forward.tcp({ listen: 80, to: '10.0.9.10:8080', engine: 'iptables' }) };
const types = (...fallbackTypes: readonly string[]) => ({
  ...{ forwards, instanceType: 'm7g.large' },
  capacity: { min: 2, max: 4, ...(fallbackTypes.length === 0 ? {} : { fallbackTypes }) },
});

let lab: FleetLab;
const environment = process.env;

beforeAll(async () => {
  lab = await FleetLab.start();
  lab.hosts.start();
});

afterAll(async () => {
  process.env = environment;
  await lab?.stop();
});

const found = async () => (await lab.hosts.all()).map(({ type }) => type).toSorted();

test('a zone without the first type fails a fleet of one type, and gets the next one where there are several', async () => {
  lab.endpoint.beShort('us-east-1a', ['m7g.large']);
  lab.endpoint.beShort('us-east-1b', ['m7g.large']);
  expect(await lab.refused(types())).toMatch(/do not have sufficient capacity/);
  await lab.destroy();
  lab.endpoint.beShort('us-east-1b', []);
  await lab.deploy(types('m6g.large', 'c7g.large'));
  expect(await found()).toEqual(['m6g.large', 'm7g.large']);
  const all = await lab.hosts.all();
  expect(new Set(all.map(({ subnet }) => subnet)).size).toBe(2);
  expect(await lab.targets()).toEqual({ 80: await lab.ids() });
});

test('the next after that comes where a zone lacks both, and a host that joins is of the first type that its zone has', async () => {
  lab.endpoint.beShort('us-east-1a', ['m7g.large', 'm6g.large']);
  lab.endpoint.beShort('us-east-1b', ['m7g.large', 'm6g.large']);
  await setDesired(lab.endpoint, 3);
  expect(await found()).toEqual(['c7g.large', 'm6g.large', 'm7g.large']);
  await setDesired(lab.endpoint, 2);
  await lab.settled();
  lab.endpoint.beShort('us-east-1a', []);
  lab.endpoint.beShort('us-east-1b', []);
});

test('portway verify takes each listed type, and finds a host of another one and another list', async () => {
  process.env = { ...environment, ...lab.endpoint.env };
  const props = types('m6g.large', 'c7g.large');
  const drifted = await FleetDriftLab.start(lab, props);
  const differences = async () => (await drifted.look()).differences;
  expect((await found()).filter((type) => type !== 'm7g.large')).toHaveLength(1);
  expect(await differences()).toEqual([]);
  const told = async (by: Drift['by']) => {
    const undo = await by(drifted);
    const lines = await differences();
    await undo();
    return lines;
  };
  const [first = ''] = drifted.ids;
  expect(
    await told(
      ofHost((one) => {
        one.InstanceType = 'r7g.large';
      }),
    ),
  ).toEqual([`instance type of ${first} must be m7g.large or m6g.large or c7g.large, got: r7g.large`]);
  expect(
    await told(
      ofGroup(({ MixedInstancesPolicy }) => {
        MixedInstancesPolicy?.LaunchTemplate?.Overrides?.pop();
      }),
    ),
  ).toEqual([
    'the types by preference of the group must be m7g.large, m6g.large, c7g.large, got: m7g.large, m6g.large',
  ]);
  expect(await differences()).toEqual([]);
});

test('a change of forwards replaces no host, and another list replaces all, zone by zone', async () => {
  const known = await lab.ids();
  const more = { web: forwards.web, more: Forward.tcp({ listen: 81, to: '10.0.9.10:8080', engine: 'iptables' }) };
  await lab.deploy({ ...types('m6g.large', 'c7g.large'), forwards: more });
  expect(await lab.ids()).toEqual(known);
  const zones = new Set<number>();
  lab.hosts.behave(() => {
    void lab.hosts.all().then((all) => zones.add(new Set(all.map(({ subnet }) => subnet)).size));
    return 'SUCCESS';
  });
  await lab.deploy({ ...types('c7g.large'), forwards: more });
  lab.hosts.behave(() => 'SUCCESS');
  expect(await found()).toEqual(['m7g.large', 'm7g.large']);
  expect((await lab.ids()).filter((id) => known.includes(id))).toEqual([]);
  expect([...zones]).toEqual([2]);
});
