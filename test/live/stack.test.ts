import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { App, Aspects, Duration, LegacyStackSynthesizer, Stack, Tags } from 'aws-cdk-lib';
import * as ec2 from 'aws-cdk-lib/aws-ec2';
import { Forward } from '../../lib/forward/forward';
import { Tls } from '../../lib/forward/tls';
import { PortwayStack } from '../../lib/portway-stack';
import type { PortwayStackProps } from '../../lib/portway-stack-props';
import { PUBLIC_KEY } from '../snapshots/canonical';
import { featureFlags } from '../snapshots/synthesize';

const base: PortwayStackProps = {
  sshPublicKey: PUBLIC_KEY,
  adminCidr: '203.0.113.7/32',
  engine: 'iptables',
  forwards: { web: Forward.tcp({ listen: 80, to: 8080 }) },
};

const forwards = (to = 8080, more: PortwayStackProps['forwards'] = {}): Partial<PortwayStackProps> => ({
  forwards: { web: Forward.tcp({ listen: 80, to }), ...more },
});

interface Resource {
  readonly Type: string;
  readonly Properties?: Readonly<Record<string, unknown>>;
  readonly DependsOn?: readonly string[];
  readonly CreationPolicy?: unknown;
}

/** The resources in the template. `alter` gets the stack before it is synthesized. */
function synth(more: Partial<PortwayStackProps> = {}, alter: (stack: PortwayStack) => void = () => {}) {
  const app = new App({ context: featureFlags() });
  alter(new PortwayStack(app, 'Portway', { ...base, ...more }));
  return app.synth().getStackByName('Portway').template.Resources as Readonly<Record<string, Resource>>;
}

type Resources = ReturnType<typeof synth>;

function ofType(resources: Resources, type: string): (readonly [string, Resource])[] {
  return Object.entries(resources).filter(([, { Type }]) => Type === type);
}

/** The one resource of a type. */
function only(resources: Resources, type: string): readonly [string, Resource] {
  const found = ofType(resources, type);
  expect(found).toHaveLength(1);
  return found[0] as readonly [string, Resource];
}

/** A host as its template defines it. */
function host(resources: Resources) {
  const [id, instance] = only(resources, 'AWS::EC2::Instance');
  const { Tags: tags, ...properties } = instance.Properties ?? {};
  const conditions = ofType(resources, 'AWS::CloudFormation::WaitCondition');
  const pointer = ofType(resources, 'AWS::SSM::Parameter').find(([, r]) => `${r.Properties?.Name}`.endsWith('/now'));
  return {
    id,
    properties: JSON.stringify(properties),
    content: (tags as { Key: string; Value: string }[]).find(({ Key }) => Key === 'portway:content')?.Value,
    boot: conditions.find(([, r]) => r.Properties !== undefined)?.[0] ?? '',
    live: conditions.find(([, r]) => r.Properties === undefined)?.[0] ?? '',
    pointer: pointer?.[1].Properties?.Name,
    instance,
  };
}

/** The lines that a parameter holds. */
function linesOf(parameter: Resource | undefined): readonly string[] {
  const { Value } = parameter?.Properties ?? {};
  return (Value as { readonly 'Fn::Join'?: [string, string[]] } | undefined)?.['Fn::Join']?.[1] ?? [];
}

/** What differs between two templates: ids of resources that came, went or changed. */
function changes(before: Resources, after: Resources): readonly string[] {
  const ids = [...new Set([...Object.keys(before), ...Object.keys(after)])];
  return ids.filter((id) => JSON.stringify(before[id]) !== JSON.stringify(after[id]));
}

const OTHER_CONTENT: Record<string, Partial<PortwayStackProps>> = {
  'a target': forwards(8081),
  'one more forward': forwards(8080, { mail: Forward.tcp({ listen: 25, to: '10.0.1.25:25' }) }),
  'another engine': { engine: 'nginx', forwards: { web: Forward.http({ listen: 80, to: 8080 }) } },
  'a certificate': {
    forwards: { web: Forward.https({ listen: 443, to: 8080, tls: Tls.selfSigned(), engine: 'nginx' }) },
  },
  'the first-boot script': { firstBootScript: join(__dirname, '..', 'snapshots', 'first-boot.sh') },
  'who is blocked': { blocked: ['198.51.100.0/24'] },
};

test.each(Object.entries(OTHER_CONTENT))(
  'neither restarts nor replaces the host, and waits for it: %s',
  (_what, more) => {
    const [before, after] = [host(synth()), host(synth(more))];
    expect({ ...after, content: '', live: '', instance: '' }).toEqual({
      ...before,
      content: '',
      live: '',
      instance: '',
    });
    expect(after.content).not.toBe(before.content);
    expect(after.live).not.toBe(before.live);
    expect(after.live.slice(0, -16)).toBe(before.live.slice(0, -16));
  },
);

