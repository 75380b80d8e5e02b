import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { DescribeAlarmsCommand } from '@aws-sdk/client-cloudwatch';
import { DescribeRouteTablesCommand } from '@aws-sdk/client-ec2';
import { App, aws_ec2 as ec2, LegacyStackSynthesizer, Stack, aws_sns as sns } from 'aws-cdk-lib';
import { Forward } from '../../../lib/forward/forward';
import { PortwayStack } from '../../../lib/portway-stack';
import type { PortwayStackProps } from '../../../lib/portway-stack-props';
import { PUBLIC_KEY } from '../../../test/snapshots/canonical';
import { featureFlags } from '../../../test/snapshots/synthesize';
import { CdkError, cdk } from '../../src/aws/cdk';
import { cloudWatchClient, ec2Client } from '../../src/aws/client';
import { type Deployed, readDeployed } from '../../src/aws/deployed';
import { type StartedEndpoint, startEndpoint } from '../../src/aws/endpoint';
import { inventory } from '../../src/aws/inventory';
import { report } from '../support/report';

/**
 * Portway's own stacks on the local endpoint: what the small stack of endpoint.lab.test.ts does not have. No host is
 * booted; the test reports in its place.
 */
jest.setTimeout(180_000);

const base: PortwayStackProps = {
  adminCidr: '203.0.113.7/32',
  sshPublicKey: PUBLIC_KEY,
  engine: 'iptables',
  // The test reports once for boot and content; live-gateway.lab.test.ts has live changes.
  onChange: 'restart',
  forwards: { web: Forward.tcp({ listen: 80, to: 8080 }) },
};

let folder: string;
let endpoint: StartedEndpoint;
let assemblies = 0;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'portway-aws-'));
  endpoint = await startEndpoint({ folder });
});

afterEach(async () => {
  await endpoint?.stop();
  await rm(folder, { recursive: true, force: true });
});

/** Synthesizes an app, for accounts that were never bootstrapped. */
function synth(create: (app: App) => void): string {
  const outdir = join(folder, `app-${assemblies++}`);
  const app = new App({ outdir, context: { ...featureFlags(), '@aws-cdk/core:target-partitions': ['aws'] } });
  create(app);
  app.synth();
  return outdir;
}

const legacy = () => ({ synthesizer: new LegacyStackSynthesizer() as never });
const gateway = (props: Partial<PortwayStackProps> = {}) =>
  synth((app) => new PortwayStack(app, 'Portway', { ...base, ...props, ...legacy() }));

function run(args: string[], assembly: string) {
  return cdk(args, { endpoint, folder, log: join(folder, 'cdk.log'), app: assembly });
}
const deploy = (assembly: string, ...stacks: string[]) =>
  run(['deploy', ...(stacks.length > 0 ? stacks : ['Portway']), '--require-approval', 'never'], assembly);

/** Deploys, reports success in the host's place, and returns what exists then. */
async function deployWell(assembly: string, after?: Deployed): Promise<Deployed> {
  const deploying = deploy(assembly);
  const found = await readDeployed(endpoint, 'Portway', after === undefined ? {} : { after });
  expect(await report(endpoint, found, 'SUCCESS')).toBe(200);
  await deploying.finished;
  return readDeployed(endpoint, 'Portway');
}

test('IPv6: the host has an address of the subnet; turned on it is another host; turned off EC2 refuses', async () => {
  const plain = gateway();
  const before = await inventory(endpoint);
  const four = await deployWell(plain);
  // The inventory must contain these kinds, or comparing it would prove nothing.
  const kinds = [/^i-/, /^vpc-/, /^role /, /^instance profile /, /^stack Portway$/];
  expect(await inventory(endpoint)).toEqual(expect.arrayContaining(kinds.map((kind) => expect.stringMatching(kind))));
  expect(four).toMatchObject({ sourceDestCheck: true, subnetCidr: '10.0.0.0/24' });
  expect([four.ipv6, four.subnetCidr6, four.vpcCidr6]).toEqual([undefined, undefined, undefined]);

  const dual = gateway({ ipv6: true });
  const six = await deployWell(dual, four);
  expect(six.instanceId).not.toBe(four.instanceId);
  expect(six).toMatchObject({
    publicIp: four.publicIp,
    associated: true,
    vpcCidr6: '2001:db8:1200::/56',
    subnetCidr6: '2001:db8:1200::/64',
    ipv6: '2001:db8:1200::10',
  });
  const [group] = six.securityGroups;
  expect(group?.ingress.find((r) => r.cidrs6.includes('::/0'))).toMatchObject({ protocol: 'tcp', fromPort: 80 });
  expect(group?.egress.filter((r) => r.cidrs6.includes('::/0')).map((r) => `${r.protocol} ${r.fromPort}`)).toEqual(
    expect.arrayContaining(['udp 53', 'tcp 443']),
  );

  // In place, the address stays.
  const changed = await deployWell(
    gateway({ ipv6: true, forwards: { web: Forward.tcp({ listen: 80, to: 9090 }) } }),
    six,
  );
  expect(changed).toMatchObject({ instanceId: six.instanceId, ipv6: six.ipv6 });

  const off = deploy(plain);
  await expect(off.finished).rejects.toThrow('InvalidCidrBlock.InUse');
  expect(await readDeployed(endpoint, 'Portway')).toMatchObject({ instanceId: six.instanceId, ipv6: six.ipv6 });

  await run(['destroy', 'Portway', '--force'], dual).finished;
  expect(await inventory(endpoint)).toEqual(before);
});

