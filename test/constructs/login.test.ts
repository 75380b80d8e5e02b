import { readFileSync } from 'node:fs';
import { App, Stack } from 'aws-cdk-lib';
import { Annotations, Match, Template } from 'aws-cdk-lib/assertions';
import * as ec2 from 'aws-cdk-lib/aws-ec2';
import { checkStack } from '../../lib/check-stack';
import { Forward } from '../../lib/forward/forward';
import type { Plan } from '../../lib/plan/plan';
import { printPlan } from '../../lib/plan/print';
import { PortwayStack } from '../../lib/portway-stack';
import type { PortwayStackProps } from '../../lib/portway-stack-props';

const BASE: PortwayStackProps = {
  keyPairName: 'team',
  forwards: { web: Forward.tcp({ listen: 80, to: 8080, engine: 'iptables' }) },
};
const DIRECT = { ...BASE, adminCidr: '203.0.113.7/32' };

const stackOf = (props: PortwayStackProps) => new PortwayStack(new App(), 'Portway', props);
const template = (props: PortwayStackProps) => Template.fromStack(stackOf(props));
const typed = (one: Template, type: string) => Object.values(one.findResources(type)).map((r) => r.Properties);

function messageOf(props: PortwayStackProps): string {
  try {
    checkStack(props);
  } catch (error) {
    return (error as Error).message;
  }
  return '';
}

/** Ingress rules of all groups that a connection to port 22 could use. */
function whoReaches22(one: Template): unknown[] {
  const inside = typed(one, 'AWS::EC2::SecurityGroup').flatMap((group) => group.SecurityGroupIngress ?? []);
  return [...inside, ...typed(one, 'AWS::EC2::SecurityGroupIngress')]
    .filter(
      (rule) => rule.IpProtocol === '-1' || (rule.IpProtocol === 'tcp' && rule.FromPort <= 22 && rule.ToPort >= 22),
    )
    .map((rule) => rule.CidrIp ?? rule.SourceSecurityGroupId);
}

test('by default port 22 is open to the admin CIDR, and there is no endpoint', () => {
  const one = template(DIRECT);
  expect(whoReaches22(one)).toEqual(['203.0.113.7/32']);
  one.resourceCountIs('AWS::EC2::InstanceConnectEndpoint', 0);
  expect(template({ ...DIRECT, ssh: 'direct' }).toJSON()).toEqual(one.toJSON());
});

describe.each(['live', 'restart', 'replace'] as const)("with ssh: 'endpoint' and changes that are '%s'", (onChange) => {
  const one = template({ ...BASE, ssh: 'endpoint', onChange });
  const groups = one.findResources('AWS::EC2::SecurityGroup');
  const idOf = (description: string) =>
    Object.keys(groups).find((id) => groups[id]?.Properties.GroupDescription === description) ?? '';

  test("port 22 is open to the endpoint's group alone", () => {
    expect(whoReaches22(one)).toEqual([{ 'Fn::GetAtt': [idOf('Portway login endpoint'), 'GroupId'] }]);
  });

  test('the endpoint is in the subnet of the gateway, lets nothing in, and leads to its port 22 alone', () => {
    const [endpoint, ...more] = typed(one, 'AWS::EC2::InstanceConnectEndpoint');
    expect(more).toEqual([]);
    const [subnet] = Object.keys(one.findResources('AWS::EC2::Subnet'));
    expect(endpoint).toEqual({
      SubnetId: { Ref: subnet },
      SecurityGroupIds: [{ 'Fn::GetAtt': [idOf('Portway login endpoint'), 'GroupId'] }],
      PreserveClientIp: false,
    });
    const group = groups[idOf('Portway login endpoint')]?.Properties;
    expect(group.SecurityGroupIngress).toBeUndefined();
    expect(group.SecurityGroupEgress).toEqual([
      expect.objectContaining({
        ...{ IpProtocol: 'tcp', FromPort: 22, ToPort: 22 },
        DestinationSecurityGroupId: { 'Fn::GetAtt': [idOf('Portway gateway'), 'GroupId'] },
      }),
    ]);
  });

  test('no rollback can start while the endpoint is being made', () => {
    const conditions = Object.values(one.findResources('AWS::CloudFormation::WaitCondition'));
    const [endpoint] = Object.keys(one.findResources('AWS::EC2::InstanceConnectEndpoint'));
    expect(conditions.some(({ DependsOn }) => DependsOn.includes(endpoint))).toBe(true);
  });
});

