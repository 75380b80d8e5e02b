import { App, Aspects, aws_ec2 as ec2, aws_iam as iam, Stack, Tags } from 'aws-cdk-lib';
import { Match, Template } from 'aws-cdk-lib/assertions';
import { checkFleet } from '../../lib/check-fleet';
import { Forward } from '../../lib/forward/forward';
import { PortwayFleet } from '../../lib/portway-fleet';
import type { PortwayFleetProps } from '../../lib/portway-fleet-props';
import { CANONICAL_FLEETS, ofType, problems, SMALL, synthesizeFleet } from '../support/fleet';

const existing = CANONICAL_FLEETS['fleet-existing'] as NonNullable<(typeof CANONICAL_FLEETS)[string]>;
const { template } = synthesizeFleet(existing);

describe('dns', () => {
  test("names lead to the balancer's name, not to addresses", () => {
    const [[balancer = ''] = []] = ofType(template, 'AWS::ElasticLoadBalancingV2::LoadBalancer');
    const records = ofType(template, 'AWS::Route53::RecordSet').map(([, { Properties }]) => Properties);
    expect(records).toEqual(
      ['www.example.com', '*.apps.example.com'].map((Name) => ({
        ...{ Name, Type: 'A', HostedZoneId: 'Z0123456789ABCDEFGHIJ' },
        AliasTarget: {
          DNSName: { 'Fn::GetAtt': [balancer, 'DNSName'] },
          HostedZoneId: { 'Fn::GetAtt': [balancer, 'CanonicalHostedZoneID'] },
        },
      })),
    );
  });

  test('is checked as on a single gateway', () => {
    expect(problems({ dns: { ...existing().dns, names: ['www.example.org'] } })).toEqual([
      'dns.names[0] must be in the zone example.com, got: www.example.org',
    ]);
  });
});

const ENV = { account: '123456789012', region: 'eu-central-1' };
const team = new Stack(new App(), 'Team', { env: ENV });

const PROXIED = {
  web: Forward.http({ listen: 80, to: '10.0.9.1:8080', proxyProtocol: { accept: 'balancer' } }),
};

/** A VPC with these public subnets, each in a zone. */
function vpcOf(zones: readonly string[], vpcCidrBlock?: string): ec2.IVpc {
  const id = `${team.node.children.length}`;
  return ec2.Vpc.fromVpcAttributes(team, `Vpc${id}`, {
    vpcId: 'vpc-1',
    ...(vpcCidrBlock === undefined ? {} : { vpcCidrBlock }),
    availabilityZones: [...new Set(zones)],
    publicSubnetIds: [...new Set(zones)].map((zone) => `subnet-${zone}`),
    publicSubnetRouteTableIds: [...new Set(zones)].map(() => 'rtb-1'),
  });
}

const subnet = (id: string, more: Partial<ec2.SubnetAttributes> = {}) =>
  ec2.Subnet.fromSubnetAttributes(team, `Subnet${team.node.children.length}`, {
    ...{ subnetId: id, routeTableId: 'rtb-1', ...more },
  });

const insideOnly = ec2.Vpc.fromVpcAttributes(team, 'InsideOnly', {
  ...{
    vpcId: 'vpc-2',
    availabilityZones: ['a'],
    isolatedSubnetIds: ['subnet-i'],
    isolatedSubnetRouteTableIds: ['rtb-2'],
  },
});

