import { App, aws_ec2 as ec2, Stack } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import { Forward } from '../../lib/forward/forward';
import { NO_SETTINGS } from '../../lib/forward/gateway-settings';
import { resolveForwardsOrThrow } from '../../lib/forward/resolve';
import { hostContent } from '../../lib/host/host-content';
import { OPERATING_SYSTEMS } from '../../lib/host/operating-system';
import { PortwayStack } from '../../lib/portway-stack';
import type { PortwayStackProps } from '../../lib/portway-stack-props';
import { featureFlags } from '../snapshots/synthesize';

const base: PortwayStackProps = {
  adminCidr: '203.0.113.7/32',
  keyPairName: 'team',
  engine: 'iptables',
  forwards: { web: Forward.tcp({ listen: 80, to: 8080 }) },
};
const from = ['10.0.0.0/16'];

/** An app with its own VPC, with public and private subnets in two zones. */
function team(privateType: ec2.SubnetType = ec2.SubnetType.PRIVATE_ISOLATED) {
  const app = new App({ context: featureFlags() });
  const vpc = new ec2.Vpc(new Stack(app, 'Net'), 'Vpc', {
    ipAddresses: ec2.IpAddresses.cidr('10.0.0.0/16'),
    maxAzs: 2,
    natGateways: privateType === ec2.SubnetType.PRIVATE_WITH_EGRESS ? 1 : 0,
    restrictDefaultSecurityGroup: false,
    subnetConfiguration: [
      { name: 'Public', subnetType: ec2.SubnetType.PUBLIC, cidrMask: 24 },
      { name: 'Private', subnetType: privateType, cidrMask: 24 },
    ],
  }) as ec2.IVpc;
  return { app, vpc };
}

/** A gateway in that VPC; `subnets` picks the egress subnets. */
function create(
  subnets: (vpc: ec2.IVpc) => readonly ec2.ISubnet[],
  props: Partial<PortwayStackProps> = {},
  { app, vpc } = team(),
) {
  return new PortwayStack(app, 'Portway', { ...base, vpc, egress: { from, subnets: subnets(vpc) }, ...props });
}

const imported = (id: string, attributes: Partial<ec2.SubnetAttributes> = {}) =>
  ec2.Subnet.fromSubnetAttributes(new Stack(new App(), id), id, { subnetId: `subnet-${id}`, ...attributes });

/** The routes to the host, with their ids. */
function routes(stack: PortwayStack): string[] {
  const found = Template.fromStack(stack).findResources('AWS::EC2::Route');
  return Object.values(found)
    .map((r) => r.Properties)
    .filter((p) => p.InstanceId !== undefined)
    .map((p) => `${p.DestinationCidrBlock ?? p.DestinationIpv6CidrBlock} in ${JSON.stringify(p.RouteTableId)}`)
    .sort();
}