test('the host is the same whichever way people log in', () => {
  const host = (props: PortwayStackProps) => typed(template(props), 'AWS::EC2::Instance')[0];
  expect(host({ ...BASE, ssh: 'endpoint' })).toEqual(host(DIRECT));
});

test("with ssh: 'session-manager' nobody reaches port 22, and the host may open sessions and nothing more", () => {
  const props = { ...BASE, ssh: 'session-manager', os: 'ubuntu-24.04' } as const;
  const one = template(props);
  expect(whoReaches22(one)).toEqual([]);
  one.resourceCountIs('AWS::EC2::InstanceConnectEndpoint', 0);
  const actions = (all: Template) =>
    typed(all, 'AWS::IAM::Policy').flatMap(({ PolicyDocument }) =>
      PolicyDocument.Statement.flatMap(({ Action }: { Action: unknown }) => Action),
    );
  const before = actions(template({ ...DIRECT, os: 'ubuntu-24.04' }));
  expect(actions(one).filter((action: unknown) => !before.includes(action))).toEqual([
    'ssm:UpdateInstanceInformation',
    'ssmmessages:CreateControlChannel',
    'ssmmessages:CreateDataChannel',
    'ssmmessages:OpenControlChannel',
    'ssmmessages:OpenDataChannel',
  ]);
  one.hasResourceProperties('AWS::IAM::Role', { ManagedPolicyArns: Match.absent() });
});

test.each([
  [DIRECT, 'ssh admin@'],
  [{ ...BASE, ssh: 'endpoint' }, "ssh -o 'ProxyCommand=aws ec2-instance-connect open-tunnel --instance-id %h' admin@"],
  [
    { ...BASE, ssh: 'session-manager', os: 'amazon-linux-2023' },
    "ssh -o 'ProxyCommand=aws ssm start-session --target %h --document-name AWS-StartSSHSession --parameters portNumber=%p' ec2-user@",
  ],
  [{ forwards: BASE.forwards, ssh: 'session-manager', os: 'amazon-linux-2023' }, 'aws ssm start-session --target '],
] as [PortwayStackProps, string][])('the output SshCommand of %j logs in', (props, command) => {
  const { Value } = template(props).toJSON().Outputs.SshCommand;
  expect(Value['Fn::Join'][1][0]).toBe(command);
});

describe('a host without a key', () => {
  const warned = (props: PortwayStackProps) =>
    Annotations.fromStack(stackOf(props)).findWarning('*', Match.stringLikeRegexp('the host takes no key')).length;
  const { forwards } = BASE;
  test.each([
    [{ forwards, adminCidr: '203.0.113.7/32' }, 1],
    [{ forwards, ssh: 'endpoint' }, 1],
    [{ forwards, ssh: 'session-manager', os: 'ubuntu-24.04' }, 0],
  ] as [PortwayStackProps, number][])('%j has %d warnings', (props, count) => expect(warned(props)).toBe(count));
});

test.each([
  [{ ...DIRECT, ssh: 'telnet' as never }, /^ssh must be direct, endpoint or session-manager, got: telnet$/],
  [BASE, /^adminCidr is required: /],
  [
    { ...BASE, ssh: 'endpoint', adminCidr: null as never },
    /^adminCidr must be left out with ssh: 'endpoint', .*got: null/,
  ],
  [
    { ...DIRECT, ssh: 'endpoint' },
    /^adminCidr must be left out with ssh: 'endpoint', which opens port 22 to no network; .*got: 203/,
  ],
  [
    { ...DIRECT, ssh: 'session-manager', os: 'ubuntu-24.04' },
    /^adminCidr must be left out with ssh: 'session-manager'/,
  ],
  [
    { ...BASE, ssh: 'session-manager' },
    /^ssh must be 'direct' or 'endpoint' with debian-13, whose images have no agent/,
  ],
  [{ ...BASE, ssh: 'session-manager', os: 'debian-12' }, /^ssh must be 'direct' or 'endpoint' with debian-12/],
  [{ ...BASE, ssh: 'session-manager', ami: { id: 'ami-0123456789abcdef0', rootDevice: '/dev/xvda' } }, /^$/],
  [
    { ...BASE, ssh: 'endpoint', blocked: ['10.0.0.0/8'] },
    /^blocked must leave the login endpoint's subnet \(10\.0\.0\.0\/24\) out, or nobody could log in, got: 10\.0\.0\.0\/8$/,
  ],
  [{ ...BASE, ssh: 'endpoint', availabilityZoneIndex: 1, blocked: ['10.0.0.0/24'] }, /^$/],
  [{ ...BASE, ssh: 'session-manager', os: 'ubuntu-24.04', blocked: ['10.0.0.0/8'] }, /^$/],
] as [PortwayStackProps, RegExp][])('%j', (props, message) => expect(messageOf(props)).toMatch(message));

