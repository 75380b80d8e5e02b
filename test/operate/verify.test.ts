import type { Found, FoundInstance } from '../../lib/operate/found';
import { type Promised, UNKNOWN } from '../../lib/operate/promised';
import { differences } from '../../lib/operate/verify';

const promised: Promised = {
  ...{ path: 'Portway', stackName: 'Portway', region: undefined },
  ...{ instanceId: 'Instance', address: { logicalId: 'Address' }, resources: new Set(['Instance', 'Address']) },
  addedGroups: { ids: [], unknown: 0 },
  instanceType: 't4g.micro',
  httpTokens: 'required',
  hopLimit: 1,
  sourceDestCheck: true,
  userData: ['first line', `URL='${UNKNOWN}'`, '-A PORTWAY-DNAT --dport 80 -j REDIRECT'],
  inbound: [
    { what: 'tcp 80', peer: '0.0.0.0/0' },
    { what: 'tcp 80', peer: '::/0' },
    { what: 'tcp 22', peer: '203.0.113.7/32' },
  ],
  outbound: [{ what: 'all', peer: '0.0.0.0/0' }],
};
const ports = (port: number, cidrs4: string[], cidrs6: string[] = []) => ({
  ...{ protocol: 'tcp', fromPort: port, toPort: port, cidrs4, cidrs6, others: [] as string[] },
});
const group = {
  id: 'sg-1',
  name: 'gateway',
  // In EC2's form: all networks of a port together.
  ingress: [ports(80, ['0.0.0.0/0'], ['0::0/0']), ports(22, ['203.0.113.7/32'])],
  egress: [{ protocol: '-1', cidrs4: ['0.0.0.0/0'], cidrs6: [], others: [] }],
};
const gateway: FoundInstance = {
  instanceId: 'i-1',
  state: 'running',
  instanceType: 't4g.micro',
  httpTokens: 'required',
  hopLimit: 1,
  sourceDestCheck: true,
  userData: "first line\nURL='http://signal/?x=1'\n-A PORTWAY-DNAT --dport 80 -j REDIRECT",
  securityGroups: [group],
};
const found: Found = { address: '203.0.113.100', gateway, others: [] };
const withGateway = (more: Partial<FoundInstance>) =>
  differences(promised, { ...found, gateway: { ...gateway, ...more } });

test('an unchanged gateway has no differences', () => {
  expect(differences(promised, found)).toEqual([]);
});

test('reports a missing address, an unassociated address, and a leftover instance', () => {
  expect(differences(promised, { address: undefined, gateway: undefined, others: [] })).toEqual([
    'Portway has no Elastic IP: it is not deployed here, or the address was released',
  ]);
  expect(differences(promised, { address: '203.0.113.100', gateway: undefined, others: ['i-2'] })).toEqual([
    'the address 203.0.113.100 leads to no instance of Portway',
    'instance i-2 of Portway is there besides the gateway',
  ]);
  expect(differences(promised, { ...found, others: ['i-2'] })).toHaveLength(1);
});

const CONTENT = 'content (tag portway:content; `portway plan --against deployed` tells what differs)';

test('reports a live host that is told another content', () => {
  const live = { ...promised, content: 'a'.repeat(64) };
  expect(differences(live, { ...found, gateway: { ...gateway, content: 'a'.repeat(64) } })).toEqual([]);
  expect(differences(live, { ...found, gateway: { ...gateway, content: 'b'.repeat(64) } })).toEqual([
    `${CONTENT} of i-1 must be ${'a'.repeat(64)}, got: ${'b'.repeat(64)}`,
  ]);
  expect(differences(live, found)).toEqual([`${CONTENT} of i-1 must be ${'a'.repeat(64)}, got: undefined`]);
});

