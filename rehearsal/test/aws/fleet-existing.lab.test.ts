import { DescribeInstancesCommand } from '@aws-sdk/client-ec2';
import { App, aws_ec2 as ec2, aws_iam as iam, aws_route53 as route53, Stack } from 'aws-cdk-lib';
import { Forward } from '../../../lib/forward/forward';
import type { PortwayFleetProps } from '../../../lib/portway-fleet-props';
import { ec2Client } from '../../src/aws/client';
import { inventory } from '../../src/aws/inventory';
import { values } from '../../src/aws/other-inventory';
import { FleetLab } from '../support/fleet-lab';
import { makeTeam, type Team } from '../support/fleet-team';

/*
 * A fleet beside what a team has already, and with all that tells of it, through the real CLI.
 */
jest.setTimeout(300_000);

const tcp = (listen: number) => Forward.tcp({ listen, to: '10.1.9.10:8080', engine: 'iptables' });

let lab: FleetLab;
let team: Team;
let before: readonly string[];

beforeAll(async () => {
  lab = await FleetLab.start();
  team = await makeTeam(lab.endpoint);
  before = await everything();
  lab.hosts.start();
});

afterAll(() => lab?.stop());

const everything = async () => [...(await inventory(lab.endpoint)), ...(await lab.balancing())];

function props(): Partial<PortwayFleetProps> {
  const scope = new Stack(new App(), 'Team');
  return {
    forwards: { web: tcp(80) },
    vpc: ec2.Vpc.fromVpcAttributes(scope, 'Vpc', {
      ...{ vpcId: team.vpcId, publicSubnetIds: [...team.subnetIds] },
      publicSubnetRouteTableIds: team.subnetIds.map(() => 'rtb-1'),
      availabilityZones: ['us-east-1a', 'us-east-1b', 'us-east-1c'],
    }),
    vpcSubnets: { availabilityZones: ['us-east-1b', 'us-east-1c'] },
    securityGroups: [ec2.SecurityGroup.fromSecurityGroupId(scope, 'Monitoring', team.groupId)],
    role: iam.Role.fromRoleName(scope, 'Role', team.roleName),
    dns: {
      zone: route53.HostedZone.fromHostedZoneAttributes(scope, 'Zone', {
        ...{ hostedZoneId: team.zoneId, zoneName: 'example.com' },
      }),
      names: ['www.example.com'],
    },
    monitoring: {
      prometheus: { from: ['10.1.9.0/24'] },
      cloudWatch: { level: 'forwards' },
      ...{ alarms: { email: 'ops@example.com' }, dashboard: true },
    },
  };
}

test('balancer and hosts are in the chosen subnets, and the name leads to the balancer', async () => {
  await lab.deploy(props());
  const all = await lab.hosts.all();
  expect(all.map(({ subnet }) => subnet).toSorted()).toEqual(team.subnetIds.slice(1).toSorted());
  const client = ec2Client(lab.endpoint);
  const { Reservations = [] } = await client.send(
    new DescribeInstancesCommand({ InstanceIds: all.map(({ id }) => id) }),
  );
  client.destroy();
  const hosts = Reservations.flatMap(({ Instances = [] }) => Instances);
  expect(hosts).toHaveLength(2);
  for (const { SecurityGroups = [], IamInstanceProfile } of hosts) {
    expect(SecurityGroups.map(({ GroupId }) => GroupId)).toContain(team.groupId);
    expect(IamInstanceProfile).toBeDefined();
  }
  const made = (await everything()).filter((one) => !before.includes(one));
  for (const one of [
    'log group /portway/Fleet',
    ...['Zone1', 'Zone2', 'Unhealthy', 'BelowMin', 'Rejected', 'Silent'].map((name) => `FleetWatch${name}`),
  ])
    expect(made.filter((there) => there.includes(one))).toHaveLength(1);
  const [name = ''] = values(await lab.elb('DescribeLoadBalancers'), 'DNSName');
  const records = await team.records();
  expect(records).toContain('<Name>www.example.com.</Name>');
  expect(records).toMatch(new RegExp(`<AliasTarget>.*<DNSName>${name}\\.?</DNSName>`, 's'));
});

test('destroy leaves what the team had, and nothing else', async () => {
  lab.hosts.behave(() => undefined);
  await lab.destroy();
  expect(await everything()).toEqual(before);
  expect(await team.records()).not.toContain('www.example.com');
});