test('another zone has a subnet of its own in both versions, and the host follows', async () => {
  const first = await deployWell(gateway({ ipv6: true }));
  const elsewhere = gateway({ ipv6: true, availabilityZoneIndex: 2 });
  const second = await deployWell(elsewhere, first);
  expect(second).toMatchObject({
    subnetCidr: '10.0.2.0/24',
    subnetCidr6: '2001:db8:1200:2::/64',
    publicIp: first.publicIp,
    associated: true,
  });
});

test('protocols, pings, kept addresses, and alarms on flow logs: as EC2 and CloudWatch know them', async () => {
  const assembly = gateway({
    ipv6: true,
    flowLogs: true,
    monitoring: { alarms: { email: 'ops@example.com' } },
    ping: true,
    forwards: {
      vpn: Forward.protocol({ protocol: 'esp', to: '10.0.1.20', family: 'ipv4', allowFrom: ['198.51.100.0/24'] }),
      tunnel: Forward.protocol({ protocol: 47, to: '10.0.1.20', family: 'ipv4', preserveClientAddress: true }),
      game: Forward.udp({
        listen: 27015,
        to: ['10.0.1.20:27015', '10.0.1.21:27015'],
        family: 'ipv4',
        healthCheck: true,
      }),
    },
  });
  const deployed = await deployWell(assembly);
  expect(deployed.sourceDestCheck).toBe(false);
  const rules = (side: 'ingress' | 'egress') =>
    deployed.securityGroups[0]?.[side].map((r) =>
      [r.protocol, r.fromPort, r.toPort, ...r.cidrs4, ...r.cidrs6].filter((x) => x !== undefined).join(' '),
    );
  expect(rules('ingress')).toEqual([
    '50 198.51.100.0/24',
    '47 0.0.0.0/0',
    'udp 27015 27015 0.0.0.0/0',
    'tcp 22 22 203.0.113.7/32',
    'icmp 8 0.0.0.0/0',
    'icmpv6 128 0 ::/0',
  ]);
  expect(rules('egress')).toEqual(
    expect.arrayContaining([
      '50 10.0.1.20/32',
      '47 10.0.1.20/32',
      'icmp 8 10.0.1.20/31',
      'udp 27015 27015 10.0.1.20/31',
    ]),
  );
  expect((await alarms()).map((a) => `${a.Namespace} ${a.MetricName} ${a.ComparisonOperator}`)).toContain(
    'Portway/Portway RejectedPackets GreaterThanUpperThreshold',
  );
});

async function alarms() {
  const client = cloudWatchClient(endpoint);
  const { MetricAlarms = [] } = await client.send(new DescribeAlarmsCommand({}));
  client.destroy();
  return MetricAlarms;
}