test('reports a changed instance', () => {
  expect(
    withGateway({
      state: 'stopped',
      instanceType: 't4g.nano',
      httpTokens: 'optional',
      hopLimit: 2,
      sourceDestCheck: false,
    }),
  ).toEqual([
    'i-1 must be running, got: stopped',
    'instance type of i-1 must be t4g.micro, got: t4g.nano',
    'metadata option HttpTokens of i-1 must be required, got: optional',
    'metadata hop limit of i-1 must be 1, got: 2',
    'check of source and destination of i-1 must be true, got: false',
  ]);
});

test('reports added and removed rules', () => {
  const changed = {
    ...group,
    ingress: [ports(80, ['0.0.0.0/0'], ['::/0']), ports(22, ['0.0.0.0/0']), ports(8080, ['0.0.0.0/0'])],
  };
  expect(withGateway({ securityGroups: [changed] })).toEqual([
    'the security group lets tcp 22 through from 0.0.0.0/0 (inbound), which was not promised',
    'the security group lets tcp 8080 through from 0.0.0.0/0 (inbound), which was not promised',
    'the security group must let tcp 22 through from 203.0.113.7/32 (inbound), and does not',
  ]);
});

test('includes a second group, and rules for another group', () => {
  const other = {
    id: 'sg-2',
    name: 'x',
    ingress: [],
    egress: [{ protocol: 'tcp', cidrs4: [], cidrs6: [], others: ['sg-9'] }],
  };
  expect(withGateway({ securityGroups: [group, other] })).toEqual([
    'the security group lets tcp through to sg-9 (outbound), which was not promised',
  ]);
});

test('matches a deploy-time network with one remaining rule, and no more', () => {
  const unknown: Promised = {
    ...promised,
    inbound: [{ what: 'tcp 22', peer: undefined }, ...promised.inbound.slice(0, 2)],
  };
  expect(differences(unknown, found)).toEqual([]);
  const two = { ...group, ingress: [...group.ingress, ports(22, ['192.0.2.0/24'])] };
  expect(differences(unknown, { ...found, gateway: { ...gateway, securityGroups: [two] } })).toHaveLength(1);
});

test('matches a deploy-time port with one remaining rule of its protocol', () => {
  const database = { what: 'tcp (a port known at deploy)', peer: undefined, anyPortOf: 'tcp' };
  const unknown: Promised = { ...promised, inbound: [database, ...promised.inbound] };
  const opened = (...more: object[]) => ({ ...group, ingress: [...group.ingress, ...more] }) as typeof group;
  const told = (one: typeof group) =>
    differences(unknown, { ...found, gateway: { ...gateway, securityGroups: [one] } });
  expect(told(opened({ ...ports(5432, []), others: ['sg-9'] }))).toEqual([]);
  expect(told(group)).toEqual([
    expect.stringContaining('must let tcp (a port known at deploy) through from a network'),
  ]);
  expect(told(opened({ ...ports(53, []), protocol: 'udp', others: ['sg-9'] }))).toHaveLength(2);
});

test('shows the differing lines of user-data', () => {
  const [line, ...others] = withGateway({ userData: gateway.userData.replace('80', '81') });
  expect(others).toEqual([]);
  expect(line).toContain('  - -A PORTWAY-DNAT --dport 80 -j REDIRECT\n  + -A PORTWAY-DNAT --dport 81 -j REDIRECT');
  expect(line).not.toContain('URL');
});

test('shortens long differences in user-data', () => {
  const [line] = withGateway({ userData: Array.from({ length: 20 }, (_, i) => `line ${i}`).join('\n') });
  expect(line).toMatch(/ {2}\+ and \d+ more lines$/);
});

test('says so if only the compressed part of user-data differs', () => {
  const packed = (text: string) => `${gateway.userData}\n#portway-fetch\n${text}`;
  const other: Promised = { ...promised, userData: [...promised.userData, '#portway-fetch', 'abc'] };
  const [line] = differences(other, { ...found, gateway: { ...gateway, userData: packed('def') } });
  expect(line).toMatch(/\n {2}\(in its compressed part\)$/);
});
