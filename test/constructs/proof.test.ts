import { join } from 'node:path';
import { App, Aspects, Duration, Tags } from 'aws-cdk-lib';
import * as ec2 from 'aws-cdk-lib/aws-ec2';
import { ManagedPolicy, PermissionsBoundary } from 'aws-cdk-lib/aws-iam';
import { Forward, type TransportForwardProps } from '../../lib/forward/forward';
import { PortwayStack } from '../../lib/portway-stack';
import type { PortwayStackProps } from '../../lib/portway-stack-props';

const base: PortwayStackProps = {
  adminCidr: '203.0.113.7/32',
  engine: 'iptables',
  // One proof for boot and content; test/live/stack.test.ts has those of live changes.
  onChange: 'restart',
  forwards: { web: Forward.tcp({ listen: 80, to: 8080 }) },
};

interface Ids {
  readonly condition: string;
  readonly handle: string;
  readonly instance: string;
}

/** Logical ids in the template. `alter` gets the app before it is synthesized. */
function ids(props: PortwayStackProps, alter: (stack: PortwayStack) => void = () => {}): Ids {
  const app = new App();
  alter(new PortwayStack(app, 'Portway', props));
  const { template } = app.synth().getStackByName('Portway');
  const id = (type: string) => {
    const found = Object.entries(template.Resources as Record<string, { Type: string }>).filter(
      ([, { Type }]) => Type === type,
    );
    expect(found).toHaveLength(1);
    return found[0]?.[0] as string;
  };
  return {
    condition: id('AWS::CloudFormation::WaitCondition'),
    handle: id('AWS::CloudFormation::WaitConditionHandle'),
    instance: id('AWS::EC2::Instance'),
  };
}

/** Every change that restarts or replaces the host, or makes the same host prove itself again. */
const CHANGES: Record<string, Partial<PortwayStackProps>> = {
  'a forward': { forwards: { web: Forward.tcp({ listen: 80, to: 8081 }) } },
  'the first-boot script': { firstBootScript: join(__dirname, '..', 'snapshots', 'first-boot.sh') },
  'the key pair': { keyPairName: 'team' },
  'the operating system': { os: 'ubuntu-24.04' },
  'the architecture': { architecture: 'x86_64' },
  'the instance type': { instanceType: 't4g.small' },
  'the image': { ami: { id: 'ami-0123456789abcdef0', rootDevice: '/dev/xvda' } },
  'the root device': { ami: { id: 'ami-0123456789abcdef0', rootDevice: '/dev/sda1' } },
  'the disk': { diskGiB: 16 },
  'the availability zone': { availabilityZoneIndex: 1 },
  'the timeout': { signalTimeout: Duration.minutes(10) },
  'the attempt': { attempt: 1 },
  onChange: { onChange: 'replace' },
  IPv6: { ipv6: true },
  'who is blocked': { blocked: ['198.51.100.0/24'] },
  'no pings': { ping: false },
  'who goes out': { egress: { from: ['10.0.0.0/16'] } },
  'the egress networks': { egress: { from: ['10.0.0.0/16', '10.1.0.0/16'] } },
};

test.each(Object.entries(CHANGES))('waits for a new report when it changes: %s', (_what, change) => {
  const before = ids(base);
  const after = ids({ ...base, ...change });
  expect(after.condition).not.toBe(before.condition);
  expect(after.handle).not.toBe(before.handle);
});

/** Options of a forward. Each changes rules, sets, the health service or kernel settings. */
const SAID: Record<string, Partial<TransportForwardProps>> = {
  allowFrom: { allowFrom: ['198.51.100.0/24'] },
  denyFrom: { denyFrom: ['198.51.100.0/24'] },
  interface: { interface: 'wg0' },
  preserveClientAddress: { preserveClientAddress: true },
  balance: { balance: 'source' },
  weight: { to: [{ to: '10.0.1.1:80', weight: 2 }, '10.0.1.2:80'] },
  healthCheck: { healthCheck: true },
  'another healthCheck': { healthCheck: { interval: 10 } },
  'a rate': { limits: { newConnectionsPerSecond: 5 } },
  'open connections': { limits: { openConnections: 5 } },
};

test('proves every prop of a forward', () => {
  const said = (props: Partial<TransportForwardProps>) =>
    ids({ ...base, forwards: { web: Forward.tcp({ listen: 80, to: ['10.0.1.1:80', '10.0.1.2:80'], ...props }) } });
  const all = [{}, ...Object.values(SAID)].map((props) => said(props).condition);
  expect(new Set(all).size).toBe(all.length);
});

test('proves the family of a forward on a dual-stack gateway', () => {
  const six = { ...base, ipv6: true };
  const four = { forwards: { web: Forward.tcp({ listen: 80, to: 8080, family: 'ipv4' }) } } as const;
  expect(ids({ ...six, ...four }).condition).not.toBe(ids(six).condition);
  expect(ids({ ...base, ...four })).toEqual(ids(base));
});

test('gives each change a new id', () => {
  const all = Object.values(CHANGES).map((change) => ids({ ...base, ...change }).condition);
  expect(new Set(all).size).toBe(all.length);
});

test('keeps the ids when the host is not affected: admin CIDR, tags', () => {
  expect(ids({ ...base, adminCidr: '198.51.100.1/32', tags: { team: 'x' } })).toEqual(ids(base));
  // Allowing pings from outside changes only the security group.
  expect(ids({ ...base, ping: true })).toEqual(ids(base));
});

test('keeps the instance when a forward changes with restart; replaces it with replace', () => {
  const changed = { forwards: { web: Forward.tcp({ listen: 80, to: 9090 }) } };
  expect(ids({ ...base, ...changed }).instance).toBe(ids(base).instance);
  const replace = { ...base, onChange: 'replace' } as const;
  expect(ids({ ...replace, ...changed }).instance).not.toBe(ids(replace).instance);
});