describe('where the group admits all that private networks send', () => {
  const closed = (props: Partial<PortwayStackProps>) =>
    checkStack({ ...BASE, egress: { from: ['10.0.0.0/16'] }, ...props }).settings.loginClosedTo.map(({ text }) => text);

  test('the host keeps port 22 for the subnet of the endpoint', () => {
    expect(closed({ ssh: 'endpoint' })).toEqual(expect.arrayContaining(['10.0.1.0/24', '10.0.128.0/17']));
    expect(closed({ ssh: 'endpoint' })).not.toContain('10.0.0.0/24');
    expect(closed({ ssh: 'endpoint', availabilityZoneIndex: 1 })).toContain('10.0.0.0/24');
  });

  test('the host closes port 22 to all of them with Session Manager', () => {
    expect(closed({ ssh: 'session-manager', os: 'ubuntu-24.04' })).toEqual(['10.0.0.0/16']);
  });

  test('an existing subnet must have a range that is known', () => {
    const stack = new Stack();
    const vpc = (ranges: object) =>
      ec2.Vpc.fromVpcAttributes(stack, JSON.stringify(ranges), {
        vpcId: 'vpc-0123456789abcdef0',
        availabilityZones: ['eu-central-1a'],
        publicSubnetIds: ['subnet-0123456789abcdef0'],
        publicSubnetRouteTableIds: ['rtb-0123456789abcdef0'],
        ...ranges,
      });
    const known = vpc({ publicSubnetIpv4CidrBlocks: ['10.0.7.0/24'] });
    expect(closed({ ssh: 'endpoint', vpc: known })).not.toContain('10.0.7.0/24');
    expect(closed({ ssh: 'endpoint', vpc: known })).toContain('10.0.6.0/24');
    const props = { ...BASE, ssh: 'endpoint', vpc: vpc({}) } as const;
    expect(messageOf(props)).toBe('');
    expect(messageOf({ ...props, egress: { from: ['10.0.0.0/16'] } })).toMatch(
      /^ssh must not be 'endpoint' with egress in a subnet whose range is not known at synth: .*got: endpoint$/,
    );
  });
});

test('the endpoint counts as a rule of the group', () => {
  const message = messageOf({ ...BASE, ssh: 'endpoint', maxSecurityGroupRules: 1 });
  expect(message).toMatch(/must need at most 1 inbound IPv4 security group rules .*SSH of the admin: 1/);
});

test('the plan says who logs in, and names the endpoint in the place of a network', () => {
  const planOf = (props: PortwayStackProps): Plan => {
    const app = new App();
    new PortwayStack(app, 'Portway', props);
    return JSON.parse(readFileSync(`${app.synth().directory}/Portway.plan.json`, 'utf8'));
  };
  const plan = planOf({ ...BASE, ssh: 'endpoint' });
  expect(plan.gateway.login).toEqual({ way: 'endpoint', user: 'admin', hasKey: true });
  const text = printPlan('Portway', plan);
  expect(text).toContain('people log in through an EC2 Instance Connect Endpoint, which costs nothing');
  expect(text).toMatch(/in +tcp +22 +the login endpoint +SSH of the admin/);
  const direct = planOf(DIRECT);
  expect(direct.gateway.login).toEqual({ way: 'direct', user: 'admin', hasKey: true });
  expect(printPlan('Portway', direct)).not.toContain('people log in');
});
