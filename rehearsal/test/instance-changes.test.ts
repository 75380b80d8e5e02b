import { givenAway, type InstanceState, instanceChanges, powerOf } from '../src/instance-changes';

const on: InstanceState = {
  instanceId: 'i-0123456789abcdef0',
  power: 'on',
  started: 1000,
  instanceType: 't4g.micro',
  sourceDestCheck: true,
  rules: { ingress: [{ protocol: 'tcp', fromPort: 80, toPort: 80, cidrs: ['0.0.0.0/0'] }], egress: [] },
};
const off: InstanceState = { ...on, power: 'off' };
const gone: InstanceState = { ...on, power: 'gone' };

test('nothing new, nothing to do', () => {
  expect(instanceChanges(on, on)).toEqual([]);
  expect(instanceChanges(off, off)).toEqual([]);
});

test('a new instance is launched, unless it is off or gone already', () => {
  expect(instanceChanges(undefined, on)).toEqual(['launch']);
  expect(instanceChanges(undefined, off)).toEqual([]);
  expect(instanceChanges(undefined, gone)).toEqual([]);
});

test('a stop that is seen, a start that is seen, and both between two looks', () => {
  expect(instanceChanges(on, off)).toEqual(['stop']);
  expect(instanceChanges(off, { ...on, started: 2000 })).toEqual(['restart']);
  expect(instanceChanges(on, { ...on, started: 2000 })).toEqual(['restart']);
});

test('rules and the check of source and destination change at once, before the power', () => {
  const later = { ...on, started: 2000, sourceDestCheck: false, rules: { ingress: [], egress: [] } };
  expect(instanceChanges(on, later)).toEqual(['rules', 'check', 'restart']);
});

test('tags change at once, and no restart comes of them', () => {
  const tagged = { ...on, metadataTags: { 'portway:content': 'a' } };
  expect(instanceChanges(on, tagged)).toEqual(['tags']);
  expect(instanceChanges(tagged, { ...on, metadataTags: { 'portway:content': 'b' } })).toEqual(['tags']);
  expect(instanceChanges(tagged, { ...on, metadataTags: { 'portway:content': 'a' } })).toEqual([]);
});

test('what has ended changes no more', () => {
  expect(instanceChanges(on, { ...gone, started: 2000, rules: { ingress: [], egress: [] } })).toEqual([]);
  expect(instanceChanges(gone, on)).toEqual([]);
});

test.each([
  ['pending', 'on'],
  ['running', 'on'],
  ['stopping', 'off'],
  ['stopped', 'off'],
  ['shutting-down', 'gone'],
  ['terminated', 'gone'],
] as const)("EC2's %s is %s", (Name, power) => {
  expect(powerOf({ State: { Name } })).toBe(power);
});

test('throws when the API returns no state', () => {
  expect(() => powerOf({})).toThrow('returned no state');
});

test('an instance has ended when another one has its address', () => {
  const running = (InstanceId: string, PrivateIpAddress: string, Name: 'running' | 'terminated' = 'running') => ({
    ...{ InstanceId, PrivateIpAddress, State: { Name } },
  });
  const has = new Map([
    ['i-1', { privateIp: '10.0.0.10' }],
    ['i-2', { privateIp: '10.0.1.10' }],
  ]);
  expect(givenAway(has, [running('i-1', '10.0.0.10'), running('i-2', '10.0.1.10')])).toEqual([]);
  expect(givenAway(has, [running('i-2', '10.0.1.10'), running('i-3', '10.0.0.11')])).toEqual([]);
  const replaced = [
    running('i-1', '10.0.0.10', 'terminated'),
    running('i-2', '10.0.1.10'),
    running('i-3', '10.0.0.10'),
  ];
  expect(givenAway(has, replaced)).toEqual(['i-1']);
  expect(givenAway(has, replaced.slice(1))).toEqual(['i-1']);
});
