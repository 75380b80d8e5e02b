import { App, aws_ec2 as ec2, aws_iam as iam, Stack } from 'aws-cdk-lib';
import { Match, Template } from 'aws-cdk-lib/assertions';
import { Forward } from '../../lib/forward/forward';
import { compareTemplates } from '../../lib/plan/change/comparison';
import { PortGateway } from '../../lib/port-gateway';
import type { PortGatewayProps } from '../../lib/port-gateway-props';
import type { PortwayStackProps } from '../../lib/portway-stack-props';
import { CANONICAL, PUBLIC_KEY } from '../snapshots/canonical';
import { synthesize } from '../snapshots/synthesize';

const { existing } = CANONICAL as { existing: PortwayStackProps };
const stackOf = (props: PortwayStackProps) => synthesize(props, { legacy: true }).stack;
const template = Template.fromStack(stackOf(existing));

/** The props without some of them. */
function without(...names: readonly (keyof PortwayStackProps)[]): PortwayStackProps {
  return Object.fromEntries(Object.entries(existing).filter(([name]) => !names.includes(name as never))) as never;
}

describe("what a team's own things become", () => {
  test('the instance is in the chosen subnet, with the groups and the role', () => {
    template.hasResourceProperties('AWS::EC2::Instance', {
      NetworkInterfaces: [
        Match.objectLike({
          SubnetId: 'subnet-1a2b3c03',
          GroupSet: [{ 'Fn::GetAtt': [Match.stringLikeRegexp('^GatewayFirewall'), 'GroupId'] }, 'sg-1a2b3c4d'],
        }),
      ],
    });
    template.resourceCountIs('AWS::IAM::Role', 0);
    template.hasResourceProperties('AWS::IAM::InstanceProfile', { Roles: ['team-gateway'] });
    template.hasResourceProperties('AWS::IAM::Policy', {
      Roles: ['team-gateway'],
      PolicyDocument: { Statement: Match.arrayWith([Match.objectLike({ Action: 'ssm:GetParameters' })]) },
    });
    const [policy] = Object.keys(template.findResources('AWS::IAM::Policy'));
    // A host that boots before it may read its content fails.
    template.hasResource('AWS::EC2::Instance', { DependsOn: Match.arrayWith([policy]) });
  });

  test('the address is taken over, told and named, and no other is made', () => {
    template.resourceCountIs('AWS::EC2::EIP', 0);
    template.hasResourceProperties('AWS::EC2::EIPAssociation', { AllocationId: 'eipalloc-1a2b3c4d' });
    template.hasOutput('Address', { Value: '203.0.113.100' });
    template.hasOutput('SshCommand', { Value: 'ssh admin@203.0.113.100' });
    for (const Name of ['www.example.com', '*.apps.example.com'])
      template.hasResourceProperties('AWS::Route53::RecordSet', {
        ...{ Name, Type: 'A', ResourceRecords: ['203.0.113.100'], HostedZoneId: 'Z0123456789ABCDEFGHIJ' },
      });
  });

  test('without an address of their own, names lead to the new one', () => {
    const own = Template.fromStack(stackOf(without('eip')));
    const [address] = Object.keys(own.findResources('AWS::EC2::EIP'));
    own.hasResourceProperties('AWS::Route53::RecordSet', { ResourceRecords: [{ Ref: address }] });
  });

  test.each(['live', 'restart', 'replace'] as const)(
    "with %s, a role of another stack's gets the rights here",
    (onChange) => {
      const app = new App();
      const access = new Stack(app, 'Access');
      const role = new iam.Role(access, 'Role', { assumedBy: new iam.ServicePrincipal('ec2.amazonaws.com') });
      const stack = new Stack(app, 'Team');
      const forwards = {
        web: Forward.http({ listen: 80, to: 8080 }),
        game: Forward.udp({ listen: 5000, to: '10.0.1.20:5000' }),
      };
      const props: PortGatewayProps = {
        adminCidr: '203.0.113.7/32',
        sshPublicKey: PUBLIC_KEY,
        onChange,
        role,
        forwards,
      };
      const gateway = new PortGateway(stack, 'Gateway', props);
      expect(gateway.grantPrincipal).toBe(role);
      app.synth();
      Template.fromStack(access).resourceCountIs('AWS::IAM::Policy', 0);
      const here = Template.fromStack(stack);
      here.resourceCountIs('AWS::IAM::Role', 0);
      here.resourceCountIs('AWS::IAM::Policy', 1);
      // Grants of the team go to the role itself.
      role.addToPolicy(new iam.PolicyStatement({ actions: ['s3:GetObject'], resources: ['*'] }));
      expect(gateway.grantPrincipal).toBe(role);
    },
  );

  test('a role that must not change is left alone', () => {
    const stack = new Stack(new App(), 'Team');
    const role = iam.Role.fromRoleArn(stack, 'Role', 'arn:aws:iam::123456789012:role/fixed', { mutable: false });
    new PortGateway(stack, 'Gateway', {
      ...{ adminCidr: '203.0.113.7/32', sshPublicKey: PUBLIC_KEY, onChange: 'live', role },
      forwards: { web: Forward.http({ listen: 80, to: 8080 }) },
    });
    const found = Template.fromStack(stack);
    found.resourceCountIs('AWS::IAM::Policy', 0);
    found.hasResourceProperties('AWS::IAM::InstanceProfile', { Roles: ['fixed'] });
  });
});

describe('what a change of them does to the host', () => {
  const json = (props: PortwayStackProps) => Template.fromStack(stackOf(props)).toJSON() as never;
  const before = json(existing);
  const compare = (props: Partial<PortwayStackProps>) => {
    const { changes, host, address } = compareTemplates(before, json({ ...existing, ...props }));
    return { what: changes.map((one) => one.what), host, address };
  };
  const zone = existing.dns?.zone as never;

  test.each([
    [
      'another address',
      { eip: { allocationId: 'eipalloc-1a2b3c4e', publicIp: '203.0.113.101' } },
      ['address', 'dns'],
      'changes',
    ],
    ['one name less', { dns: { zone, names: ['www.example.com'] } }, ['dns'], 'stays'],
    ['one name more', { dns: { zone, names: [...(existing.dns?.names ?? []), 'example.com'] } }, ['dns'], 'stays'],
    ['another role', { role: iam.Role.fromRoleName(new Stack(new App(), 'X'), 'R', 'other') }, ['rights'], 'stays'],
  ])('%s leaves it alone', (_, props, what, address) => {
    expect(compare(props)).toEqual({
      what: expect.arrayContaining(what),
      host: 'nothing',
      address,
    });
  });

  test.each([
    ['another subnet', { vpcSubnets: { subnets: existing.vpc?.publicSubnets.slice(0, 1) as ec2.ISubnet[] } }],
    [
      'another group',
      { securityGroups: [ec2.SecurityGroup.fromSecurityGroupId(new Stack(new App(), 'Y'), 'G', 'sg-2')] },
    ],
  ])('%s replaces it', (_, props) => {
    expect(compare(props)).toEqual({
      ...{ host: 'replace', address: 'stays' },
      what: expect.arrayContaining(['vpc, vpcSubnets or securityGroups']),
    });
  });

  test('an address of its own in place of the given one changes the address', () => {
    const after = json(without('eip'));
    expect(compareTemplates(before, after)).toMatchObject({ address: 'changes' });
    expect(compareTemplates(after, before)).toMatchObject({ address: 'changes' });
  });
});
