import { join } from 'node:path';
import { App, CfnResource, Duration } from 'aws-cdk-lib';
import { Forward, type TransportForwardProps } from '../../lib/forward/forward';
import { PortwayStack, type PortwayStackProps } from '../../lib/portway-stack';

const base: PortwayStackProps = {
  adminCidr: '203.0.113.7/32',
  engine: 'iptables',
  forwards: { web: Forward.tcp({ listen: 80, to: 8080 }) },
};

function ids(props: PortwayStackProps): { condition: string; handle: string; instance: string } {
  const stack = new PortwayStack(new App(), 'Portway', props);
  const id = (type: string) => {
    const found = stack.node
      .findAll()
      .filter((c): c is CfnResource => CfnResource.isCfnResource(c) && c.cfnResourceType === type);
    expect(found).toHaveLength(1);
    return stack.resolve(found[0]?.logicalId) as string;
  };
  return {
    condition: id('AWS::CloudFormation::WaitCondition'),
    handle: id('AWS::CloudFormation::WaitConditionHandle'),
    instance: id('AWS::EC2::Instance'),
  };
}

/** Every change that restarts or replaces the host, and those that make the same host prove itself again. */
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
  'the way of changing': { onChange: 'replace' },
  IPv6: { ipv6: true },
  'who is blocked': { blocked: ['198.51.100.0/24'] },
  'no pings': { ping: false },
  'who goes out': { egress: { from: ['10.0.0.0/16'] } },
  'who else goes out': { egress: { from: ['10.0.0.0/16', '10.1.0.0/16'] } },
};

test.each(Object.entries(CHANGES))('%s changes: the deployment waits for a new report', (_what, change) => {
  const before = ids(base);
  const after = ids({ ...base, ...change });
  expect(after.condition).not.toBe(before.condition);
  expect(after.handle).not.toBe(before.handle);
});

/** What a forward may say about itself: each is a change of rules, sets, the health service or the kernel's settings. */
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

test('all that a forward says is proved', () => {
  const said = (props: Partial<TransportForwardProps>) =>
    ids({ ...base, forwards: { web: Forward.tcp({ listen: 80, to: ['10.0.1.1:80', '10.0.1.2:80'], ...props }) } });
  const all = [{}, ...Object.values(SAID)].map((props) => said(props).condition);
  expect(new Set(all).size).toBe(all.length);
});

test('the IP version that it listens on is proved where the gateway has both', () => {
  const six = { ...base, ipv6: true };
  const four = { forwards: { web: Forward.tcp({ listen: 80, to: 8080, family: 'ipv4' }) } } as const;
  expect(ids({ ...six, ...four }).condition).not.toBe(ids(six).condition);
  expect(ids({ ...base, ...four })).toEqual(ids(base));
});

test('each change has an id of its own', () => {
  const all = Object.values(CHANGES).map((change) => ids({ ...base, ...change }).condition);
  expect(new Set(all).size).toBe(all.length);
});

test('what the host has no part in keeps the ids: admin CIDR, tags', () => {
  expect(ids({ ...base, adminCidr: '198.51.100.1/32', tags: { team: 'x' } })).toEqual(ids(base));
  // Open to pings from outside is the security group's matter alone.
  expect(ids({ ...base, ping: true })).toEqual(ids(base));
});

test('restart keeps the instance where a forward changes; replace makes another', () => {
  const changed = { forwards: { web: Forward.tcp({ listen: 80, to: 9090 }) } };
  expect(ids({ ...base, ...changed }).instance).toBe(ids(base).instance);
  const replace = { ...base, onChange: 'replace' } as const;
  expect(ids({ ...replace, ...changed }).instance).not.toBe(ids(replace).instance);
});

test('ids leave room for the longest signal URL that is reckoned with', () => {
  const { handle, condition } = ids(base);
  expect(Math.max(handle.length, condition.length)).toBeLessThanOrEqual(64);
});
