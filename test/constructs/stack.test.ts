import { App, aws_ec2 as ec2, aws_kms as kms, Stack } from 'aws-cdk-lib';
import { Annotations, Match, Template } from 'aws-cdk-lib/assertions';
import { CHANGES } from '../../lib/constructs/on-change';
import { Forward } from '../../lib/forward/forward';
import { OPERATING_SYSTEMS, type OperatingSystemId } from '../../lib/host/operating-system';
import { PortwayStack } from '../../lib/portway-stack';
import type { PortwayStackProps } from '../../lib/portway-stack-props';
import { PUBLIC_KEY } from '../snapshots/canonical';

const base: PortwayStackProps = {
  adminCidr: '203.0.113.7/32',
  engine: 'iptables',
  forwards: { web: Forward.tcp({ listen: 80, to: 8080 }) },
};

function create(props: Partial<PortwayStackProps> = {}): { stack: PortwayStack; template: Template } {
  const stack = new PortwayStack(new App(), 'Portway', { ...base, ...props });
  return { stack, template: Template.fromStack(stack) };
}

/** The rules of the security group: its own, and those that are resources. */
function rules(template: Template, side: 'Ingress' | 'Egress'): Record<string, unknown>[] {
  const [group] = Object.values(template.findResources('AWS::EC2::SecurityGroup'));
  const own = Object.values(template.findResources(`AWS::EC2::SecurityGroup${side}`)).map((r) => r.Properties);
  return [...(group?.Properties[`SecurityGroup${side}`] ?? []), ...own];
}

const instance = (properties: object) => ['AWS::EC2::Instance', Match.objectLike(properties)] as const;

describe('the host', () => {
  test('is a t4g.micro with Debian 13 for arm64, resolved at launch', () => {
    create().template.hasResourceProperties(
      ...instance({ InstanceType: 't4g.micro', ImageId: 'resolve:ssm:/aws/service/debian/release/13/latest/arm64' }),
    );
  });

  test.each(Object.keys(OPERATING_SYSTEMS) as OperatingSystemId[])(
    '%s: image, root device and login of both architectures',
    (os) => {
      for (const architecture of ['arm64', 'x86_64'] as const) {
        const { template } = create({ os, architecture });
        const system = OPERATING_SYSTEMS[os];
        template.hasResourceProperties(
          ...instance({
            ImageId: `resolve:ssm:${system.imageParameter(architecture)}`,
            BlockDeviceMappings: [Match.objectLike({ DeviceName: os === 'ubuntu-24.04' ? '/dev/sda1' : '/dev/xvda' })],
          }),
        );
        expect(JSON.stringify(template.findOutputs('SshCommand'))).toContain(`ssh ${system.sshUser}@`);
      }
    },
  );

  test('takes its architecture from the instance type', () => {
    create({ instanceType: 'c7i.large' }).template.hasResourceProperties(
      ...instance({ ImageId: Match.stringLikeRegexp('amd64$') }),
    );
  });

  test('takes a custom image with its root device', () => {
    create({ ami: { id: 'ami-0123456789abcdef0', rootDevice: '/dev/nvme0n1' } }).template.hasResourceProperties(
      ...instance({
        ImageId: 'ami-0123456789abcdef0',
        BlockDeviceMappings: [Match.objectLike({ DeviceName: '/dev/nvme0n1' })],
      }),
    );
  });

  test('warns if there is no login key', () => {
    const { stack } = create();
    Annotations.fromStack(stack).hasWarning(
      '*',
      Match.stringLikeRegexp('host takes no key: give keyPairName or sshPublicKey'),
    );
  });

  test.each([{ keyPairName: 'team' }, { sshPublicKey: PUBLIC_KEY }])('does not warn with %j', (key) => {
    Annotations.fromStack(create(key).stack).hasNoWarning('*', Match.anyValue());
  });

  test('a new public key gets a new key pair, since both exist for a while', () => {
    const name = (sshPublicKey: string) =>
      Object.values(create({ sshPublicKey }).template.findResources('AWS::EC2::KeyPair'))[0]?.Properties.KeyName;
    expect(name(PUBLIC_KEY)).toBe(name(PUBLIC_KEY));
    expect(name(PUBLIC_KEY)).not.toBe(name(PUBLIC_KEY.replace('AAAAI', 'AAAAJ')));
  });
});

