import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  AuthorizeSecurityGroupIngressCommand,
  DescribeAddressesCommand,
  DisassociateAddressCommand,
  type EC2Client,
} from '@aws-sdk/client-ec2';
import { App, aws_ec2 as ec2, Stack, Stage } from 'aws-cdk-lib';
import { CloudAssembly } from 'aws-cdk-lib/cx-api';
import spawn, { type SubprocessError } from 'nano-spawn';
import { Forward } from '../../lib/forward/forward';
import { allInstances } from '../../lib/operate/instance';
import { PortGateway } from '../../lib/port-gateway';
import { PortwayStack } from '../../lib/portway-stack';
import { BOOTSTRAP, cdk } from '../../rehearsal/src/aws/cdk';
import { ec2Client } from '../../rehearsal/src/aws/client';
import { readDeployed } from '../../rehearsal/src/aws/deployed';
import { type StartedEndpoint, startEndpoint } from '../../rehearsal/src/aws/endpoint';
import { reportAll } from '../../rehearsal/test/support/report-all';
import { PUBLIC_KEY } from '../snapshots/canonical';
import { featureFlags } from '../snapshots/synthesize';
import { schemaErrors } from '../support/json-schema';

/*
 * The real command against the local endpoint, after a deploy with the real CLI. No host is booted; the test reports instead.
 */
jest.setTimeout(180_000);

let folder: string;
let endpoint: StartedEndpoint;
let client: EC2Client;
let deployed: string;

function synth(name: string, to: number): string {
  const outdir = join(folder, name);
  const app = new App({ outdir, context: { ...featureFlags(), '@aws-cdk/core:target-partitions': ['aws'] } });
  new PortwayStack(app, 'Portway', {
    ...{ adminCidr: '203.0.113.7/32', sshPublicKey: PUBLIC_KEY, engine: 'iptables', ipv6: true, ping: true },
    forwards: {
      web: Forward.tcp({ listen: 80, to }),
      few: Forward.udp({
        listen: '6000-6010',
        to: '10.0.1.20:6000-6010',
        family: 'ipv4',
        allowFrom: ['198.51.100.0/24'],
      }),
    },
  });
  app.synth();
  return outdir;
}

/** No host is there to answer. */
const NO_PROBE = ['--no-probe'];

/** The command for an app that is already synthesized. */
function verify(assembly: string, env = endpoint.env): Promise<{ code: number; text: string }> {
  return portway('verify', assembly, NO_PROBE, env);
}

async function portway(name: string, assembly: string, args: readonly string[], env = endpoint.env) {
  const command = ['bin/portway.js', name, ...args, '--app', `cp -r ${assembly}/. "$CDK_OUTDIR"`];
  try {
    return { code: 0, text: (await spawn(process.execPath, command, { env })).output };
  } catch (error) {
    const { exitCode = -1, output } = error as SubprocessError;
    return { code: exitCode, text: output };
  }
}

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'portway-verify-'));
  endpoint = await startEndpoint({ folder });
  client = ec2Client(endpoint);
  deployed = synth('deployed', 8080);
  // Live changes of a dual-stack gateway do not fit into a template without a bucket.
  await cdk(BOOTSTRAP, { endpoint, folder, log: join(folder, 'bootstrap.log'), app: deployed }).finished;
  const args = ['deploy', 'Portway', '--require-approval', 'never'];
  const { finished } = cdk(args, { endpoint, folder, log: join(folder, 'cdk.log'), app: deployed });
  await reportAll(endpoint, 'Portway', join(deployed, 'Portway.template.json'), finished);
});

afterAll(async () => {
  client?.destroy();
  await endpoint?.stop();
  await rm(folder, { recursive: true, force: true });
});

test('finds no differences in an unchanged gateway', async () => {
  expect(await verify(deployed)).toEqual({
    code: 0,
    text: expect.stringMatching(/^Portway: i-\w+ at [\d.]+ is as the app says; its host reported so at 20\S+Z$/),
  });
  const { code, text } = await portway('verify', deployed, [...NO_PROBE, '--json']);
  expect(code).toBe(0);
  expect(schemaErrors('verify', text)).toEqual([]);
  expect(JSON.parse(text)).toEqual({
    Portway: {
      address: expect.stringMatching(/^[\d.]+$/),
      instanceId: expect.stringMatching(/^i-\w+$/),
      reported: expect.stringMatching(/^20\S+Z$/),
      ...{ differences: [], notes: [] },
    },
  });
});

test('looks at the gateway as a stranger does, unless this network answers for everyone', async () => {
  const { text } = await portway('verify', deployed, []);
  expect(text).toMatch(
    /^(- forwards\.web at [\d.]+:80 does not answer from here: |note: this network answers for every)/m,
  );
});

test('says that an app is not deployed yet, and what tells more', async () => {
  const changed = synth('changed', 9090);
  const { code, text } = await verify(changed);
  expect(code).toBe(1);
  expect(text).toMatch(
    /^- content \(tag portway:content; `portway plan --against deployed` tells what differs\) of i-\w+ must be [0-9a-f]{64}, got: [0-9a-f]{64}$/m,
  );
  expect((await portway('plan', changed, ['--against', 'deployed'])).text).toMatch(
    /^forward web +to 8080 -> 9090 +live$/m,
  );
});

