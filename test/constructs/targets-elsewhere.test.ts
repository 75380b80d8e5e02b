import { App, Annotations as CdkAnnotations, aws_ec2 as ec2, Lazy, Stack } from 'aws-cdk-lib';
import { Annotations, Match } from 'aws-cdk-lib/assertions';
import { Forward } from '../../lib/forward/forward';
import { PortGateway } from '../../lib/port-gateway';
import type { PortGatewayProps } from '../../lib/port-gateway-props';
import { PUBLIC_KEY } from '../snapshots/canonical';

/** The warnings of a stack with such targets. */
function warnings(
  to: readonly string[],
  make: (stack: Stack) => Partial<PortGatewayProps> = () => ({}),
  more = nothing,
) {
  const env = { account: '123456789012', region: 'eu-central-1' };
  const app = new App();
  const stack = new Stack(app, 'Team', { env });
  const gateway = new PortGateway(stack, 'Gateway', {
    ...{ adminCidr: '203.0.113.7/32', sshPublicKey: PUBLIC_KEY, engine: 'nginx' },
    forwards: { web: Forward.tcp({ listen: 80, to: to.map((host) => `${host}:8080`) }) },
    ...make(stack),
  });
  more(stack, gateway);
  const found = Annotations.fromStack(stack).findWarning('*', Match.stringLikeRegexp('^forwards\\.'));
  return found.map(({ entry }) => `${entry.data}`);
}
const nothing = (_stack: Stack, _gateway: PortGateway) => {};
const named = (address: string, subnets: string) =>
  [
    expect.stringContaining(
      `forwards.web leads to ${address}, which no subnet of the gateway's VPC has (${subnets}): `,
    ),
  ] as string[];

const own = (stack: Stack) => ({
  vpc: new ec2.Vpc(stack, 'Vpc', { ipAddresses: ec2.IpAddresses.cidr('10.5.0.0/22'), maxAzs: 1, natGateways: 0 }),
});

test('warns of a private address outside of all subnets, once for a forward', () => {
  expect(warnings(['10.0.1.20'])).toEqual(named('10.0.1.20', '10.0.0.0/24'));
  expect(warnings(['10.0.0.20', '192.168.1.5', '100.64.0.1'])).toEqual(named('192.168.1.5, 100.64.0.1', '10.0.0.0/24'));
  expect(warnings(['10.0.1.20', '10.5.1.20'], own)).toEqual(named('10.0.1.20', '10.5.0.0/23, 10.5.2.0/23'));
});

test.each([
  ['an address of a subnet', '10.0.0.20', nothing],
  ['an address of the internet', '198.51.100.20', nothing],
  ['a name', 'app.example.com', nothing],
  ['an address known at deploy', Lazy.string({ produce: () => '10.9.9.9' }), nothing],
  [
    'a subnet that is made after the gateway',
    '10.0.1.20',
    (stack: Stack, { network: { vpc } }: PortGateway) =>
      new ec2.CfnSubnet(stack, 'Later', { vpcId: vpc.vpcId, cidrBlock: '10.0.1.0/24' }),
  ],
  [
    'a route to a peering',
    '10.9.9.9',
    (stack: Stack) =>
      new ec2.CfnRoute(stack, 'Way', {
        ...{ routeTableId: 'rtb-1', destinationCidrBlock: '10.9.0.0/16', vpcPeeringConnectionId: 'pcx-1' },
      }),
  ],
  [
    'routes that a VPN announces',
    '10.9.9.9',
    (stack: Stack) =>
      new ec2.CfnVPNGatewayRoutePropagation(stack, 'Vpn', { routeTableIds: ['rtb-1'], vpnGatewayId: 'vgw-1' }),
  ],
  [
    'a warning that was acknowledged',
    '10.9.9.9',
    (stack: Stack) => CdkAnnotations.of(stack).acknowledgeWarning('portway:targetElsewhere-web'),
  ],
] as const)('is silent about %s', (_, to, more) => {
  expect(warnings([to], undefined, more as typeof nothing)).toEqual([]);
});

test('a route to the internet says nothing about private addresses, and another one nothing about others', () => {
  const route = (stack: Stack) =>
    new ec2.CfnRoute(stack, 'Way', {
      routeTableId: 'rtb-1',
      destinationCidrBlock: '10.9.0.0/16',
      transitGatewayId: 'tgw-1',
    });
  expect(warnings(['10.9.9.9', '10.8.8.8'], undefined, route as never)).toEqual(named('10.8.8.8', '10.0.0.0/24'));
});

test('many forwards get one warning, with the first few and how many more', () => {
  const many = (count: number) =>
    warnings([], () => ({
      forwards: Object.fromEntries(
        Array.from({ length: count }, (_, i) => [`p${i}`, Forward.tcp({ listen: 1000 + i, to: `10.9.9.${i}:80` })]),
      ),
    }));
  expect(many(20)).toHaveLength(20);
  expect(many(21)).toEqual([
    expect.stringContaining(
      "forwards.p0 leads to 10.9.9.0, forwards.p1 to 10.9.9.1, forwards.p2 to 10.9.9.2, and 18 more forwards to others, which no subnet of the gateway's VPC has (10.0.0.0/24): ",
    ),
  ]);
});

test('an existing VPC is judged if its range is known', () => {
  const imported = (more: object) => (stack: Stack) => ({
    vpc: ec2.Vpc.fromVpcAttributes(stack, 'Vpc', {
      ...{ vpcId: 'vpc-1', availabilityZones: ['eu-central-1a'], publicSubnetIds: ['subnet-1'], ...more },
    }),
  });
  const subnets = { publicSubnetIpv4CidrBlocks: ['10.7.0.0/24'] };
  expect(warnings(['10.9.9.9'], imported(subnets))).toEqual([]);
  const known = imported({ vpcCidrBlock: '10.6.0.0/16', ...subnets });
  expect(warnings(['10.9.9.9'], known)).toEqual(named('10.9.9.9', '10.6.0.0/16, 10.7.0.0/24'));
  // Other subnets may be there. One that is told may be in a second range.
  expect(warnings(['10.6.0.9', '10.7.0.9'], known)).toEqual([]);
  // Dummy values on the first synth.
  expect(warnings(['10.9.9.9'], (stack) => ({ vpc: ec2.Vpc.fromLookup(stack, 'Vpc', { vpcId: 'vpc-1' }) }))).toEqual(
    [],
  );
});