describe('an existing VPC', () => {
  test('takes balancer and hosts into one public subnet a zone, and hosts ask for an address', () => {
    const [[, balancer] = []] = ofType(template, 'AWS::ElasticLoadBalancingV2::LoadBalancer');
    const mappings = balancer?.Properties.SubnetMappings as readonly { readonly SubnetId: string }[];
    expect(mappings.map(({ SubnetId }) => SubnetId)).toEqual(['subnet-1a2b3c01', 'subnet-1a2b3c03']);
    const [[, group] = []] = ofType(template, 'AWS::AutoScaling::AutoScalingGroup');
    expect(group?.Properties.VPCZoneIdentifier).toEqual(['subnet-1a2b3c01', 'subnet-1a2b3c03']);
    const [[, launch] = []] = ofType(template, 'AWS::EC2::LaunchTemplate');
    expect(launch?.Properties.LaunchTemplateData).toMatchObject({
      NetworkInterfaces: [
        {
          AssociatePublicIpAddress: true,
          Groups: [{ 'Fn::GetAtt': [expect.stringMatching(/^FleetFirewall/), 'GroupId'] }, 'sg-1a2b3c4d'],
        },
      ],
    });
    expect(ofType(template, 'AWS::EC2::VPC')).toEqual([]);
  });

  test('is used in as many zones as the fleet has, the first subnet of each', () => {
    const vpc = vpcOf(['a', 'b', 'c']);
    const of = (more: object) => checkFleet({ ...SMALL, vpc, ...more }).network.subnets?.map((one) => one.subnetId);
    expect(of({})).toEqual(['subnet-a', 'subnet-b']);
    expect(of({ capacity: { min: 3, max: 6, zones: 3 } })).toEqual(['subnet-a', 'subnet-b', 'subnet-c']);
    expect(of({ vpcSubnets: { availabilityZones: ['b', 'c'] } })).toEqual(['subnet-b', 'subnet-c']);
    const doubled = ['a', 'a', 'b'].map((availabilityZone, i) => subnet(`subnet-${i}`, { availabilityZone }));
    expect(of({ vpcSubnets: { subnets: doubled } })).toEqual(['subnet-0', 'subnet-2']);
  });

  test("lets hosts believe the balancer's subnets alone, or the VPC's range where theirs are not known", () => {
    const vpc = vpcOf(['a', 'b']);
    const believed = (more: object) => {
      const [web] = checkFleet({ ...SMALL, forwards: PROXIED, vpc, ...more }).forwards;
      return web !== undefined && 'trustedProxies' in web
        ? web.trustedProxies?.from.map(({ text }) => text)
        : undefined;
    };
    const known = ['a', 'b'].map((zone, i) =>
      subnet(`subnet-${zone}`, { availabilityZone: zone, ipv4CidrBlock: `172.31.${i}.0/24` }),
    );
    expect(believed({ vpcSubnets: { subnets: known } })).toEqual(['172.31.0.0/24', '172.31.1.0/24']);
    expect(believed({ vpc: vpcOf(['a', 'b'], '172.31.0.0/16') })).toEqual(['172.31.0.0/16']);
  });

  test.each<[string, () => object, RegExp]>([
    [
      'with public subnets in fewer zones',
      () => ({ vpc: vpcOf(['a']) }),
      /^vpc must have public subnets in 2 zones, as capacity\.zones says: make one .*, got: subnets in 1$/,
    ],
    ['without public subnets', () => ({ vpc: insideOnly }), /^vpc must have a public subnet, got one with none$/],
    [
      'with chosen subnets in fewer zones',
      () => ({ vpc: vpcOf(['a', 'b']), vpcSubnets: { availabilityZones: ['a'] } }),
      /^vpcSubnets must have public subnets in 2 zones, .* got: subnets in 1$/,
    ],
    [
      'with a subnet of unknown zone',
      () => ({
        vpc: vpcOf(['a', 'b']),
        vpcSubnets: { subnets: [subnet('s-1'), subnet('s-2', { availabilityZone: 'b' })] },
      }),
      /^vpcSubnets must choose subnets whose zones are known at synth/,
    ],
    [
      'with blocked networks that its balancer may ask from',
      () => ({ vpc: vpcOf(['a', 'b']), blocked: ['192.168.0.0/16'] }),
      /^blocked must leave out private networks on a fleet in a VPC whose range is not known at synth: .*vpcCidrBlock, got: 192\.168\.0\.0\/16$/,
    ],
    [
      'of unknown range, where its balancer names the clients',
      () => ({ vpc: vpcOf(['a', 'b']), forwards: PROXIED }),
      /^forwards\.web\.proxyProtocol\.accept must not be 'balancer' in a VPC whose range is not known at synth, .*vpcCidrBlock, got: balancer$/,
    ],
    ['of another kind', () => ({ vpc: 'vpc-1' }), /^vpc must be a VPC of the CDK/],
    ['for groups alone', () => ({ securityGroups: existing().securityGroups }), /^securityGroups must go with vpc/],
  ])('is refused %s', (_, more, expected) => {
    const found = problems(more());
    expect(found).toHaveLength(1);
    expect(found[0]).toMatch(expected);
  });

  test('is refused with a private subnet among those that are chosen', () => {
    const vpc = new ec2.Vpc(team, 'Made', {
      availabilityZones: ['a', 'b'],
      natGateways: 0,
      subnetConfiguration: [
        { name: 'Public', subnetType: ec2.SubnetType.PUBLIC },
        { name: 'Inside', subnetType: ec2.SubnetType.PRIVATE_ISOLATED },
      ],
    });
    const subnets = [vpc.publicSubnets[0], vpc.isolatedSubnets[1]];
    expect(problems({ vpc, vpcSubnets: { subnets } })).toEqual([
      expect.stringMatching(/^vpcSubnets must choose public subnets alone: .*got: Team\/Made\/InsideSubnet2$/),
    ]);
    // Ranges of subnets in the app are known, and so are those that are not the VPC's.
    expect(problems({ vpc, blocked: ['192.168.0.0/16', '10.0.0.0/24'] })).toEqual([
      expect.stringMatching(
        /^blocked must leave out 10\.0\.0\.0\/18, 10\.0\.64\.0\/18 on a fleet: .*got: 10\.0\.0\.0\/24$/,
      ),
    ]);
  });

  test('that has yet to be looked up is taken as it is, however many zones its dummy has', () => {
    const app = new App();
    const network = new Stack(app, 'Network', { env: ENV });
    const vpc = ec2.Vpc.fromLookup(network, 'Vpc', { vpcId: 'vpc-0123456789abcdef0' });
    const props = { ...SMALL, vpc, capacity: { min: 3, max: 6, zones: 3 }, vpcSubnets: { availabilityZones: ['x'] } };
    const fleet = new PortwayFleet(app, 'Fleet', { ...props, env: ENV } as PortwayFleetProps);
    expect(fleet.network.subnets).toHaveLength(3);
    const { missing } = app.synth().manifest;
    expect(missing?.map(({ provider }) => provider)).toEqual(['vpc-provider']);
  });
});