const OTHER_MACHINES: Record<string, Partial<PortwayStackProps>> = {
  'the instance type': { instanceType: 't4g.small' },
  'the disk': { diskGiB: 16 },
  'the key pair': { sshPublicKey: `${PUBLIC_KEY}x` },
  'the availability zone': { availabilityZoneIndex: 1 },
  'the timeout': { signalTimeout: Duration.minutes(10) },
  'the attempt': { attempt: 1 },
};

test.each(Object.entries(OTHER_MACHINES))(
  'has a boot and a pointer of its own with another machine: %s',
  (_what, more) => {
    const [before, after] = [host(synth()), host(synth(more))];
    expect(after.boot).not.toBe(before.boot);
    expect(after.pointer).not.toBe(before.pointer);
    expect(after.pointer).toBe(`/portway/Portway/${after.boot.slice(-16)}/now`);
    expect(after.instance.Properties?.UserData).not.toEqual(before.instance.Properties?.UserData);
    expect(after.live).toBe(before.live);
  },
);

test('A, B, A is the template of A again', () => {
  expect(synth(forwards(8081))).not.toEqual(synth());
  expect(synth()).toEqual(synth());
});

test('changes with a target: the lines of its parts, pointer, tag and condition', () => {
  const [before, after] = [synth(), synth(forwards(8081))];
  const changed = changes(before, after);
  expect(changed.map((id) => [before, after].map((all) => all[id]?.Type ?? '-').join(' '))).toEqual([
    ...['AWS::CloudFormation::WaitCondition -', 'AWS::SSM::Parameter AWS::SSM::Parameter'],
    ...['AWS::SSM::Parameter AWS::SSM::Parameter', 'AWS::SSM::Parameter AWS::SSM::Parameter'],
    ...['AWS::EC2::Instance AWS::EC2::Instance', '- AWS::CloudFormation::WaitCondition'],
  ]);
  const rules = changed.find((id) => id.includes('iptablesrules')) ?? '';
  const lines = (all: Resources) => linesOf(all[rules]);
  expect(lines(after).filter((line) => !lines(before).includes(line))).toEqual([
    '# web: tcp 80 to 8081',
    '-A PORTWAY-DNAT -p tcp --dport 80 -m comment --comment "portway:web" -j REDIRECT --to-ports 8081',
  ]);
});

test('adds and removes the security group rules of a forward alone', () => {
  const mail = { mail: Forward.tcp({ listen: 81, to: '10.0.1.25:25' }) };
  const rules = (all: Resources) =>
    Object.entries(all).filter(([, { Type }]) => /SecurityGroup(Ingress|Egress)$/.test(Type));
  const [before, after] = [rules(synth()), rules(synth(forwards(8080, mail)))];
  expect(after).toEqual(expect.arrayContaining(before));
  const added = after.filter(([id]) => !before.some(([other]) => other === id)).map(([, { Properties }]) => Properties);
  expect(added).toMatchObject([
    { CidrIp: '0.0.0.0/0', FromPort: 81, ToPort: 81, IpProtocol: 'tcp', Description: 'mail' },
    { CidrIp: '10.0.1.25/32', FromPort: 25, ToPort: 25, IpProtocol: 'tcp', Description: 'mail' },
  ]);
  const renamed = rules(synth({ forwards: { www: Forward.tcp({ listen: 80, to: 8080 }) } }));
  expect(renamed.map(([id]) => id)).toEqual(before.map(([id]) => id));
});

test('is in order: rules and parts, pointer, instance, boot, content', () => {
  const resources = synth();
  const { boot, live, id, instance } = host(resources);
  const pointer = Object.keys(resources).find((one) => one.includes('PartPointer')) ?? '';
  const before = ['AWS::SSM::Parameter', 'AWS::EC2::SecurityGroupIngress']
    .flatMap((type) => ofType(resources, type).map(([one]) => one))
    .filter((one) => one !== pointer);
  expect(resources[pointer]?.DependsOn?.toSorted()).toEqual(before.toSorted());
  expect(instance.DependsOn).toEqual(expect.arrayContaining([pointer, only(resources, 'AWS::IAM::Policy')[0]]));
  expect(resources[boot]?.DependsOn).toEqual([id]);
  expect(resources[live]).toEqual({
    Type: 'AWS::CloudFormation::WaitCondition',
    CreationPolicy: { ResourceSignal: { Count: 1, Timeout: 'PT5M' } },
    DependsOn: [id, boot].toSorted(),
  });
  // A dependency with a new name may be refused.
  for (const { DependsOn = [] } of Object.values(resources)) expect(DependsOn).not.toContain(live);
});

