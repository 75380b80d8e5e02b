import { App, aws_ec2 as ec2, Fn, aws_iam as iam, Lazy, aws_route53 as route53, Stack } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import { PortwayStack } from '../../lib/portway-stack';
import { base, problemsOf } from '../support/stack-problems';

const problems = (props: object) => problemsOf({ ...base, ...props });

describe('a VPC', () => {
  const stack = () => new Stack(new App(), 'Other');
  const list = (name: string, length?: number) => Fn.split(',', Fn.importValue(name), length);
  const imported = (length?: number) =>
    ec2.Vpc.fromVpcAttributes(stack(), 'Vpc', {
      vpcId: Fn.importValue('vpc'),
      availabilityZones: list('zones', length),
      publicSubnetIds: list('public', length),
      isolatedSubnetIds: list('isolated', length),
      isolatedSubnetRouteTableIds: list('tables', length),
    });
  const SENTENCE = `vpc must have lists of zones and subnets whose lengths are known at synth: give Fn.split its assumedLength, such as Fn.split(',', Fn.importValue('subnets'), 2), or use Fn.importListValue`;

  test('whose lists have no known length is reported once', () => {
    expect(problems({ vpc: imported() })).toEqual([SENTENCE]);
    expect(problems({ vpc: imported(2) })).toEqual([]);
  });

  test('is reported the same way for egress subnets', () => {
    const egress = (length?: number) => ({ from: ['10.0.0.0/16'], subnets: imported(length).isolatedSubnets });
    expect(problems({ vpc: imported(2), egress: egress() })).toEqual([
      expect.stringMatching(/^egress\.subnets\[0\] must be of a list whose length is known at synth: .*assumedLength/),
    ]);
    expect(problems({ vpc: imported(2), egress: egress(2) })).toEqual([]);
  });

  test('without a public subnet is reported with all other problems', () => {
    const vpc = ec2.Vpc.fromVpcAttributes(stack(), 'Vpc', { vpcId: 'vpc-1', availabilityZones: ['a'] });
    expect(problems({ vpc, diskGiB: 1, adminCidr: '::/0' })).toEqual([
      expect.stringContaining('adminCidr must not be everyone'),
      'vpc must have a public subnet, got one with none',
      'diskGiB must be a whole number of 8-16384, got: 1',
    ]);
  });
});