describe('routes', () => {
  const two = () => [
    imported('A', { routeTableId: 'rtb-a', ipv4CidrBlock: '10.0.1.0/24' }),
    imported('B', { routeTableId: 'rtb-b', ipv4CidrBlock: '10.0.2.0/24' }),
  ];

  test('exist once per route table', () => {
    const stack = create(() => [...two(), imported('C', { routeTableId: 'rtb-b' })]);
    expect(routes(stack)).toEqual(['0.0.0.0/0 in "rtb-a"', '0.0.0.0/0 in "rtb-b"']);
  });

  test('exist for subnets of the same app', () => {
    expect(routes(create((vpc) => vpc.isolatedSubnets))).toHaveLength(2);
  });

  test('include IPv6 only for egress of IPv6 networks', () => {
    const six = create(two, { ipv6: true, egress: { from: [...from, '2001:db8::/56'], subnets: two() } });
    expect(routes(six)).toEqual(['0.0.0.0/0', '::/0'].flatMap((d) => [`${d} in "rtb-a"`, `${d} in "rtb-b"`]));
    expect(routes(create(two, { ipv6: true }))).toHaveLength(2);
  });

  test('keep their ids when a subnet is removed: a recreated route would collide with the old one', () => {
    const ids = (stack: PortwayStack) =>
      Object.entries(Template.fromStack(stack).findResources('AWS::EC2::Route'))
        .filter(([, r]) => r.Properties.RouteTableId === 'rtb-b')
        .map(([id]) => id);
    expect(ids(create(() => two().slice(1)))).toEqual(ids(create(two)));
  });

  test("addEgressSubnets adds subnets that are created later in the stack's own VPC", () => {
    const stack = new PortwayStack(new App({ context: featureFlags() }), 'Portway', { ...base, egress: { from } });
    const subnet = new ec2.Subnet(stack, 'Inside', {
      vpcId: stack.network.vpc.vpcId,
      availabilityZone: stack.network.subnet.availabilityZone,
      cidrBlock: '10.0.100.0/24',
      mapPublicIpOnLaunch: false,
    });
    expect(() => stack.addEgressSubnets(subnet, stack.network.subnet)).toThrow(
      /^addEgressSubnets\[1\] must not be the gateway's own/,
    );
    stack.addEgressSubnets(subnet);
    expect(routes(stack)).toEqual([expect.stringMatching(/^0\.0\.0\.0\/0 in {"Ref":"InsideRouteTable/)]);
  });
});

test('the security group allows everything from private networks, and everything out', () => {
  const template = Template.fromStack(create((vpc) => vpc.isolatedSubnets));
  template.hasResourceProperties('AWS::EC2::SecurityGroupIngress', {
    CidrIp: '10.0.0.0/16',
    Description: 'egress',
    IpProtocol: '-1',
  });
  const [group] = Object.values(template.findResources('AWS::EC2::SecurityGroup'));
  expect(group?.Properties.SecurityGroupEgress).toEqual([
    { CidrIp: '0.0.0.0/0', Description: 'Allow all outbound traffic by default', IpProtocol: '-1' },
  ]);
});

test('a gateway with only nginx forwards gets the rules and routes too', () => {
  const forwards = resolveForwardsOrThrow({ forwards: { web: Forward.http({ listen: 80, to: 8080 }) } });
  const settings = { ...NO_SETTINGS, egress: [{ text: '10.0.0.0/16', family: 4 } as const] };
  const { files } = hostContent({ forwards, settings, os: OPERATING_SYSTEMS['debian-13'] });
  const text = (path: string) => files.find((f) => f.path === path)?.text;
  expect(text('/etc/portway/iptables.rules')).toContain('-s 10.0.0.0/16 -j MASQUERADE');
  expect(text('/etc/sysctl.d/90-portway.conf')).toContain('net.ipv4.ip_forward');
  expect(text('/etc/sysctl.d/91-portway-ipv6.conf')).toBeUndefined();
});

test('without a topic the alarms act, and notify nobody', () => {
  const alarms = Template.fromStack(create((vpc) => vpc.isolatedSubnets)).findResources('AWS::CloudWatch::Alarm');
  expect(Object.values(alarms).map((a) => [a.Properties.AlarmActions.length, a.Properties.OKActions])).toEqual([
    [1, undefined],
    [1, undefined],
  ]);
});

describe('mistakes', () => {
  test.each<[string, () => unknown, RegExp]>([
    [
      'an empty list of subnets',
      () => create(() => []),
      /^egress\.subnets must hold at least one subnet, or be left out$/,
    ],
    [
      "subnets, but the stack's own VPC",
      () =>
        new PortwayStack(new App(), 'Portway', {
          ...base,
          egress: { from, subnets: [imported('A', { routeTableId: 'rtb-a' })] },
        }),
      /^egress\.subnets must go with vpc: the stack's own has no other subnets yet/,
    ],
    [
      "the gateway's own subnet",
      () => create((vpc) => vpc.publicSubnets.slice(0, 1)),
      /^egress\.subnets\[0\] must not be the gateway's own: its way out is the internet gateway, got: Net\/Vpc\/PublicSubnet1$/,
    ],
    [
      'another public subnet',
      () => create((vpc) => vpc.publicSubnets.slice(1)),
      /^egress\.subnets\[0\] must have no default route of its own: make it SubnetType\.PRIVATE_ISOLATED/,
    ],
    [
      'a subnet with a NAT gateway',
      () => create((vpc) => vpc.privateSubnets.slice(0, 1), {}, team(ec2.SubnetType.PRIVATE_WITH_EGRESS)),
      /^egress\.subnets\[0\] must have no default route of its own/,
    ],
    [
      'a subnet without its route table',
      () => create(() => [imported('A')]),
      /^egress\.subnets\[0\] must know its route table: give routeTableId to Subnet\.fromSubnetAttributes, got: A\/A$/,
    ],
    [
      'a subnet outside egress.from',
      () => create(() => [imported('A', { routeTableId: 'rtb-a', ipv4CidrBlock: '10.1.0.0/24' })]),
      /^egress\.subnets\[0\] must lie within egress\.from \(10\.0\.0\.0\/16\), or its packets are not let out, got: 10\.1\.0\.0\/24$/,
    ],
    [
      'subnets by hand, without egress',
      () => new PortwayStack(new App(), 'Portway', base).addEgressSubnets(imported('A')),
      /^addEgressSubnets must go with egress/,
    ],
  ])('%s', (_what, act, message) => {
    expect(act).toThrow(message);
  });

  test('are reported together with all others', () => {
    const { app, vpc } = team();
    const egress = { from: ['0.0.0.0/0'], subnets: vpc.publicSubnets.slice(0, 1) };
    expect(() => new PortwayStack(app, 'Portway', { ...base, vpc, egress, blocked: [] })).toThrow(
      /^3 problems:\n {2}- blocked .*\n {2}- egress\.from must not be everyone.*\n {2}- egress\.subnets\[0\] /,
    );
  });
});