test('leaves room for the longest expected signal URL', () => {
  const { handle, condition } = ids(base);
  expect(Math.max(handle.length, condition.length)).toBeLessThanOrEqual(64);
});

const key = `ssh-ed25519 ${'A'.repeat(68)}`;

/** Sets properties on all resources of a class, as a company's aspect does for a whole app. */
function each<T>(type: abstract new (...args: never[]) => T, change: (resource: T) => void) {
  return (stack: PortwayStack) =>
    Aspects.of(stack.node.root).add({
      visit: (node) => {
        if (node instanceof type) change(node);
      },
    });
}

const instance = (change: (instance: ec2.CfnInstance) => void) => each(ec2.CfnInstance, change);

/** Changes by aspects and escape hatches that replace or restart the host without the construct's knowledge. */
const BEHIND: Record<string, (stack: PortwayStack) => void> = {
  'the IMDSv2 aspect (a launch template)': (stack) =>
    Aspects.of(stack.node.root).add(new ec2.InstanceRequireImdsv2Aspect()),
  'another launch template': (stack) => {
    Aspects.of(stack.node.root).add(new ec2.InstanceRequireImdsv2Aspect());
    each(ec2.CfnLaunchTemplate, (one) =>
      one.addPropertyOverride('LaunchTemplateData.MetadataOptions.HttpPutResponseHopLimit', 2),
    )(stack);
  },
  tenancy: instance((one) => {
    one.tenancy = 'dedicated';
  }),
  'EBS optimization': instance((one) => {
    one.ebsOptimized = true;
  }),
  'a key for the volume': instance((one) =>
    one.addPropertyOverride('BlockDeviceMappings.0.Ebs.KmsKeyId', 'alias/team'),
  ),
  'a placement group': (stack) => {
    const group = new ec2.CfnPlacementGroup(stack, 'Group', { strategy: 'spread' });
    stack.gateway.instance.instance.placementGroupName = group.ref;
  },
  'another placement group': (stack) => {
    const group = new ec2.CfnPlacementGroup(stack, 'Group', { strategy: 'cluster' });
    stack.gateway.instance.instance.placementGroupName = group.ref;
  },
  'commands in user-data': (stack) => stack.gateway.instance.instance.addPropertyOverride('UserData', 'Zm9v'),
  'another subnet range': each(ec2.CfnSubnet, (one) => {
    one.cidrBlock = '10.0.7.0/24';
  }),
  'another VPC range': each(ec2.CfnVPC, (one) => {
    one.cidrBlock = '10.0.0.0/18';
  }),
};

test.each(Object.entries(BEHIND))(
  'waits for a new report when an aspect replaces or restarts the host: %s',
  (_what, alter) => {
    expect(ids(base, alter).condition).not.toBe(ids(base).condition);
    expect(ids(base, alter).handle).not.toBe(ids(base).handle);
  },
);

test('gives each of them new ids, with restart and replace', () => {
  for (const onChange of ['restart', 'replace'] as const) {
    const all = [undefined, ...Object.values(BEHIND)].map((alter) => ids({ ...base, onChange }, alter).condition);
    expect(new Set(all).size).toBe(all.length);
  }
});

test('keeps the ids when an aspect changes something in place: tags, monitoring, permission boundaries, the group', () => {
  const props = { ...base, sshPublicKey: key };
  const before = ids(props);
  const alike: Record<string, (stack: PortwayStack) => void> = {
    tags: (stack) => Tags.of(stack.node.root).add('Cost Center', '7'),
    monitoring: instance((one) => {
      one.monitoring = true;
    }),
    'a permission boundary': (stack) =>
      PermissionsBoundary.of(stack.node.root).apply(ManagedPolicy.fromAwsManagedPolicyName('PowerUserAccess')),
    'protection from termination': instance((one) => {
      one.disableApiTermination = true;
    }),
    'a rule of the security group': (stack) =>
      stack.gateway.instance.connections.allowFrom(ec2.Peer.ipv4('198.51.100.9/32'), ec2.Port.tcp(9100)),
  };
  for (const [what, alter] of Object.entries(alike)) expect([what, ids(props, alter)]).toEqual([what, before]);
});

test('does not replace the key pair for a tag on the whole app', () => {
  const app = new App();
  new PortwayStack(app, 'Portway', { ...base, sshPublicKey: key });
  Tags.of(app).add('team', 'x');
  const { Resources } = app.synth().getStackByName('Portway').template;
  const pairs = Object.values(Resources as Record<string, { Type: string; Properties: object }>).filter(
    ({ Type }) => Type === 'AWS::EC2::KeyPair',
  );
  expect(pairs.map(({ Properties }) => Object.keys(Properties))).toEqual([
    ['KeyFormat', 'KeyName', 'KeyType', 'PublicKeyMaterial'],
  ]);
});

test('updates all references to the ids', () => {
  const app = new App();
  new PortwayStack(app, 'Portway', { ...base, onChange: 'replace' });
  const { template } = app.synth().getStackByName('Portway');
  const text = JSON.stringify(template);
  const { condition, handle, instance } = ids({ ...base, onChange: 'replace' });
  for (const [kind, id] of Object.entries({ Condition: condition, Handle: handle })) {
    const named = [...text.matchAll(new RegExp(`"(GatewayProof${kind}\\w*)"`, 'g'))].map(([, name]) => name);
    expect(named.length).toBeGreaterThan(1);
    expect(new Set(named)).toEqual(new Set([id]));
  }
  expect(text).toContain(`"Fn::GetAtt":["${condition}","Data"]`);
  expect(text).toContain(`{"Ref":"${instance}"}`);
});
