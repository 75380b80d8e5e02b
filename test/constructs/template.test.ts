import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { CloudFormationStackArtifact } from 'aws-cdk-lib/cx-api';
import { stringify } from 'yaml';
import { USER_DATA_LIMIT } from '../../lib/host/content/user-data';
import { CANONICAL, needsBucket } from '../snapshots/canonical';
import { synthesize } from '../snapshots/synthesize';

interface Resource {
  readonly Type: string;
  readonly Properties?: Record<string, unknown>;
  readonly Metadata?: Record<string, unknown>;
  readonly DependsOn?: readonly string[];
}

function resources(template: { Resources: Record<string, Resource> }, type: string): [string, Resource][] {
  return Object.entries(template.Resources).filter(([, r]) => r.Type === type);
}

function only(template: { Resources: Record<string, Resource> }, type: string): [string, Resource] {
  const found = resources(template, type);
  expect(found).toHaveLength(1);
  return found[0] as [string, Resource];
}

/** The condition that waits for the host's boot: it has a handle. */
function bootCondition(template: { Resources: Record<string, Resource> }): [string, Resource] {
  const conditions = resources(template, 'AWS::CloudFormation::WaitCondition').filter(
    ([, r]) => 'Handle' in (r.Properties ?? {}),
  );
  expect(conditions).toHaveLength(1);
  return conditions[0] as [string, Resource];
}

/** Bytes that user-data may have, for names of the usual length; and for the content, where user-data names it. */
const [LOADER, CONTENT] = [4096, 65];

