import { Forward } from '../../../lib/forward/forward';
import { compareTemplates } from '../../../lib/plan/change/comparison';
import { printComparison } from '../../../lib/plan/change/print';
import type { Template } from '../../../lib/plan/change/template';
import type { PortwayFleetProps } from '../../../lib/portway-fleet-props';
import { SMALL, synthesizeFleet } from '../../support/fleet';
import { rowOf } from './stacks';

// A synth takes seconds on a busy machine.
jest.setTimeout(60_000);

const templateOf = (props: Partial<PortwayFleetProps>) =>
  synthesizeFleet(() => ({ ...SMALL, ...props })).template as unknown as Template;
const before = templateOf({});
const changed = (props: Partial<PortwayFleetProps>) => compareTemplates(before, templateOf(props));
const web = (to: number, listen = 80) => Forward.tcp({ listen, to: `10.0.9.10:${to}`, engine: 'iptables' });

test('the same fleet has no changes', () => {
  expect(changed({})).toMatchObject({ changes: [], host: 'nothing', address: 'stays', incomplete: false });
});

test('a changed forward is taken over by all hosts, and told by its name', () => {
  const found = changed({ forwards: { web: web(8081) } });
  expect(found).toMatchObject({ host: 'live', address: 'stays', incomplete: false, fleet: true });
  expect(rowOf(found, 'forward web').how[0]).toBe('to 10.0.9.10:8080 -> 10.0.9.10:8081');
  expect(printComparison('Stack Fleet', 'deployed', found)).toContain('all running hosts take the change over');
});

test('a new port is a new listener of the balancer, and touches no host beyond that', () => {
  const found = changed({ forwards: { web: web(8080), more: web(8080, 81) } });
  expect(found).toMatchObject({ host: 'live', incomplete: false });
  expect(rowOf(found, 'listeners of the balancer').host).toBe('nothing');
  expect(rowOf(found, 'forward more').how).toEqual(['added: tcp 81 iptables to 10.0.9.10:8080']);
});

test.each([
  ['instanceType', { instanceType: 't4g.small' }],
  ['os, architecture or ami', { ami: { id: 'ami-0123456789abcdef1', rootDevice: '/dev/xvda' } }],
  ['diskGiB', { diskGiB: 20 }],
  ['sshPublicKey or keyPairName', { keyPairName: 'other' }],
])('another machine replaces the hosts: %s', (what, props) => {
  const found = changed(props);
  expect(found).toMatchObject({ host: 'replace', address: 'stays', incomplete: false });
  expect(rowOf(found, what)).toMatchObject({
    host: 'replace',
    why: 'a host is as its launch template was when it started',
  });
  expect(printComparison('Stack Fleet', 'deployed', found)).toContain(
    'The hosts are replaced, one in each zone at a time',
  );
});

test('other types to choose from replace the hosts', () => {
  const one = templateOf({ instanceType: 'm7g.large' });
  const several = (...fallbackTypes: readonly string[]) =>
    templateOf({ instanceType: 'm7g.large', capacity: { min: 2, max: 4, fallbackTypes } });
  const added = compareTemplates(one, several('m6g.large'));
  expect(added).toMatchObject({ host: 'replace', address: 'stays', incomplete: false });
  expect(rowOf(added, 'instanceType').how[0]).toMatch(/m7g\.large -> m7g\.large, m6g\.large$/);
  expect(compareTemplates(several('m6g.large'), several('m6g.large'))).toMatchObject({ changes: [], host: 'nothing' });
  expect(compareTemplates(several('m6g.large'), several('c7g.large', 'm6g.large')).host).toBe('replace');
});

test('more hosts touch none of those that run', () => {
  const found = changed({ capacity: { min: 2, max: 9 } });
  expect(found).toMatchObject({ host: 'nothing', address: 'stays', incomplete: false });
  expect(rowOf(found, 'capacity').how).toEqual([expect.stringMatching(/ MaxSize: 4 -> 9$/)]);
});

test('another zone has another address, and other subnets replace the hosts', () => {
  const found = changed({ capacity: { min: 3, max: 6, zones: 3 } });
  expect(found).toMatchObject({ address: 'changes', host: 'replace' });
  expect(rowOf(found, 'vpc, vpcSubnets or capacity.zones')).toMatchObject({ host: 'replace' });
  expect(printComparison('Stack Fleet', 'deployed', found)).not.toContain('availabilityZoneIndex');
});