describe("a team's own things", () => {
  const scope = new Stack(new App(), 'Team');
  const vpc = ec2.Vpc.fromVpcAttributes(scope, 'Vpc', {
    vpcId: 'vpc-0123456789abcdef0',
    availabilityZones: ['eu-central-1a', 'eu-central-1b'],
    publicSubnetIds: ['subnet-1', 'subnet-2'],
    privateSubnetIds: ['subnet-3', 'subnet-4'],
  });
  const group = ec2.SecurityGroup.fromSecurityGroupId(scope, 'Group', 'sg-0123456789abcdef0');
  const zone = route53.HostedZone.fromHostedZoneAttributes(scope, 'Zone', {
    hostedZoneId: 'Z1',
    zoneName: 'example.com',
  });
  const nameless = route53.HostedZone.fromHostedZoneId(scope, 'Nameless', 'Z2');
  const role = iam.Role.fromRoleName(scope, 'Role', 'gateway');
  const eip = { allocationId: 'eipalloc-0123456789abcdef0', publicIp: '203.0.113.100' };
  const subnet = ec2.Subnet.fromSubnetId(scope, 'Subnet', 'subnet-5');
  const bare = ec2.Vpc.fromVpcAttributes(scope, 'Bare', { vpcId: 'vpc-1', availabilityZones: ['eu-central-1a'] });

  test.each([
    ['all of them', { vpc, vpcSubnets: { availabilityZones: ['eu-central-1b'] }, securityGroups: [group], eip, role }],
    ['a subnet of a VPC that names none', { vpc: bare, vpcSubnets: { subnets: [subnet] } }],
    ['a subnet by its kind', { vpc, vpcSubnets: { subnetType: ec2.SubnetType.PUBLIC } }],
    ['names in a zone', { dns: { zone, names: ['example.com', 'www.example.com', '*.apps.example.com'] } }],
    ['names in a zone known by its id', { dns: { zone: nameless, names: ['www.example.org'] } }],
    [
      'tokens',
      { eip: { allocationId: Lazy.string({ produce: () => 'x' }), publicIp: Lazy.string({ produce: () => 'y' }) } },
    ],
  ])('accepts %s', (_, props) => {
    expect(problems(props)).toEqual([]);
  });

  test.each([
    ['vpcSubnets alone', { vpcSubnets: {} }, 'vpcSubnets must go with vpc: '],
    ['no selection', { vpc, vpcSubnets: 'b' }, "vpcSubnets must be an object such as { availabilityZones: ['eu-"],
    ['a misspelt selection', { vpc, vpcSubnets: { zones: [] } }, 'vpcSubnets.zones must be one of availabilityZones, '],
    [
      'another zone',
      { vpc, vpcSubnets: { availabilityZones: ['eu-central-1c'] } },
      'vpcSubnets must choose a subnet of vpc, got none',
    ],
    ['an unknown group', { vpc, vpcSubnets: { subnetGroupName: 'Edge' } }, 'vpcSubnets must choose a subnet of vpc: '],
    [
      'private subnets',
      { vpc, vpcSubnets: { subnetType: ec2.SubnetType.PRIVATE_WITH_EGRESS } },
      'vpcSubnets must choose a public subnet: its way out is the internet gateway, got: Team/Vpc/PrivateSubnet1',
    ],
    ['groups without a VPC', { securityGroups: [group] }, 'securityGroups must go with vpc, '],
    [
      'no groups',
      { vpc, securityGroups: [] },
      'securityGroups must be a list of 1-15 security groups, or be left out, got: []',
    ],
    [
      'a group by its id',
      { vpc, securityGroups: ['sg-1'] },
      'securityGroups[0] must be a security group of the CDK, such as ',
    ],
    ['an address alone', { eip: '203.0.113.100' }, "eip must be an object such as { allocationId: 'eipalloc-"],
    [
      'half an address',
      { eip: { allocationId: eip.allocationId } },
      'eip.publicIp must be the IPv4 address of that allocation, ',
    ],
    [
      'a wrong allocation',
      { eip: { ...eip, allocationId: 'eip-1' } },
      'eip.allocationId must be an allocation id such as eipalloc-0123456789abcdef0, got: eip-1',
    ],
    [
      'IPv6',
      { eip: { ...eip, publicIp: '2001:db8::1' } },
      'eip.publicIp must be the IPv4 address of that allocation, ',
    ],
    [
      'a zone by its name',
      { dns: { zone: 'example.com', names: ['www.example.com'] } },
      'dns.zone must be a hosted zone of the CDK',
    ],
    [
      'no names',
      { dns: { zone, names: [] } },
      "dns.names must be a list of names such as ['www.example.com'], got: []",
    ],
    ['a short name', { dns: { zone, names: ['www'] } }, 'dns.names[0] must be in the zone example.com, got: www'],
    [
      'another zone',
      { dns: { zone, names: ['www.notexample.com'] } },
      'dns.names[0] must be in the zone example.com, got: ',
    ],
    [
      'a dot at the end',
      { dns: { zone, names: ['www.example.com.'] } },
      'dns.names[0] must be a full name in lower case, ',
    ],
    [
      'a name twice',
      { dns: { zone, names: ['example.com', 'example.com'] } },
      'dns.names[1] must not be listed twice, got: example.com',
    ],
    [
      'a role by its name',
      { role: 'gateway' },
      "role must be a role of the CDK, such as iam.Role.fromRoleName(this, 'Role', ",
    ],
  ])('refuses %s', (_, props, problem) => {
    expect(problems(props)).toEqual([expect.stringContaining(problem)]);
  });

  test('tells all that is wrong at once', () => {
    const wrong = { vpcSubnets: { subnetGroupName: 'x' }, securityGroups: [1], eip: {}, dns: {}, role: null };
    expect(problems({ ...wrong, adminCidr: '0.0.0.0/0' })).toHaveLength(9);
  });
});

