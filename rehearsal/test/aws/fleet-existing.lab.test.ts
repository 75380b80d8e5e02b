import {
  AuthorizeSecurityGroupIngressCommand,
  DescribeInstancesCommand,
  DescribeSecurityGroupsCommand,
  RevokeSecurityGroupIngressCommand,
} from '@aws-sdk/client-ec2';
import { App, aws_ec2 as ec2, aws_iam as iam, aws_route53 as route53, Stack } from 'aws-cdk-lib';
import { Forward } from '../../../lib/forward/forward';
import type { Verified } from '../../../lib/operate/verified';
import type { PortwayFleetProps } from '../../../lib/portway-fleet-props';
import { schemaErrors } from '../../../test/support/json-schema';
import { ec2Client } from '../../src/aws/client';
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
  before = await lab.everything();
  lab.hosts.start();
});

afterAll(() => lab?.stop());

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
    eips: team.eips,
    dns: {
      zone: route53.HostedZone.fromHostedZoneAttributes(scope, 'Zone', {
        ...{ hostedZoneId: team.zoneId, zoneName: 'example.com' },
      }),
      names: ['www.example.com'],
    },
    monitoring: {
      prometheus: { from: ['10.1.9.0/24'] },
      cloudWatch: { level: 'forwards' },
      logs: { access: true },
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
  const made = (await lab.everything()).filter((one) => !before.includes(one));
  expect(made.filter((one) => one.startsWith('log group'))).toEqual([
    'log group /portway/Fleet',
    'log group /portway/Fleet/logs',
  ]);
  for (const one of ['Zone1', 'Zone2', 'Unhealthy', 'BelowMin', 'Rejected', 'Silent'].map(
    (name) => `FleetWatch${name}`,
  ))
    expect(made.filter((there) => there.includes(one))).toHaveLength(1);
  const [name = ''] = values(await lab.elb('DescribeLoadBalancers'), 'DNSName');
  const records = await team.records();
  expect(records).toContain('<Name>www.example.com.</Name>');
  expect(records).toMatch(new RegExp(`<AliasTarget>.*<DNSName>${name}\\.?</DNSName>`, 's'));
});

/** What `portway verify` finds wrong. */
async function differences(): Promise<readonly string[]> {
  const { code, stdout, stderr } = await lab.portway(['verify', 'Fleet', '--no-probe', '--json'], props());
  if (stdout === '') throw new Error(stderr);
  expect(schemaErrors('verify', stdout)).toEqual([]);
  const { Fleet: told } = JSON.parse(stdout) as Record<string, Verified>;
  expect(code).toBe(told?.differences.length === 0 ? 0 : 1);
  return told?.differences ?? ['nothing is told of the fleet'];
}

test('portway verify finds nothing wrong with it, and leaves a group of the team to the team', async () => {
  const { Fleet: told } = JSON.parse(
    (await lab.portway(['verify', 'Fleet', '--no-probe', '--json'], props())).stdout,
  ) as Record<string, Verified>;
  expect(Object.keys(told?.fleet?.hosts ?? {}).toSorted()).toEqual(await lab.ids());
  expect(told?.fleet?.addresses).toEqual(team.eips.map(({ publicIp }) => publicIp));
  expect(await differences()).toEqual([]);
  await rule(
    new AuthorizeSecurityGroupIngressCommand({ GroupId: team.groupId, IpPermissions: [metricsFrom('10.1.0.0/16')] }),
  );
  expect(await differences()).toEqual([]);
  await rule(
    new RevokeSecurityGroupIngressCommand({ GroupId: team.groupId, IpPermissions: [metricsFrom('10.1.0.0/16')] }),
  );
});

test('portway verify finds the metrics closed, and opened to others', async () => {
  const client = ec2Client(lab.endpoint);
  const { SecurityGroups = [] } = await client.send(new DescribeSecurityGroupsCommand({}));
  client.destroy();
  const own = SecurityGroups.find(({ IpPermissions = [] }) => IpPermissions.some(({ FromPort }) => FromPort === 9464));
  const there = own?.IpPermissions?.find(({ FromPort }) => FromPort === 9464);
  if (own?.GroupId === undefined || there === undefined) throw new Error('a group must admit who reads metrics');
  const ofHosts = { GroupId: own.GroupId, IpPermissions: [there] };
  await rule(new RevokeSecurityGroupIngressCommand(ofHosts));
  const wide = { GroupId: own.GroupId, IpPermissions: [metricsFrom('0.0.0.0/0')] };
  await rule(new AuthorizeSecurityGroupIngressCommand(wide));
  const found = await differences();
  expect(found).toEqual([
    expect.stringMatching(/^the hosts' security group (lets|must let) tcp 9464 through from /),
    expect.stringMatching(/^the hosts' security group (lets|must let) tcp 9464 through from /),
  ]);
  expect(found.join()).toContain('10.1.9.0/24');
  expect(found.join()).toContain('0.0.0.0/0');
  await rule(new RevokeSecurityGroupIngressCommand(wide));
  await rule(new AuthorizeSecurityGroupIngressCommand(ofHosts));
  expect(await differences()).toEqual([]);
});

const metricsFrom = (CidrIp: string) => ({
  ...{ IpProtocol: 'tcp', FromPort: 9464, ToPort: 9464 },
  IpRanges: [{ CidrIp }],
});

async function rule(command: AuthorizeSecurityGroupIngressCommand | RevokeSecurityGroupIngressCommand): Promise<void> {
  const client = ec2Client(lab.endpoint);
  await client.send(command as AuthorizeSecurityGroupIngressCommand);
  client.destroy();
}

test('destroy leaves what the team had, and nothing else', async () => {
  lab.hosts.behave(() => undefined);
  await lab.destroy();
  expect(await lab.everything()).toEqual(before);
  expect(await team.records()).not.toContain('www.example.com');
});