describe('a role', () => {
  test('gets the rights of the hosts, which wait for them, and no other role is made', () => {
    expect(ofType(template, 'AWS::IAM::Role')).toEqual([]);
    const [[policy = '', given] = []] = ofType(template, 'AWS::IAM::Policy');
    expect(given?.Properties.Roles).toEqual(['team-gateway']);
    expect(JSON.stringify(given?.Properties)).toMatch(/ssm:GetParameters.*cloudformation:SignalResource/);
    const [[, group] = []] = ofType(template, 'AWS::AutoScaling::AutoScalingGroup');
    expect(group?.DependsOn).toContain(policy);
    const [[, profile] = []] = ofType(template, 'AWS::IAM::InstanceProfile');
    expect(profile?.Properties.Roles).toEqual(['team-gateway']);
  });

  test('that must not change is left alone', () => {
    const role = iam.Role.fromRoleArn(team, 'Fixed', 'arn:aws:iam::123456789012:role/fixed', { mutable: false });
    const made = synthesizeFleet(() => ({ ...SMALL, role })).template;
    expect(ofType(made, 'AWS::IAM::Policy')).toEqual([]);
  });

  test("of another stack's gets the rights in the fleet's", () => {
    const app = new App();
    const access = new Stack(app, 'Access');
    const role = new iam.Role(access, 'Role', { assumedBy: new iam.ServicePrincipal('ec2.amazonaws.com') });
    const fleet = new PortwayFleet(app, 'Fleet', { ...SMALL, role });
    expect(fleet.fleet.grantPrincipal).toBe(role);
    app.synth();
    Template.fromStack(access).resourceCountIs('AWS::IAM::Policy', 0);
    Template.fromStack(fleet).resourceCountIs('AWS::IAM::Policy', 1);
  });
});

test("a company's tags, permissions boundary and aspects reach hosts and role", () => {
  const made = (change: (fleet: PortwayFleet) => void) => {
    const fleet = new PortwayFleet(new App(), 'Fleet', SMALL);
    change(fleet);
    return Template.fromStack(fleet);
  };
  const plain = made(() => {});
  const company = made((fleet) => {
    Tags.of(fleet).add('cost-center', 'edge');
    const policy = iam.ManagedPolicy.fromManagedPolicyName(fleet, 'Boundary', 'developers');
    iam.PermissionsBoundary.of(fleet).apply(policy as iam.IManagedPolicy);
    Aspects.of(fleet).add({
      visit(node) {
        if (node instanceof ec2.CfnLaunchTemplate)
          node.addPropertyOverride('LaunchTemplateData.Placement', { Tenancy: 'dedicated' });
      },
    });
  });
  company.allResourcesProperties('AWS::IAM::Role', { PermissionsBoundary: Match.anyValue() });
  company.hasResourceProperties('AWS::AutoScaling::AutoScalingGroup', {
    Tags: Match.arrayWith([{ Key: 'cost-center', Value: 'edge', PropagateAtLaunch: true }]),
  });
  const pointer = (one: Template) =>
    /\/portway\/Fleet\/[0-9a-f]{16}\/now/.exec(JSON.stringify(one.findResources('AWS::SSM::Parameter')))?.[0];
  // A machine that an aspect changes has hosts of its own, which must not see what was meant for others.
  expect(pointer(company)).toMatch(/./);
  expect(pointer(company)).not.toBe(pointer(plain));
});