describe('a looked-up VPC with egress subnets', () => {
  const env = { account: '123456789012', region: 'eu-central-1' };
  const from = ['10.0.0.0/16'];

  function synth(context: Record<string, unknown>): {
    readonly missing: readonly string[];
    readonly template: Template;
  } {
    const app = new App({ context });
    const shared = new Stack(app, 'Shared', { env });
    const vpc = ec2.Vpc.fromLookup(shared, 'Vpc', { vpcId: 'vpc-0123456789abcdef0' });
    const stack = new PortwayStack(app, 'Portway', {
      ...base,
      env,
      vpc,
      egress: { from, subnets: vpc.privateSubnets },
    });
    const missing = app.synth().manifest.missing ?? [];
    return { missing: missing.map(({ key }) => key), template: Template.fromStack(stack) };
  }

  const subnet = (id: string, cidr: string) => ({
    subnetId: `subnet-${id}`,
    availabilityZone: 'eu-central-1a',
    routeTableId: `rtb-${id}`,
    cidr,
  });
  const answer = (cidr: string) => ({
    vpcId: 'vpc-0123456789abcdef0',
    vpcCidrBlock: '10.0.0.0/16',
    ownerAccountId: env.account,
    availabilityZones: [],
    subnetGroups: [
      { name: 'Public', type: 'Public', subnets: [subnet('public', '10.0.0.0/24')] },
      { name: 'Private', type: 'Private', subnets: [subnet('private', cidr)] },
    ],
  });

  test("is pending on the first synth, with the CDK's dummy values", () => {
    expect(synth({}).missing).toEqual([expect.stringContaining('vpc-provider:account=123456789012')]);
  });

  test.each([
    ['none of a kind', (vpc: ec2.IVpc) => ({ egress: { from, subnets: vpc.isolatedSubnets } })],
    ['the first of none', (vpc: ec2.IVpc) => ({ egress: { from, subnets: [vpc.isolatedSubnets[0] as ec2.ISubnet] } })],
    ['those of a group', (vpc: ec2.IVpc) => ({ egress: { from, ...vpc.selectSubnets({ subnetGroupName: 'App' }) } })],
    ['a zone for the gateway', () => ({ vpcSubnets: { availabilityZones: ['eu-central-1b'] } })],
    ['a group for the gateway', () => ({ vpcSubnets: { subnetGroupName: 'Edge' } })],
  ])('dummy values are pending, not wrong: %s', (_, props) => {
    const app = new App();
    const vpc = ec2.Vpc.fromLookup(new Stack(app, 'Shared', { env }), 'Vpc', { vpcId: 'vpc-0123456789abcdef0' });
    const { egress, ...rest } = props(vpc) as { egress?: { from: string[]; subnets: ec2.ISubnet[] } };
    const way = egress === undefined ? {} : { egress: { from: egress.from, subnets: egress.subnets } };
    new PortwayStack(app, 'Portway', { ...base, env, vpc, ...rest, ...way });
    expect(app.synth().manifest.missing).toHaveLength(1);
  });

  test('is checked, and gets its route, on the second synth', () => {
    const [key = ''] = synth({}).missing;
    const { missing, template } = synth({ [key]: answer('10.0.1.0/24') });
    expect(missing).toEqual([]);
    template.hasResourceProperties('AWS::EC2::Route', { RouteTableId: 'rtb-private' });
    expect(() => synth({ [key]: answer('10.9.1.0/24') })).toThrow(/^egress\.subnets\[0\] must lie within egress\.from/);
  });
});
