import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  AllocateAddressCommand,
  AssociateRouteTableCommand,
  AttachInternetGatewayCommand,
  AuthorizeSecurityGroupIngressCommand,
  CreateInternetGatewayCommand,
  CreateRouteCommand,
  CreateRouteTableCommand,
  CreateSecurityGroupCommand,
  CreateSubnetCommand,
  CreateVpcCommand,
  DescribeAddressesCommand,
  type EC2Client,
} from '@aws-sdk/client-ec2';
import {
  App,
  aws_ec2 as ec2,
  type IStackSynthesizer,
  aws_iam as iam,
  LegacyStackSynthesizer,
  aws_route53 as route53,
  Stack,
} from 'aws-cdk-lib';
import spawn, { type SubprocessError } from 'nano-spawn';
import { Forward } from '../../lib/forward/forward';
import { allInstances, describeInstance, ofStack } from '../../lib/operate/instance';
import { PortGateway } from '../../lib/port-gateway';
import { cdk } from '../../rehearsal/src/aws/cdk';
import { ec2Client } from '../../rehearsal/src/aws/client';
import { type StartedEndpoint, startEndpoint } from '../../rehearsal/src/aws/endpoint';
import { reportAll } from '../../rehearsal/test/support/report-all';
import { PUBLIC_KEY } from '../snapshots/canonical';
import { featureFlags } from '../snapshots/synthesize';

/*
 * A gateway beside what a team has already, deployed with the real CLI against the local endpoint. No host is booted; the test reports
 * instead.
 */
jest.setTimeout(300_000);

let folder: string;
let endpoint: StartedEndpoint;
let client: EC2Client;
let team: Awaited<ReturnType<typeof makeTeam>>;

/** A network of two subnets, a group that admits monitoring, and an address, all made by hand. */
async function makeTeam() {
  const { Vpc } = await client.send(new CreateVpcCommand({ CidrBlock: '10.1.0.0/16' }));
  const vpcId = Vpc?.VpcId as string;
  const { InternetGateway } = await client.send(new CreateInternetGatewayCommand({}));
  await client.send(
    new AttachInternetGatewayCommand({ InternetGatewayId: InternetGateway?.InternetGatewayId, VpcId: vpcId }),
  );
  const subnet = async (CidrBlock: string) =>
    (await client.send(new CreateSubnetCommand({ VpcId: vpcId, CidrBlock }))).Subnet?.SubnetId as string;
  const publicSubnetIds = [await subnet('10.1.0.0/24'), await subnet('10.1.1.0/24')];
  const { RouteTable } = await client.send(new CreateRouteTableCommand({ VpcId: vpcId }));
  const RouteTableId = RouteTable?.RouteTableId as string;
  const out = { DestinationCidrBlock: '0.0.0.0/0', GatewayId: InternetGateway?.InternetGatewayId };
  await client.send(new CreateRouteCommand({ RouteTableId, ...out }));
  for (const SubnetId of publicSubnetIds) await client.send(new AssociateRouteTableCommand({ RouteTableId, SubnetId }));
  const { GroupId = '' } = await client.send(
    new CreateSecurityGroupCommand({ VpcId: vpcId, GroupName: 'monitoring', Description: 'monitoring' }),
  );
  const monitoring = { IpProtocol: 'tcp', FromPort: 9100, ToPort: 9100, IpRanges: [{ CidrIp: '10.1.9.0/24' }] };
  await client.send(new AuthorizeSecurityGroupIngressCommand({ GroupId, IpPermissions: [monitoring] }));
  const { AllocationId = '', PublicIp = '' } = await client.send(new AllocateAddressCommand({ Domain: 'vpc' }));
  return { vpcId, publicSubnetIds, groupId: GroupId, eip: { allocationId: AllocationId, publicIp: PublicIp } };
}

function synth(name: string, names: readonly string[], publicIp = team.eip.publicIp): string {
  const outdir = join(folder, name);
  const app = new App({ outdir, context: { ...featureFlags(), '@aws-cdk/core:target-partitions': ['aws'] } });
  const legacy = () => ({ synthesizer: new LegacyStackSynthesizer() as IStackSynthesizer });
  const access = new Stack(app, 'Access', legacy());
  const role = new iam.Role(access, 'Role', { assumedBy: new iam.ServicePrincipal('ec2.amazonaws.com') });
  const stack = new Stack(app, 'Team', legacy());
  new PortGateway(stack, 'Gateway', {
    vpc: ec2.Vpc.fromVpcAttributes(stack, 'Vpc', {
      ...{ vpcId: team.vpcId, publicSubnetIds: [...team.publicSubnetIds] },
      publicSubnetRouteTableIds: ['rtb-1', 'rtb-2'],
      availabilityZones: ['us-east-1a', 'us-east-1b'],
    }),
    vpcSubnets: { availabilityZones: ['us-east-1b'] },
    securityGroups: [ec2.SecurityGroup.fromSecurityGroupId(stack, 'Monitoring', team.groupId)],
    eip: { ...team.eip, publicIp },
    dns: { zone: new route53.PublicHostedZone(stack, 'Zone', { zoneName: 'example.com' }), names },
    role,
    ...{ adminCidr: '203.0.113.7/32', sshPublicKey: PUBLIC_KEY, engine: 'iptables' },
    forwards: { web: Forward.tcp({ listen: 80, to: 8080 }) },
  });
  app.synth();
  return outdir;
}