describe('the network', () => {
  test('a stack with account and region makes no lookups', () => {
    const app = new App();
    new PortwayStack(app, 'Portway', { ...base, env: { account: '123456789012', region: 'eu-central-1' } });
    expect(app.synth().manifest.missing).toBeUndefined();
  });

  test("the availability zone is an index into the region's zones", () => {
    create({ availabilityZoneIndex: 2 }).template.hasResourceProperties('AWS::EC2::Subnet', {
      AvailabilityZone: { 'Fn::Select': [2, { 'Fn::GetAZs': '' }] },
      // A separate range, so that it can be created while the other zone's subnet still exists.
      CidrBlock: '10.0.2.0/24',
    });
  });

  test('an existing VPC gets a host with a public address, and no other network resources', () => {
    const app = new App();
    const vpc = ec2.Vpc.fromVpcAttributes(new Stack(app, 'Other'), 'Vpc', {
      vpcId: 'vpc-1',
      availabilityZones: ['eu-central-1a'],
      publicSubnetIds: ['subnet-1'],
    });
    const template = Template.fromStack(new PortwayStack(app, 'Portway', { ...base, vpc }));
    template.resourceCountIs('AWS::EC2::VPC', 0);
    template.resourceCountIs('AWS::EC2::InternetGateway', 0);
    template.hasResourceProperties(
      ...instance({ NetworkInterfaces: [Match.objectLike({ AssociatePublicIpAddress: true, SubnetId: 'subnet-1' })] }),
    );
  });

  test('in an existing VPC the network interface requests IPv6', () => {
    const app = new App();
    const vpc = ec2.Vpc.fromVpcAttributes(new Stack(app, 'Other'), 'Vpc', {
      vpcId: 'vpc-1',
      availabilityZones: ['eu-central-1a'],
      publicSubnetIds: ['subnet-1'],
    });
    const { Properties: host } = Object.values(
      Template.fromStack(new PortwayStack(app, 'Portway', { ...base, vpc, ipv6: true })).findResources(
        'AWS::EC2::Instance',
      ),
    )[0] as { Properties: Record<string, unknown> };
    expect(host.NetworkInterfaces).toEqual([
      expect.objectContaining({ AssociatePublicIpAddress: true, Ipv6AddressCount: 1, SubnetId: 'subnet-1' }),
    ]);
    expect(host).not.toHaveProperty('Ipv6AddressCount');
  });

  test('IPv6: a separate range per zone, a route, and everyone in both versions', () => {
    const { template } = create({ ipv6: true, availabilityZoneIndex: 2 });
    template.hasResourceProperties('AWS::EC2::Subnet', {
      CidrBlock: '10.0.2.0/24',
      Ipv6CidrBlock: { 'Fn::Select': [2, { 'Fn::Cidr': [Match.anyValue(), 3, '64'] }] },
    });
    template.hasResourceProperties('AWS::EC2::Route', {
      DestinationIpv6CidrBlock: '::/0',
      GatewayId: Match.anyValue(),
    });
    const web = rules(template, 'Ingress').filter(({ FromPort }) => FromPort === 80);
    expect(web.map(({ CidrIp, CidrIpv6 }) => CidrIp ?? CidrIpv6)).toEqual(['0.0.0.0/0', '::/0']);
  });

  test('preserveClientAddress disables the source/destination check', () => {
    const to = '10.0.1.1:80';
    const routing = create({ forwards: { web: Forward.tcp({ listen: 80, to, preserveClientAddress: true }) } });
    routing.template.hasResourceProperties(...instance({ SourceDestCheck: false }));
    create({ forwards: { web: Forward.tcp({ listen: 80, to }) } }).template.hasResourceProperties(
      ...instance({ SourceDestCheck: Match.absent() }),
    );
  });

  test('flow logs go to a group that destroy deletes, with a role that cannot create groups', () => {
    const { template } = create({ flowLogs: true });
    template.hasResource('AWS::Logs::LogGroup', { DeletionPolicy: 'Delete', Properties: { RetentionInDays: 30 } });
    expect(JSON.stringify(template.findResources('AWS::IAM::Policy'))).not.toContain('CreateLogGroup');
  });

  test('flow logs are encrypted with the given key, which CloudWatch Logs may use', () => {
    const app = new App();
    const keys = new Stack(app, 'Keys');
    const stack = new PortwayStack(app, 'P', { ...base, flowLogs: true, logEncryptionKey: new kms.Key(keys, 'Logs') });
    Template.fromStack(stack).hasResourceProperties('AWS::Logs::LogGroup', { KmsKeyId: Match.anyValue() });
    const [key] = Object.values(Template.fromStack(keys).findResources('AWS::KMS::Key'));
    const service = { 'Fn::Join': ['', ['logs.', { Ref: 'AWS::Region' }, '.amazonaws.com']] };
    expect(key?.Properties.KeyPolicy.Statement).toContainEqual(
      expect.objectContaining({
        Action: ['kms:Decrypt', 'kms:Encrypt', 'kms:ReEncrypt*', 'kms:GenerateDataKey*'],
        Principal: { Service: service },
      }),
    );
  });

  test('detailed monitoring is enabled', () => {
    create({ detailedMonitoring: true }).template.hasResourceProperties(...instance({ Monitoring: true }));
    create({}).template.hasResourceProperties(...instance({ Monitoring: Match.absent() }));
  });

  test.each([
    ['FTP', Forward.tcp({ listen: 21, to: '10.0.1.1:21' }), /forwards\.x leads tcp 21, the port of FTP/],
    ['TFTP', Forward.udp({ listen: 69, to: '10.0.1.1:69' }), /forwards\.x leads udp 69, the port of TFTP/],
    [
      'SIP',
      Forward.udp({ listen: '5000-5100', to: '10.0.1.1:5000-5100' }),
      /forwards\.x leads udp 5060, the port of SIP/,
    ],
  ])('%s is forwarded, with a warning', (_what, x, text) => {
    const { stack } = create({ sshPublicKey: PUBLIC_KEY, forwards: { x } });
    Annotations.fromStack(stack).hasWarning('*', Match.stringLikeRegexp(text.source));
    const { stack: plain } = create({ sshPublicKey: PUBLIC_KEY });
    expect(Annotations.fromStack(plain).findWarning('*', Match.anyValue())).toEqual([]);
  });

  test('allows outbound: DNS, NTP, packages, AWS, and the targets', () => {
    const forwards = { db: Forward.tcp({ listen: 5000, to: '10.0.1.1:5432' }) };
    for (const onChange of CHANGES) {
      const { template } = create({ forwards, onChange });
      const egress = rules(template, 'Egress').map((r) => `${r.IpProtocol} ${r.FromPort} ${r.CidrIp}`);
      expect(egress.toSorted()).toEqual([
        'tcp 443 0.0.0.0/0',
        'tcp 53 0.0.0.0/0',
        'tcp 5432 10.0.1.1/32',
        'tcp 80 0.0.0.0/0',
        'udp 123 0.0.0.0/0',
        'udp 53 0.0.0.0/0',
      ]);
    }
  });
});