test('tells the host by its metadata service, and names the condition in the pointer', () => {
  const resources = synth();
  const { content, live, instance } = host(resources);
  expect(instance.Properties?.MetadataOptions).toMatchObject({
    InstanceMetadataTags: 'enabled',
    HttpTokens: 'required',
  });
  const pointer = Object.values(resources).find((r) => `${r.Properties?.Name}`.endsWith('/now'));
  const [head = ''] = linesOf(pointer);
  expect(JSON.parse(head)).toEqual({ content, live, stack: 'Portway', values: [] });
  expect(live.slice(-16)).toBe(content?.slice(0, 16));
});

test('may read its own content, and report to its own stack', () => {
  const [, policy] = only(synth({ env: { account: '123456789012', region: 'eu-central-1' } }), 'AWS::IAM::Policy');
  expect(policy.Properties?.PolicyDocument).toMatchObject({
    Statement: [
      {
        Action: 'ssm:GetParameters',
        Effect: 'Allow',
        Resource: 'arn:aws:ssm:eu-central-1:123456789012:parameter/portway/Portway/*',
      },
      { Action: 'cloudformation:SignalResource', Effect: 'Allow', Resource: { Ref: 'AWS::StackId' } },
    ],
  });
});

test('has user-data of at most 4,096 bytes, which is the same for all contents, and all names of a stack within 16 KB', () => {
  const size = (stackName: string) =>
    new PortwayStack(new App(), 'Portway', { ...base, stackName }).gateway.userData.size;
  expect(size('Portway')).toBeLessThanOrEqual(4096);
  expect(size('x'.repeat(128))).toBeLessThanOrEqual(4096 + 3 * 121);
});

