import type { Deployed } from '../src/aws/deployed';
import { labInstance } from '../src/lab-instance';

const deployed: Deployed = {
  instanceId: 'i-0123456789abcdef0',
  instanceType: 't4g.micro',
  architecture: 'arm64',
  launchTime: new Date(0),
  privateIp: '10.0.0.10',
  publicIp: '203.0.113.100',
  associated: false,
  userData: Buffer.from('#!/bin/sh\n'),
  rootDevice: '/dev/xvda',
  sourceDestCheck: false,
  securityGroups: [
    {
      id: 'sg-1',
      name: 'gateway',
      ingress: [
        { protocol: 'tcp', fromPort: 80, toPort: 80, cidrs4: ['0.0.0.0/0'], cidrs6: ['::/0'], others: [] },
        { protocol: '50', cidrs4: ['198.51.100.0/24'], cidrs6: [], others: [] },
      ],
      egress: [{ protocol: '-1', cidrs4: ['0.0.0.0/0'], cidrs6: [], others: [] }],
    },
  ],
  httpTokens: 'required',
  hopLimit: 1,
  subnetCidr: '10.0.0.0/24',
  vpcCidr: '10.0.0.0/16',
  outputs: {},
};

test("the instance gets the stack's security group, and its check of source and destination", () => {
  expect(labInstance(deployed)).toMatchObject({
    sourceDestCheck: false,
    rules: {
      ingress: [
        { protocol: 'tcp', fromPort: 80, toPort: 80, cidrs: ['0.0.0.0/0', '::/0'] },
        { protocol: '50', cidrs: ['198.51.100.0/24'] },
      ],
      egress: [{ protocol: '-1', cidrs: ['0.0.0.0/0'] }],
    },
  });
});

test('a dual-stack one has its IPv6 address and ranges, another one nothing of them', () => {
  const six = { ipv6: '2001:db8:1200::10', subnetCidr6: '2001:db8:1200::/64', vpcCidr6: '2001:db8:1200::/56' };
  expect(labInstance({ ...deployed, ...six }).ipv6).toEqual({
    address: '2001:db8:1200::10',
    subnet: '2001:db8:1200::/64',
    vpc: '2001:db8:1200::/56',
  });
  expect(labInstance(deployed).ipv6).toBeUndefined();
});

test('it has the tags that its metadata service tells', () => {
  const metadataTags = { 'portway:content': 'a' };
  expect(labInstance({ ...deployed, metadataTags }).metadataTags).toEqual(metadataTags);
  expect(labInstance(deployed).metadataTags).toBeUndefined();
});

test('a rule may name other groups, but no prefix list: the lab does not know what is in it', () => {
  const [group] = deployed.securityGroups;
  const rules = (others: string[]) => {
    const rule = { protocol: '-1', cidrs4: [], cidrs6: [], others };
    return labInstance({ ...deployed, securityGroups: group ? [{ ...group, ingress: [rule] }] : [] }).rules;
  };
  expect(rules(['sg-2']).ingress).toEqual([{ protocol: '-1', cidrs: [], groups: ['sg-2'] }]);
  expect(() => rules(['pl-2'])).toThrow('gateway has a rule for pl-2');
});