describe('mistakes', () => {
  test.each<[string, Partial<PortwayStackProps>, RegExp]>([
    [
      'an unknown system',
      { os: 'windows' as never },
      /^os must be debian-13, debian-12, amazon-linux-2023 or ubuntu-24\.04, got: windows$/,
    ],
    [
      'an unknown architecture',
      { architecture: 'riscv' as never },
      /^architecture must be arm64 or x86_64, got: riscv$/,
    ],
    [
      'a type of another architecture',
      { architecture: 'arm64', instanceType: 't3.micro' },
      /^instanceType must be of the architecture arm64; t3\.micro is x86_64/,
    ],
    [
      'no instance type',
      { instanceType: 'large' },
      /^instanceType must be an EC2 instance type such as t4g\.micro, got: large$/,
    ],
    [
      'a key without flow logs',
      { logEncryptionKey: kms.Key.fromKeyArn(new Stack(), 'Key', 'arn:aws:kms:eu-west-1:123456789012:key/x') },
      /^logEncryptionKey must go with flowLogs: true/,
    ],
    [
      'flow logs of an existing VPC',
      { flowLogs: true, vpc: new ec2.Vpc(new Stack(), 'Vpc') as ec2.IVpc },
      /^flowLogs must be left out beside vpc/,
    ],
    ['monitoring in words', { detailedMonitoring: 'yes' as never }, /^detailedMonitoring must be true or false/],
    ['a small disk', { diskGiB: 4 }, /^diskGiB must be a whole number of 8-16384, got: 4$/],
    ['no image id', { ami: { id: 'debian', rootDevice: '/dev/xvda' } }, /^ami\.id must be an image id/],
    [
      'no root device',
      { ami: { id: 'ami-0123456789abcdef0', rootDevice: 'xvda' } },
      /^ami\.rootDevice must be the image's root device/,
    ],
    [
      'two keys',
      { keyPairName: 'a', sshPublicKey: PUBLIC_KEY },
      /^sshPublicKey must not be given together with keyPairName/,
    ],
    [
      'a private key',
      { sshPublicKey: '-----BEGIN OPENSSH PRIVATE KEY-----' },
      /^sshPublicKey must be one line of an OpenSSH public key/,
    ],
    [
      'an ecdsa key',
      { sshPublicKey: `ecdsa-sha2-nistp256 ${'A'.repeat(90)}` },
      /^sshPublicKey must be one line .*ssh-ed25519 or ssh-rsa/,
    ],
    [
      'an unknown onChange',
      { onChange: 'reload' as never },
      /^onChange must be live, restart or replace, got: reload$/,
    ],
    ['half an attempt', { attempt: 0.5 }, /^attempt must be a whole number/],
    ['a missing script', { firstBootScript: '/nowhere' }, /^firstBootScript must be a file that can be read/],
    [
      'an IPv6 target on iptables, without IPv6',
      { forwards: { x: Forward.tcp({ listen: 1, to: '[2001:db8::1]:2' }) } },
      /^forwards\.x\.to must be IPv4 while the gateway has no IPv6: add ipv6: true to the stack, got: 2001:db8::1$/,
    ],
    [
      'an IPv6 target on nginx, without IPv6',
      { engine: 'nginx', forwards: { x: Forward.tcp({ listen: 1, to: '[2001:db8::1]:2' }) } },
      /^forwards\.x\.to must be IPv4 while the gateway has no IPv6/,
    ],
  ])('%s', (_what, props, message) => {
    expect(() => create(props)).toThrow(message);
  });

  test('of all parts are reported at once', () => {
    const wrong = {
      adminCidr: '::/0',
      os: 'x' as never,
      diskGiB: 1,
      forwards: { a: Forward.tcp({ listen: 22, to: 1 }) },
    };
    expect(() => create(wrong)).toThrow(
      /^4 problems:\n {2}- adminCidr .*\n {2}- forwards\.a\.listen .*\n {2}- os .*\n {2}- diskGiB /,
    );
  });
});