describe('the way out of private subnets', () => {
  /** A network of the team's own, with a gateway in it. */
  const app = (props: Partial<PortwayStackProps> = {}, ipv6 = false) =>
    synth((cdkApp) => {
      // The tag: the endpoint ignores a change of outputs alone, such as those that the gateway's stack reads.
      const net = new Stack(cdkApp, 'Net', { ...legacy(), tags: { assembly: `${assemblies}` } });
      const vpc = new ec2.Vpc(net, 'Vpc', {
        ipAddresses: ec2.IpAddresses.cidr('10.0.0.0/16'),
        maxAzs: 1,
        natGateways: 0,
        restrictDefaultSecurityGroup: false,
        ...(ipv6 ? { ipProtocol: ec2.IpProtocol.DUAL_STACK } : {}),
        subnetConfiguration: [
          { name: 'Public', subnetType: ec2.SubnetType.PUBLIC, cidrMask: 24 },
          { name: 'Private', subnetType: ec2.SubnetType.PRIVATE_ISOLATED, cidrMask: 24 },
        ],
      });
      new PortwayStack(cdkApp, 'Portway', {
        ...base,
        ...legacy(),
        vpc: vpc as ec2.IVpc,
        ipv6,
        egress: {
          from: ['10.0.0.0/16', ...(ipv6 ? ['2001:db8:1200::/56'] : [])],
          subnets: vpc.isolatedSubnets,
          alarmTopic: new sns.Topic(net, 'Topic'),
        },
        ...props,
      });
    });

  /** Who each default route leads to. */
  async function wayOut(): Promise<string[]> {
    const client = ec2Client(endpoint);
    const { RouteTables = [] } = await client.send(new DescribeRouteTablesCommand({}));
    client.destroy();
    return RouteTables.flatMap((t) => t.Routes ?? [])
      .filter((r) => r.InstanceId !== undefined)
      .map((r) => `${r.DestinationCidrBlock ?? r.DestinationIpv6CidrBlock} ${r.InstanceId}`)
      .sort();
  }

  test('leads to the host once it has proved itself, and to the next one when that has; destroy leaves nothing', async () => {
    const first = app({ onChange: 'replace' }, true);
    const before = await inventory(endpoint);
    await deploy(first, 'Net').finished;
    const deploying = deploy(first, 'Portway', '--exclusively');
    const one = await readDeployed(endpoint, 'Portway');
    expect(one).toMatchObject({ sourceDestCheck: false, ipv6: expect.stringMatching(/^2001:db8:1200:/) });
    await sleep(500);
    expect(await wayOut()).toEqual([]);
    expect(await alarms()).toEqual([]);
    await report(endpoint, one, 'SUCCESS');
    await deploying.finished;
    expect(await wayOut()).toEqual([`0.0.0.0/0 ${one.instanceId}`, `::/0 ${one.instanceId}`]);
    expect((await alarms()).map((a) => [a.MetricName, a.Dimensions?.[0]?.Value, a.AlarmActions, a.OKActions])).toEqual(
      expect.arrayContaining([
        [
          'StatusCheckFailed_System',
          one.instanceId,
          ['arn:aws:automate:us-east-1:ec2:recover', expect.stringContaining(':sns:')],
          [expect.stringContaining(':sns:')],
        ],
        [
          'StatusCheckFailed_Instance',
          one.instanceId,
          ['arn:aws:automate:us-east-1:ec2:reboot', expect.stringContaining(':sns:')],
          [expect.stringContaining(':sns:')],
        ],
      ]),
    );

    // A host that fails never gets the traffic, nor the address.
    const changed = (to: number) =>
      app({ onChange: 'replace', forwards: { web: Forward.tcp({ listen: 80, to }) } }, true);
    const failing = deploy(changed(9090), 'Portway', '--exclusively');
    const bad = await readDeployed(endpoint, 'Portway', { after: one });
    await sleep(500);
    expect(await wayOut()).toEqual([`0.0.0.0/0 ${one.instanceId}`, `::/0 ${one.instanceId}`]);
    await report(endpoint, bad, 'FAILURE');
    await expect(failing.finished).rejects.toBeInstanceOf(CdkError);
    expect(await wayOut()).toEqual([`0.0.0.0/0 ${one.instanceId}`, `::/0 ${one.instanceId}`]);
    expect(await readDeployed(endpoint, 'Portway')).toMatchObject({ instanceId: one.instanceId, associated: true });

    const last = changed(9091);
    const replacing = deploy(last, 'Portway', '--exclusively');
    const two = await readDeployed(endpoint, 'Portway', { after: one });
    await report(endpoint, two, 'SUCCESS');
    await replacing.finished;
    expect(await wayOut()).toEqual([`0.0.0.0/0 ${two.instanceId}`, `::/0 ${two.instanceId}`]);
    expect(await readDeployed(endpoint, 'Portway')).toMatchObject({ instanceId: two.instanceId, associated: true });

    await run(['destroy', 'Portway', 'Net', '--force'], last).finished;
    expect(await inventory(endpoint)).toEqual(before);
  });

  test('turned on for a gateway that is there: the same host, which is restarted', async () => {
    const without = app({ egress: undefined } as never);
    await deploy(without, 'Net').finished;
    const deploying = deploy(without, 'Portway', '--exclusively');
    const one = await readDeployed(endpoint, 'Portway');
    await report(endpoint, one, 'SUCCESS');
    await deploying.finished;
    const leading = app();
    await deploy(leading, 'Net').finished;
    const changing = deploy(leading, 'Portway', '--exclusively');
    const now = await readDeployed(endpoint, 'Portway', { after: one });
    await report(endpoint, now, 'SUCCESS');
    await changing.finished;
    expect(await readDeployed(endpoint, 'Portway')).toMatchObject({
      instanceId: one.instanceId,
      sourceDestCheck: false,
    });
    expect(await wayOut()).toEqual([`0.0.0.0/0 ${one.instanceId}`]);
  });
});
