import {
  CreateNetworkAclEntryCommand,
  DeleteNetworkAclEntryCommand,
  DescribeNetworkAclsCommand,
} from '@aws-sdk/client-ec2';
import { App, aws_ec2 as ec2, aws_route53 as route53, Stack } from 'aws-cdk-lib';
import { Forward } from '../../../lib/forward/forward';
import type { Verified } from '../../../lib/operate/verified';
import type { PortwayFleetProps } from '../../../lib/portway-fleet-props';
import { schemaErrors } from '../../../test/support/json-schema';
import { ec2Client } from '../../src/aws/client';
import { values } from '../../src/aws/other-inventory';
import { FleetLab } from '../support/fleet-lab';
import { makeTeam, type Team } from '../support/fleet-team';

/*
 * IPv6 of a fleet through the real CLI: turned on and off while it serves, what verify finds of it, and a VPC that has none.
 */
jest.setTimeout(300_000);

let lab: FleetLab;
let team: Team;
let before: readonly string[];

beforeAll(async () => {
  lab = await FleetLab.start();
  team = await makeTeam(lab.endpoint);
  before = await lab.everything();
  lab.hosts.start();
});

afterAll(() => lab?.stop());

const scope = new Stack(new App(), 'Team');
const proxyProtocol = { accept: 'balancer' } as const;

function props(ipv6: boolean): Partial<PortwayFleetProps> {
  const { zoneId: hostedZoneId } = team;
  const id = `Zone${scope.node.children.length}`;
  return {
    ...(ipv6 ? { ipv6 } : {}),
    forwards: {
      web: Forward.http({ listen: 80, to: '10.0.9.10:8080', limits: { requestsPerSecond: 20 }, proxyProtocol }),
      plain: Forward.tcp({ listen: 81, to: '10.0.9.10:8081', engine: 'iptables' }),
    },
    dns: {
      zone: route53.HostedZone.fromHostedZoneAttributes(scope, id, { hostedZoneId, zoneName: 'example.com' }),
      names: ['www.example.com'],
    },
  };
}

const balancer = async () => {
  const text = await lab.elb('DescribeLoadBalancers');
  return { type: values(text, 'IpAddressType'), addresses: values(text, 'IPv6Address') };
};

async function verified(): Promise<Verified | undefined> {
  const { stdout, stderr } = await lab.portway(['verify', 'Fleet', '--no-probe', '--json'], props(true));
  if (stdout === '') throw new Error(stderr);
  expect(schemaErrors('verify', stdout)).toEqual([]);
  return (JSON.parse(stdout) as Record<string, Verified>).Fleet;
}

test('is turned on while the fleet serves: the hosts stay, and the balancer has an address of each subnet', async () => {
  await lab.deploy(props(false));
  const hosts = await lab.ids();
  expect(await balancer()).toEqual({ type: ['ipv4'], addresses: [] });
  expect(await team.records()).not.toContain('AAAA');
  const against = await lab.portway(['plan', 'Fleet', '--against', 'deployed'], props(true));
  expect(against.stdout).toContain('In all: nothing. No host is touched. The address stays.');
  await lab.deploy(props(true));
  expect(await lab.ids()).toEqual(hosts);
  expect(await lab.targets()).toEqual({ 80: hosts, 81: hosts });
  const { type, addresses } = await balancer();
  expect(type).toEqual(['dualstack']);
  expect(addresses).toHaveLength(2);
  for (const one of addresses) expect(one).toMatch(/^2001:db8:12/);
  expect(await team.records()).toMatch(/<Type>AAAA<\/Type>/);
});

test('portway verify tells its addresses, and finds what keeps clients of IPv6 away', async () => {
  const { addresses } = await balancer();
  const told = await verified();
  expect(told?.differences).toEqual([]);
  expect(told?.fleet?.ipv6Addresses).toEqual(addresses);

  const client = ec2Client(lab.endpoint);
  const { NetworkAcls = [] } = await client.send(new DescribeNetworkAclsCommand({}));
  const entries = NetworkAcls.map(({ NetworkAclId }) => ({ NetworkAclId, RuleNumber: 50, Egress: false }));
  const refusing = { Protocol: '6', RuleAction: 'deny', Ipv6CidrBlock: '::/0' } as const;
  for (const one of entries) await client.send(new CreateNetworkAclEntryCommand({ ...one, ...refusing }));
  const refused = (await verified())?.differences ?? [];
  // Two ports of two subnets.
  expect(refused).toHaveLength(4);
  for (const line of refused)
    expect(line).toMatch(/^the network ACL acl-\w+ of subnet-\w+ must let tcp 8[01] in from ::\/0, and does not$/);
  for (const one of entries) await client.send(new DeleteNetworkAclEntryCommand(one));
  client.destroy();

  const [LoadBalancerArn = ''] = values(await lab.elb('DescribeLoadBalancers'), 'LoadBalancerArn');
  await lab.elb('SetIpAddressType', { LoadBalancerArn, IpAddressType: 'ipv4' });
  expect((await verified())?.differences).toEqual(['IpAddressType of the balancer must be dualstack, got: ipv4']);
  await lab.elb('SetIpAddressType', { LoadBalancerArn, IpAddressType: 'dualstack' });
  expect((await verified())?.differences).toEqual([]);
});

test('is turned off again, and destroy leaves nothing', async () => {
  const hosts = await lab.ids();
  await lab.deploy(props(false));
  expect(await lab.ids()).toEqual(hosts);
  expect(await balancer()).toEqual({ type: ['ipv4'], addresses: [] });
  expect(await team.records()).not.toContain('AAAA');
  lab.hosts.behave(() => undefined);
  await lab.destroy();
  expect(await lab.everything()).toEqual(before);
});

test('subnets of a team that have none fail at the deploy, in words that name one', async () => {
  const vpc = ec2.Vpc.fromVpcAttributes(scope, 'Vpc', {
    ...{ vpcId: team.vpcId, publicSubnetIds: [...team.subnetIds], vpcCidrBlock: '10.1.0.0/16' },
    availabilityZones: ['us-east-1a', 'us-east-1b', 'us-east-1c'],
  });
  expect(await lab.refused({ ...props(true), vpc })).toMatch(
    new RegExp(`The subnet '${team.subnetIds[0]}' must have an associated IPv6 CIDR block and a route for it`),
  );
});
