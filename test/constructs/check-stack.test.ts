import {
  App,
  Duration,
  aws_ec2 as ec2,
  Fn,
  aws_iam as iam,
  Lazy,
  aws_route53 as route53,
  Stack,
  aws_sns as sns,
} from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import { checkStack } from '../../lib/check-stack';
import { Forward } from '../../lib/forward/forward';
import { PortwayError } from '../../lib/forward/problems';
import { PortwayStack } from '../../lib/portway-stack';
import { base, problemsOf } from '../support/stack-problems';

const problems = (props: object) => problemsOf({ ...base, ...props });

test('accepts valid props', () => {
  const env = { account: '123456789012', region: 'eu-central-1' };
  const cdk = { env, tags: { team: 'edge' }, stackName: 'Edge', terminationProtection: true, description: 'x' };
  expect(checkStack({ ...base, ...cdk, signalTimeout: Duration.minutes(5) }).cdk).toEqual(cdk);
});

test.each([
  ['the type', { instancetype: 't4g.large' }, 'instancetype is unknown: did you mean instanceType?, got: t4g.large'],
  ['the admin', { adminCIDR: '10.0.0.1/32' }, 'adminCIDR is unknown: did you mean adminCidr?, got: 10.0.0.1/32'],
  ['flow logs', { flowlogs: true }, 'flowlogs is unknown: did you mean flowLogs?, got: true'],
  ['blocked networks', { block: ['10.0.0.0/8'] }, 'block is unknown: did you mean blocked?, got: ["10.0.0.0/8"]'],
  [
    'protection',
    { terminationprotection: true },
    'terminationprotection is unknown: did you mean terminationProtection?',
  ],
  [
    'of an image',
    { ami: { id: 'ami-0123456789abcdef0', rootdevice: '/dev/xvda' } },
    'ami.rootdevice must be one of id, rootDevice (did',
  ],
  [
    'of egress',
    { egress: { from: ['10.0.0.0/16'], subnet: [] } },
    'egress.subnet must be one of from, subnets, alarmTopic (did you',
  ],
  [
    'of an environment',
    { env: { accountt: '1' } },
    'env.accountt must be one of account, region (did you mean account?)',
  ],
  [
    'of a forward',
    { allowFrom: ['10.0.0.0/8'] },
    'allowFrom must be left out: it is for the forward itself, got: ["10.0.0.0/8"]',
  ],
])('refuses an unknown prop of the stack: %s', (_, props, problem) => {
  expect(problems(props).join('\n')).toContain(problem);
});

const proxied = new Proxy({ ...base }, {});
test.each([
  ['nothing', undefined, 'must be an object such as { adminCidr'],
  ['null', null, 'got: null'],
  ['a list', [], 'must be an object such as'],
  ['a proxy', proxied, 'got: a proxy'],
  ['props on a prototype', Object.create(base), 'write a plain object, since props of a class or a prototype get lost'],
  ['no forwards', { ...base, forwards: {} }, 'forwards must hold at least one forward'],
  ['null for forwards', { ...base, forwards: null }, 'forwards must hold forwards by name, such as { web: '],
  ['a list of forwards', { ...base, forwards: [] }, 'forwards must hold forwards by name'],
  [
    'a forward without props',
    { ...base, forwards: { web: Forward.tcp(undefined as never) } },
    'forwards.web must be an',
  ],
  ['no forward', { ...base, forwards: { web: Symbol('x') } }, 'forwards.web must be made by Forward.tcp'],
])('refuses what is not a props object: %s', (_, props, problem) => {
  expect(problemsOf(props).join('\n')).toContain(problem);
});