test('asks for a region', async () => {
  const { AWS_REGION, AWS_DEFAULT_REGION, ...env } = endpoint.env;
  expect(await verify(deployed, { ...env, AWS_REGION: '', AWS_DEFAULT_REGION: '' })).toEqual({
    code: 2,
    text: 'the region must be set: in AWS_REGION, in the AWS profile, or in env of the stack',
  });
});

test('reports a port that was opened by hand, and a removed address', async () => {
  const { securityGroups } = await readDeployed(endpoint, 'Portway');
  const opened = { IpProtocol: 'tcp', FromPort: 8080, ToPort: 8080, IpRanges: [{ CidrIp: '0.0.0.0/0' }] };
  const GroupId = securityGroups[0]?.id ?? '';
  await client.send(new AuthorizeSecurityGroupIngressCommand({ GroupId, IpPermissions: [opened] }));
  expect(await verify(deployed)).toEqual({
    code: 1,
    text: `Portway: NOT AS THE APP SAYS
- the security group lets tcp 8080 through from 0.0.0.0/0 (inbound), which was not promised`,
  });
  const json = await portway('verify', deployed, [...NO_PROBE, '--json']);
  expect(schemaErrors('verify', json.text)).toEqual([]);
  expect([json.code, JSON.parse(json.text).Portway.differences]).toEqual([
    1,
    ['the security group lets tcp 8080 through from 0.0.0.0/0 (inbound), which was not promised'],
  ]);
  const { publicIp } = await readDeployed(endpoint, 'Portway');
  const { Addresses = [] } = await client.send(new DescribeAddressesCommand({ PublicIps: [publicIp] }));
  await client.send(new DisassociateAddressCommand({ AssociationId: Addresses[0]?.AssociationId }));
  expect((await verify(deployed)).text).toContain(`the address ${publicIp} leads to no instance of Portway`);
});

/** A team's stack in a stage: two gateways beside another instance, which has an address too. */
function synthTeam(): string {
  const outdir = join(folder, 'team');
  const app = new App({ outdir, context: { ...featureFlags(), '@aws-cdk/core:target-partitions': ['aws'] } });
  const stack = new Stack(new Stage(app, 'Prod'), 'Team');
  const vpc = new ec2.Vpc(stack, 'Vpc', { maxAzs: 1, natGateways: 0, restrictDefaultSecurityGroup: false });
  const [subnet] = vpc.publicSubnets;
  const bastion = new ec2.CfnInstance(stack, 'Bastion', {
    imageId: 'ami-0123456789abcdef0',
    subnetId: subnet?.subnetId as string,
  });
  const { attrAllocationId: allocationId } = new ec2.CfnEIP(stack, 'Address', { domain: 'vpc' });
  const association = new ec2.CfnEIPAssociation(stack, 'Association', { allocationId, instanceId: bastion.ref });
  association.node.addDependency(subnet?.internetConnectivityEstablished as never);
  for (const [id, listen] of Object.entries({ Game: 27015, Web: 80 }))
    new PortGateway(stack, id, {
      ...{ vpc, adminCidr: '203.0.113.7/32', sshPublicKey: PUBLIC_KEY, engine: 'iptables' },
      forwards: { own: Forward.tcp({ listen, to: 8080 }) },
    });
  app.synth();
  return outdir;
}

test("finds each gateway of a team's stack in a stage, among other instances and addresses", async () => {
  const team = synthTeam();
  const args = ['deploy', 'Prod/Team', '--require-approval', 'never'];
  const { finished } = cdk(args, { endpoint, folder, log: join(folder, 'team.log'), app: team });
  const template = new CloudAssembly(team)
    .getNestedAssembly('assembly-Prod')
    .getStackByName('Prod-Team').templateFullPath;
  expect((await reportAll(endpoint, 'Prod-Team', template, finished)).size).toBe(2);
  const { code, text } = await verify(team);
  expect(text.split('\n')).toEqual(
    ['Game', 'Web'].map((id) =>
      expect.stringMatching(
        new RegExp(`^Prod/Team/${id}: i-\\w+ at [\\d.]+ is as the app says; its host reported so at 20\\S+Z$`),
      ),
    ),
  );
  expect(code).toBe(0);
  const addresses = text.match(/\d+\.\d+\.\d+\.\d+/g);
  expect(new Set(addresses).size).toBe(2);
  expect(await portway('plan', team, ['Prod/Team/Web', '--json'])).toMatchObject({
    code: 0,
    text: expect.stringMatching(/^\{\n {2}"Prod\/Team\/Web": /),
  });
  const logs = await portway('logs', team, ['Prod/Team/Web']);
  expect(logs.text).toMatch(/^Prod-Team is CREATE_COMPLETE\nconsole of i-\w+ \(running\): EC2 has no text of it yet$/);

  // Someone opens a port of one gateway only.
  const [, web = ''] = /Web: (i-\w+)/.exec(text) ?? [];
  const host = (await allInstances(client)).find(({ InstanceId }) => InstanceId === web);
  const GroupId = host?.SecurityGroups?.[0]?.GroupId ?? '';
  const opened = { IpProtocol: 'tcp', FromPort: 8080, ToPort: 8080, IpRanges: [{ CidrIp: '0.0.0.0/0' }] };
  await client.send(new AuthorizeSecurityGroupIngressCommand({ GroupId, IpPermissions: [opened] }));
  expect(await verify(team)).toEqual({
    code: 1,
    text: expect.stringMatching(
      /^Prod\/Team\/Game: .* is as the app says; .*\nProd\/Team\/Web: NOT AS THE APP SAYS\n- the security group lets tcp 8080 /,
    ),
  });
});