const run = (args: readonly string[], app: string) =>
  cdk(args, { endpoint, folder, log: join(folder, 'cdk.log'), app }).finished;

async function portway(assembly: string, ...args: string[]): Promise<{ code: number; text: string }> {
  const command = ['bin/portway.js', ...args, '--app', `cp -r ${assembly}/. "$CDK_OUTDIR"`];
  try {
    return { code: 0, text: (await spawn(process.execPath, command, { env: endpoint.env })).output };
  } catch (error) {
    const { exitCode = -1, output } = error as SubprocessError;
    return { code: exitCode, text: output };
  }
}

/** The A records that Route 53 has, by name. */
async function records(): Promise<Readonly<Record<string, string>>> {
  const headers = { Authorization: 'AWS4-HMAC-SHA256 Credential=test/20260101/us-east-1/route53/aws4_request' };
  const read = async (path: string) => (await fetch(`${endpoint.url}/2013-04-01/${path}`, { headers })).text();
  const [, zone = ''] = /<Id>\/hostedzone\/(\w+)<\/Id>/.exec(await read('hostedzone')) ?? [];
  const sets = (await read(`hostedzone/${zone}/rrset`)).match(/<ResourceRecordSet>.*?<\/ResourceRecordSet>/gs) ?? [];
  const part = (set: string, name: string) => new RegExp(`<${name}>([^<]*)</${name}>`).exec(set)?.[1] ?? '';
  return Object.fromEntries(
    sets.filter((set) => part(set, 'Type') === 'A').map((set) => [part(set, 'Name'), part(set, 'Value')]),
  );
}

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'portway-existing-'));
  endpoint = await startEndpoint({ folder });
  client = ec2Client(endpoint);
  team = await makeTeam();
});

afterAll(async () => {
  client?.destroy();
  await endpoint?.stop();
  await rm(folder, { recursive: true, force: true });
});

test("takes over a team's address in a chosen subnet, with its groups, names and role, and leaves them at the end", async () => {
  const first = synth('first', ['www.example.com']);
  const deploying = run(['deploy', '--all', '--require-approval', 'never'], first);
  expect((await reportAll(endpoint, 'Team', join(first, 'Team.template.json'), deploying)).size).toBe(1);
  const host = (await allInstances(client)).find((one) => ofStack(one, 'Team'));
  const { subnetCidr, securityGroups } = await describeInstance(client, host as never);
  expect(subnetCidr).toBe('10.1.1.0/24');
  expect(securityGroups.map(({ id }) => id)).toContain(team.groupId);
  expect(host?.IamInstanceProfile).toBeDefined();
  const associated = async () =>
    (await client.send(new DescribeAddressesCommand({ PublicIps: [team.eip.publicIp] }))).Addresses?.[0];
  expect(await associated()).toMatchObject({ InstanceId: host?.InstanceId });
  expect(await records()).toEqual({ 'www.example.com.': team.eip.publicIp });

  // The rules of a team's own group are none of the gateway's business.
  expect(await portway(first, 'verify', '--no-probe')).toEqual({
    code: 0,
    text: expect.stringMatching(
      new RegExp(`^Team/Gateway: ${host?.InstanceId} at ${team.eip.publicIp} is as the app says; its host reported`),
    ),
  });
  expect((await portway(synth('wrong', ['www.example.com'], '192.0.2.9'), 'verify', '--no-probe')).text).toContain(
    `- eip.publicIp must be ${team.eip.publicIp}, the address of its allocation, got: 192.0.2.9`,
  );

  const second = synth('second', ['*.apps.example.com', 'example.com']);
  const told = await portway(second, 'plan', 'Team', '--against', 'deployed');
  expect(told.text).toMatch(/^dns .* nothing$/m);
  expect(told.text).toContain('In all: nothing. The host is not touched, and no request is lost. The address stays.');
  await run(['deploy', 'Team', '--require-approval', 'never'], second);
  expect(await records()).toEqual({
    '*.apps.example.com.': team.eip.publicIp,
    'example.com.': team.eip.publicIp,
  });
  expect(await associated()).toMatchObject({ InstanceId: host?.InstanceId });

  await run(['destroy', '--all', '--force'], second);
  expect(await associated()).toMatchObject({ AllocationId: team.eip.allocationId });
  expect((await associated())?.InstanceId ?? '').toBe('');
});