test.each([
  [
    'seconds',
    { signalTimeout: 900 },
    'signalTimeout must be a Duration that is known at synth, such as Duration.minutes(15), got: 900',
  ],
  [
    'half a second',
    { signalTimeout: Duration.millis(90_500) },
    'signalTimeout must be 1 minute to 12 hours, in whole seconds, got: 90.5 s',
  ],
  [
    'not a number of seconds',
    { signalTimeout: { toSeconds: () => Number.NaN } },
    'signalTimeout must be 1 minute to 12 hours',
  ],
  [
    'a deploy-time value',
    { signalTimeout: Duration.seconds(Lazy.number({ produce: () => 90 })) },
    'that is known at synth',
  ],
  [
    'an id for a VPC',
    { vpc: 'vpc-1' },
    "vpc must be a VPC of the CDK, such as ec2.Vpc.fromLookup(this, 'Vpc', { vpcId: 'vpc-0123456789abcdef0' }), got: vpc-1",
  ],
  ['something like a VPC', { vpc: { vpcId: 'vpc-1', publicSubnets: [] } }, 'vpc must be a VPC of the CDK'],
  ['a word for a flag', { flowLogs: 'false' }, 'flowLogs must be true or false, got: false'],
  ['an open file', { firstBootScript: -0 }, "firstBootScript must be a file's path, got: -0"],
  [
    'a device',
    { firstBootScript: '/dev/zero' },
    'firstBootScript must be a file: a folder or a device has no end, got: /dev/zero',
  ],
  [
    'an ARN for a topic',
    { egress: { from: ['10.0.0.0/16'], alarmTopic: 'arn:aws:sns:x' } },
    'egress.alarmTopic must be a topic, such as',
  ],
  [
    'an id for a subnet',
    { vpc: 1, egress: { from: ['10.0.0.0/16'], subnets: ['subnet-1'] } },
    'egress.subnets[0] must be a subnet of the CDK',
  ],
  ['a symbol', { adminCidr: Symbol('a') }, 'adminCidr must be a CIDR block such as 203.0.113.0/24, got: Symbol(a)'],
  ['a bigint', { attempt: 1n }, 'attempt must be a whole number of 0-1000000, got: 1n'],
  [
    'a bound that is none',
    { maxSecurityGroupRules: Symbol('many') },
    'maxSecurityGroupRules must be a whole number of 1-1000',
  ],
  ['a date', { diskGiB: new Date(0) }, 'diskGiB must be a whole number of 8-16384, got: 1970'],
  ['a function', { engine: () => 'nginx' }, 'engine must be iptables or nginx, got: [Function'],
  ['a name of every object', { os: 'constructor' }, 'os must be debian-13, debian-12'],
  ['a number for a key', { sshPublicKey: 5 }, 'sshPublicKey must be one line'],
  ['a list for a key pair', { keyPairName: ['a'] }, 'keyPairName must be the name of a key pair, got: ["a"]'],
  ['a text for an image', { ami: 'ami-0123456789abcdef0' }, 'ami must be an object such as { id:'],
  ['numbers for tags', { tags: { cost: 5 } }, 'tags.cost must be a text, got: 5'],
  ['a name of a stack', { stackName: 'a b' }, 'stackName must be a letter, then letters'],
  ['a text for an environment', { env: 'eu-central-1' }, 'env must be an object such as { account:'],
  ['a text for a synthesizer', { synthesizer: 'legacy' }, 'synthesizer must be a synthesizer'],
  ['a text for protection', { terminationProtection: 'no' }, 'terminationProtection must be true or false, got: no'],
])('names the prop of a value of the wrong type: %s', (_, props, problem) => {
  expect(problems(props).join('\n')).toContain(problem);
});

test('reports a prop whose getter throws', () => {
  const props = Object.defineProperty({ ...base }, 'vpc', {
    get() {
      throw new Error('no');
    },
  });
  expect(problemsOf(props)).toEqual([expect.stringContaining('vpc must be a VPC of the CDK')]);
});

test('creates no construct for invalid props', () => {
  const app = new App();
  expect(() => new PortwayStack(app, 'Portway', { ...base, instancetype: 'x' } as never)).toThrow(PortwayError);
  expect(app.node.children).toEqual([]);
});

test('refuses names that differ only by hyphens, since their outputs would collide', () => {
  const web = Forward.http({ listen: 80, to: 8080 });
  const other = Forward.http({ listen: 81, to: 8081 });
  expect(problems({ forwards: { 'web-1': web, web1: other } })).toEqual([
    `forwards.web1 must differ from forwards["web-1"] in more than hyphens, which the names of CloudFormation's outputs cannot have`,
  ]);
});

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

test('accepts a topic of another stack', () => {
  const alarmTopic = sns.Topic.fromTopicArn(new Stack(), 'Topic', 'arn:aws:sns:eu-central-1:123456789012:alarms');
  expect(checkStack({ ...base, egress: { from: ['10.0.0.0/16'], alarmTopic } }).egress).toEqual({
    subnets: [],
    alarmTopic,
  });
});