test('a value known only at deploy time is in the pointer alone', () => {
  const app = new App();
  const others = new Stack(app, 'Others');
  const target = new ec2.CfnEIP(others, 'Target');
  const resources = (() => {
    new PortwayStack(app, 'Portway', {
      ...base,
      forwards: { web: Forward.tcp({ listen: 80, to: `${target.ref}:80` }) },
    });
    return app.synth().getStackByName('Portway').template.Resources as Resources;
  })();
  const withImport = ofType(resources, 'AWS::SSM::Parameter').filter(([, r]) =>
    JSON.stringify(r).includes('ImportValue'),
  );
  expect(withImport.map(([, r]) => `${r.Properties?.Name}`)).toEqual([expect.stringMatching(/\/now$/)]);
  expect(JSON.stringify(withImport)).toMatch(/\\"values\\":\[\\"/);
});

test.each(['Cost Center', 'team/edge'])('refuses a tag that the metadata service cannot show: %s', (key) => {
  const tagged = () => synth({}, (stack) => Tags.of(stack).add(key, 'x'));
  expect(tagged).toThrow(
    `the instance's tag "${key}" must have letters, digits and -_+=,.@: with onChange 'live', the default`,
  );
  expect(() => synth({ onChange: 'restart' }, (stack) => Tags.of(stack).add(key, 'x'))).not.toThrow();
});

test('sees tags of aspects', () => {
  const tagged = () =>
    synth({}, (stack) =>
      Aspects.of(stack).add({ visit: (node) => node instanceof ec2.CfnInstance && node.tags.setTag('a b', 'c') }),
    );
  expect(tagged).toThrow('the instance\'s tag "a b"');
});

test.each(['t2.micro', 'm4.large', 'p3.2xlarge', 'x1e.xlarge'])('refuses an instance on Xen: %s', (instanceType) => {
  expect(() => synth({ instanceType, architecture: 'x86_64' })).toThrow(
    /^instanceType must be of a Nitro type such as/,
  );
  expect(() => synth({ instanceType, onChange: 'restart' })).not.toThrow();
});

test.each(['t3.micro', 'i3.metal', 'p3dn.24xlarge', 'm5.large'])('takes an instance on Nitro: %s', (instanceType) => {
  expect(() => synth({ instanceType })).not.toThrow();
});

describe("liveTrigger 'poll'", () => {
  const poll = { liveTrigger: 'poll' } as const;

  test('leaves the tag out, and changes with a target: parts, pointer and condition', () => {
    const [before, after] = [synth(poll), synth({ ...poll, ...forwards(8081) })];
    expect([host(after).content, host(after).instance.Properties?.MetadataOptions]).toEqual([
      undefined,
      expect.not.objectContaining({ InstanceMetadataTags: expect.anything() }),
    ]);
    const types = changes(before, after).map((id) => (before[id] ?? after[id])?.Type);
    expect([...new Set(types)].toSorted()).toEqual(['AWS::CloudFormation::WaitCondition', 'AWS::SSM::Parameter']);
    expect(after[host(after).live]?.DependsOn).toContain(host(after).id);
  });

  test('runs the same content by the same boot as with a tag', () => {
    const [tag, polls] = [host(synth()), host(synth(poll))];
    expect([polls.boot, polls.live, polls.pointer]).toEqual([tag.boot, tag.live, tag.pointer]);
    expect(polls.instance.Properties?.UserData).toEqual(tag.instance.Properties?.UserData);
  });

  test('takes tags and instance types that a tag cannot be used with', () => {
    expect(() => synth(poll, (stack) => Tags.of(stack).add('Cost Center', 'x'))).not.toThrow();
    expect(() => synth({ ...poll, instanceType: 't2.micro', architecture: 'x86_64' })).not.toThrow();
  });

  test.each(['restart', 'replace'] as const)('is refused with onChange %s', (onChange) => {
    expect(() => synth({ ...poll, onChange })).toThrow(/^liveTrigger must go with onChange 'live': .* got: poll$/);
  });

  test('is refused with another value', () => {
    expect(() => synth({ liveTrigger: 'often' as never })).toThrow(/^liveTrigger must be tag or poll, got: often$/);
  });
});

test('two stacks of one name in two regions read and report each to its own', () => {
  const app = new App({ context: featureFlags() });
  const policies = ['eu-central-1', 'us-east-1'].map((region) => {
    const env = { account: '123456789012', region };
    const stack = new PortwayStack(app, `Portway-${region}`, { ...base, stackName: 'Portway', env });
    return [stack.artifactId, region] as const;
  });
  const assembly = app.synth();
  for (const [id, region] of policies) {
    const { Resources } = assembly.getStackArtifact(id).template as { Resources: Resources };
    const [, policy] = only(Resources, 'AWS::IAM::Policy');
    expect(policy.Properties?.PolicyDocument).toMatchObject({
      Statement: [
        { Resource: `arn:aws:ssm:${region}:123456789012:parameter/portway/Portway/*` },
        { Resource: { Ref: 'AWS::StackId' } },
      ],
    });
    // Names of roles are global, and so must be CloudFormation's own.
    const [, role] = only(Resources, 'AWS::IAM::Role');
    expect(role.Properties?.RoleName).toBeUndefined();
    expect(policy.Properties?.PolicyName).toMatch(/^Gateway/);
  }
});

test.each(['iptables', 'nginx'])('shows its rules as plain lines where a bucket takes the template: %s', (engine) => {
  const web = engine === 'iptables' ? Forward.tcp({ listen: 80, to: 8080 }) : Forward.http({ listen: 80, to: 8080 });
  const app = new App({ context: featureFlags() });
  new PortwayStack(app, 'Portway', { ...base, engine: engine as 'nginx', forwards: { web } });
  const { directory } = app.synth();
  const review = readFileSync(join(directory, 'Portway.rules.txt'), 'utf8').split('\n');
  const { template } = app.synth().getStackByName('Portway');
  const lines = JSON.stringify(template);
  const missing = review.filter((line) => !line.startsWith('# ----') && !lines.includes(JSON.stringify(line)));
  expect(missing).toEqual([]);
});

test('packs the largest file where no bucket takes the template', () => {
  const web = Forward.http({ listen: 80, to: 8080 });
  const names = (props: Partial<PortwayStackProps>) =>
    ofType(synth({ engine: 'nginx', forwards: { web }, ...props }), 'AWS::SSM::Parameter').map(
      ([, r]) => `${r.Properties?.Name}`,
    );
  const has = (all: readonly string[], file: string) => all.some((name) => name.includes(file));
  const small = names({ synthesizer: new LegacyStackSynthesizer() as never });
  expect([has(small, 'nginx.conf'), has(small, 'programs')]).toEqual([false, true]);
  expect(has(names({}), 'nginx.conf')).toBe(true);
});

test('says what to do where no bucket takes a template that is too large', () => {
  const many = Array.from({ length: 50 }, (_, i) => [`f${i}`, Forward.udp({ listen: 3000 + 2 * i, to: 91 })] as const);
  const large = { forwards: Object.fromEntries(many), synthesizer: new LegacyStackSynthesizer() as never };
  expect(() => synth(large)).toThrow(
    /^content must be at most \d+ bytes with onChange 'live', the default, in a template that is sent without a bucket: bootstrap the account and leave out -c bootstrapless=true, or set onChange 'restart'\. The template may have 51200 bytes: about \d+ for its other resources, programs \d+ and \d+ for the list of files, got: \d+ bytes$/,
  );
  expect(() => synth({ forwards: large.forwards })).not.toThrow();
});