describe.each(Object.entries(CANONICAL))('canonical stack %s', (name, props) => {
  const ownVpc = props.vpc === undefined;
  const isLive = (props.onChange ?? 'live') === 'live';
  const legacy = !needsBucket(name);
  const { assembly, stack } = synthesize(props, { legacy });
  const template = JSON.parse(readFileSync(join(assembly.directory, 'Portway.template.json'), 'utf8'));

  test(`deploys without assets${legacy ? ' and bootstrap: no role or bucket in the manifest, no parameter or rule in the template' : ''}`, () => {
    const artifact = assembly.getStackArtifact('Portway') as CloudFormationStackArtifact;
    expect(artifact.assets.filter(({ id }) => id !== artifact.id)).toEqual([]);
    if (!legacy) return;
    expect(artifact.assumeRoleArn).toBeUndefined();
    expect(artifact.cloudFormationExecutionRoleArn).toBeUndefined();
    expect(artifact.stackTemplateAssetObjectUrl).toBeUndefined();
    expect(template.Parameters).toBeUndefined();
    expect(template.Rules).toBeUndefined();
  });

  test('has no Lambda function, custom resource or asset', () => {
    const types = Object.values<Resource>(template.Resources).map((r) => r.Type);
    expect(types.filter((t) => /^(AWS::Lambda|Custom::|AWS::CloudFormation::CustomResource)/.test(t))).toEqual([]);
    expect(JSON.stringify(template)).not.toMatch(/cdk-hnb659fds|AssetParameters/);
  });

  test('fits into a request without a bucket, as the YAML of the CDK CLI, and in other forms if it is not one of the largest', () => {
    const sent = stringify(template, { schema: 'yaml-1.1', lineWidth: 0 });
    // One that needs a bucket is refused without: see test/live/room.test.ts.
    if (legacy) expect(Buffer.byteLength(sent)).toBeLessThanOrEqual(51_200);
    // Indented JSON has more bytes for each plain line. Files are packed only as far as the CDK CLI needs it.
    const largest = isLive || name === 'dual-stack';
    for (const text of largest ? [] : [stringify(template), JSON.stringify(template, null, 1)])
      expect(Buffer.byteLength(text)).toBeLessThanOrEqual(51_200);
  });

  test('puts the address on the host only after its report, and nothing else behind the report', () => {
    const [condition, { DependsOn: before }] = bootCondition(template);
    const [instance] = only(template, 'AWS::EC2::Instance');
    const endpoint = resources(template, 'AWS::EC2::InstanceConnectEndpoint').map(([id]) => id);
    expect(before).toEqual([instance, ...endpoint]);
    // A chain: the resources that follow the proof, with the address last.
    const chain: string[] = [];
    for (let last = condition; last !== ''; ) {
      // A live host's report on its content is a leaf.
      const behind: [string, Resource][] = Object.entries<Resource>(template.Resources).filter(
        ([, r]) => r.DependsOn?.includes(last) && r.Type !== 'AWS::CloudFormation::WaitCondition',
      );
      expect(behind.length).toBeLessThanOrEqual(1);
      chain.push(...behind.map(([, r]) => r.Type));
      last = behind[0]?.[0] ?? '';
    }
    // With metrics in CloudWatch, also on silence, failing, refusals and the disk; with flow logs on what the VPC rejects.
    const own = (props.monitoring?.cloudWatch === undefined ? 0 : 4) + (props.flowLogs === true ? 1 : 0);
    const alarms = props.monitoring?.alarms !== undefined ? 4 + own : props.egress !== undefined ? 2 : 0;
    expect(chain).toEqual([
      ...Array(alarms).fill('AWS::CloudWatch::Alarm'),
      ...(props.egress === undefined ? [] : ['AWS::EC2::Route']),
      'AWS::EC2::EIPAssociation',
    ]);
    const [association] = only(template, 'AWS::EC2::EIPAssociation');
    expect(
      Object.values<Resource>(template.Resources).filter((r) => JSON.stringify(r).includes(`"${association}"`)),
    ).toEqual([]);
  });

  test('binds everything with a public address to the internet gateway and the routes of its VPC', () => {
    const attachments = resources(template, 'AWS::EC2::VPCGatewayAttachment').map(([id]) => id);
    const routes = resources(template, 'AWS::EC2::Route').filter(([, r]) => r.Properties?.GatewayId !== undefined);
    expect([attachments.length, routes.length]).toEqual(ownVpc ? [1, props.ipv6 === true ? 2 : 1] : [0, 0]);
    const eip = props.eip === undefined ? ['AWS::EC2::EIP'] : [];
    for (const type of [...eip, 'AWS::EC2::EIPAssociation', 'AWS::EC2::Instance']) {
      const { DependsOn = [] } = only(template, type)[1];
      expect(DependsOn).toEqual(expect.arrayContaining([...attachments, ...routes.map(([id]) => id)]));
    }
  });

  test("leaves EC2's source and destination check on, unless the host sends on what is others'", () => {
    const routing =
      props.egress !== undefined || stack.forwards.some((f) => f.engine === 'iptables' && f.preserveClientAddress);
    expect(only(template, 'AWS::EC2::Instance')[1].Properties?.SourceDestCheck).toBe(routing ? false : undefined);
  });

  test('gives the host an IPv6 address, a public IPv4 address at launch, and neither by a gateway for outgoing alone', () => {
    const [, { Properties: instance }] = only(template, 'AWS::EC2::Instance');
    expect(instance?.Ipv6AddressCount).toBe(props.ipv6 === true ? 1 : undefined);
    for (const [, { Properties: subnet }] of resources(template, 'AWS::EC2::Subnet')) {
      expect(subnet?.MapPublicIpOnLaunch).toBe(true);
      expect(subnet?.Ipv6CidrBlock !== undefined).toBe(props.ipv6 === true);
    }
    expect(resources(template, 'AWS::EC2::EgressOnlyInternetGateway')).toEqual([]);
  });

  test('keeps metadata and tags off the wait types, which cannot be updated', () => {
    const conditions = resources(template, 'AWS::CloudFormation::WaitCondition');
    const handles = resources(template, 'AWS::CloudFormation::WaitConditionHandle');
    expect([conditions.length, handles.length]).toEqual([isLive ? 2 : 1, 1]);
    for (const [, { Metadata }] of [...conditions, ...handles]) expect(Metadata).toBeUndefined();
    for (const [, { Properties }] of handles) expect(Properties).toBeUndefined();
    expect(Object.keys(bootCondition(template)[1].Properties ?? {})).toEqual(['Count', 'Handle', 'Timeout']);
  });

  test('hardens the host: IMDSv2 without a hop, an encrypted root under its own name, no rights but to its own files', () => {
    const [, { Properties: instance }] = only(template, 'AWS::EC2::Instance');
    expect(instance).toMatchObject({
      MetadataOptions: { HttpTokens: 'required', HttpPutResponseHopLimit: 1 },
      BlockDeviceMappings: [{ Ebs: { Encrypted: true, VolumeType: 'gp3' } }],
    });
    const policies = resources(template, 'AWS::IAM::Policy').filter(([, r]) =>
      JSON.stringify(r).includes('GatewayRole'),
    );
    // Certificates need a statement of their own.
    const [[, policy] = []] = policies;
    expect(policies).toHaveLength(1);
    expect(policy?.Properties?.PolicyDocument).toMatchObject({
      Statement: expect.arrayContaining([
        expect.objectContaining({
          Action: 'ssm:GetParameters',
          Resource: { 'Fn::Join': ['', expect.arrayContaining([':parameter/portway/Portway/*'])] },
        }),
      ]),
    });
    expect(JSON.stringify(policy).includes('cloudformation:SignalResource')).toBe(isLive);
    // In an existing VPC only the interface can request a public address.
    expect('NetworkInterfaces' in (instance ?? {})).toBe(!ownVpc);
  });

  test('opens port 22 to the admin CIDR alone, or with ssh to no network', () => {
    const [group] = resources(template, 'AWS::EC2::SecurityGroup')
      .map(([, { Properties }]) => Properties)
      .filter((one) => one?.GroupDescription === 'Portway gateway');
    const separate = resources(template, 'AWS::EC2::SecurityGroupIngress').map(([, r]) => r.Properties);
    expect([group?.SecurityGroupIngress !== undefined, separate.length > 0]).toEqual([!isLive, isLive]);
    const ingress = (group?.SecurityGroupIngress ?? separate) as {
      FromPort: number;
      ToPort: number;
      IpProtocol: string;
      CidrIp?: string;
      CidrIpv6?: string;
    }[];
    const reach22 = ingress.filter((r) => r.IpProtocol === 'tcp' && r.FromPort <= 22 && r.ToPort >= 22);
    expect(reach22.map((r) => r.CidrIp ?? r.CidrIpv6)).toEqual(props.adminCidr === undefined ? [] : ['203.0.113.7/32']);
    // Only egress networks may reach all ports.
    const all = ingress.filter((r) => r.IpProtocol === '-1').map((r) => r.CidrIp ?? r.CidrIpv6);
    expect(all).toEqual(props.egress?.from ?? []);
  });

  test('keeps user-data within the limit, with the reserve for the signal URL', () => {
    const userData = stack.gateway.userData;
    expect(userData.size).toBeLessThanOrEqual(USER_DATA_LIMIT);
    expect(userData.size).toBeGreaterThan(userData.reserve);
    expect(userData.size).toBeLessThanOrEqual(isLive ? LOADER : LOADER + CONTENT);
    expect(userData.namesContent).toBe(!isLive);
  });
});

test('the content is there, and may be read, before the host boots', () => {
  const props = { ...CANONICAL['letsencrypt-udp'], onChange: 'restart' } as (typeof CANONICAL)[string];
  const { assembly } = synthesize(props, { legacy: true });
  const template = JSON.parse(readFileSync(join(assembly.directory, 'Portway.template.json'), 'utf8'));
  const parameters = resources(template, 'AWS::SSM::Parameter');
  // A parameter without a tier is a standard one, which is free.
  for (const [, { Properties }] of parameters)
    expect(Object.keys(Properties ?? {}).filter((name) => name !== 'Description')).toEqual(['Name', 'Type', 'Value']);
  const [[pointer, { DependsOn: parts }] = ['', { DependsOn: [] }], ...others] = parameters.filter(
    ([, { Properties }]) => /^\/portway\/Portway\/[0-9a-f]{16}\/now$/.test(`${Properties?.Name}`),
  );
  expect(others).toEqual([]);
  expect(parts).toEqual(expect.arrayContaining(parameters.map(([id]) => id).filter((id) => id !== pointer)));
  const [policy] = only(template, 'AWS::IAM::Policy');
  const [, { DependsOn: before }] = only(template, 'AWS::EC2::Instance');
  expect(before).toEqual(expect.arrayContaining([policy, pointer]));
});

// The limit of a template that the CDK CLI sends without a bucket, in an account that was never bootstrapped.
test.each(['iptables', 'nginx'])(
  'the shipped %s stack with restart shows its rules as plain lines, in a template of at most 51,200 bytes',
  (name) => {
    const props = { ...CANONICAL[name], onChange: 'restart' } as (typeof CANONICAL)[string];
    const { stack, assembly } = synthesize(props, { legacy: true });
    const text = readFileSync(join(assembly.directory, `${stack.artifactId}.template.json`), 'utf8');
    expect(text).toContain(name === 'nginx' ? 'proxy_pass ' : '-A PORTWAY-DNAT ');
    expect(Buffer.byteLength(text)).toBeLessThanOrEqual(51_200);
  },
);
