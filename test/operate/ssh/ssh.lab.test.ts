import { chmod, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  AuthorizeSecurityGroupEgressCommand,
  DeleteInstanceConnectEndpointCommand,
  DescribeInstanceConnectEndpointsCommand,
  type EC2Client,
} from '@aws-sdk/client-ec2';
import { App, LegacyStackSynthesizer } from 'aws-cdk-lib';
import spawn, { type SubprocessError } from 'nano-spawn';
import { Forward } from '../../../lib/forward/forward';
import { readFound } from '../../../lib/operate/found';
import { readPromised } from '../../../lib/operate/promised';
import { differences } from '../../../lib/operate/verify';
import { PortwayStack } from '../../../lib/portway-stack';
import { cdk } from '../../../rehearsal/src/aws/cdk';
import { ec2Client } from '../../../rehearsal/src/aws/client';
import { type Deployed, readDeployed } from '../../../rehearsal/src/aws/deployed';
import { type StartedEndpoint, startEndpoint } from '../../../rehearsal/src/aws/endpoint';
import { report } from '../../../rehearsal/test/support/report';
import { PUBLIC_KEY } from '../../snapshots/canonical';
import { featureFlags } from '../../snapshots/synthesize';

/*
 * A stack with an EC2 Instance Connect Endpoint, deployed by the real CLI to the local endpoint, which makes, describes and deletes
 * such a resource but carries no connection: a stand-in for the AWS CLI takes its place.
 */
jest.setTimeout(180_000);

let folder: string;
let app: string;
let endpoint: StartedEndpoint;
let client: EC2Client;
let host: Deployed;

const run = (...args: string[]) => cdk(args, { endpoint, folder, log: join(folder, 'cdk.log'), app });

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'portway-ssh-lab-'));
  endpoint = await startEndpoint({ folder });
  client = ec2Client(endpoint);
  app = join(folder, 'app');
  const one = new App({ outdir: app, context: { ...featureFlags(), '@aws-cdk/core:target-partitions': ['aws'] } });
  new PortwayStack(one, 'Portway', {
    ...{ ssh: 'endpoint', sshPublicKey: PUBLIC_KEY, engine: 'iptables', onChange: 'restart' },
    forwards: { web: Forward.tcp({ listen: 80, to: 8080 }) },
    synthesizer: new LegacyStackSynthesizer() as never,
  });
  one.synth();
  const { finished } = run('deploy', 'Portway', '--require-approval', 'never');
  host = await readDeployed(endpoint, 'Portway');
  await report(endpoint, host, 'SUCCESS');
  await finished;
});

afterAll(async () => {
  client?.destroy();
  await endpoint?.stop();
  await rm(folder, { recursive: true, force: true });
});

async function portway(...words: string[]): Promise<{ code: number; stdout: string; stderr: string }> {
  const command = ['--import', 'tsx', 'bin/portway.ts', 'ssh', '--app', `cp -r ${app}/. "$CDK_OUTDIR"`, ...words];
  const PATH = `${folder}:${process.env.PATH}`;
  try {
    const { stdout, stderr } = await spawn(process.execPath, command, {
      env: { ...endpoint.env, TMPDIR: folder, PATH },
    });
    return { code: 0, stdout, stderr };
  } catch (error) {
    const { exitCode = -1, stdout, stderr } = error as SubprocessError;
    return { code: exitCode, stdout, stderr };
  }
}

test('portway ssh finds the host, and tunnels to it', async () => {
  const { code, stdout } = await portway('--print', '--', 'sudo', 'portway', 'status');
  expect(code).toBe(0);
  expect(stdout).toMatch(
    /^ssh -o 'ProxyCommand=aws ec2-instance-connect open-tunnel --instance-id %h( --region [\w-]+)?' /,
  );
  expect(stdout).toMatch(new RegExp(` admin@${host.instanceId} sudo portway status$`));

  const aws = join(folder, 'aws');
  const denied = 'User: me is not authorized to perform: ec2-instance-connect:OpenTunnel on resource: eice-1';
  await writeFile(aws, `#!/bin/sh\necho "$@" >'${aws}.args'\necho '${denied}' >&2\nexit 254\n`);
  await chmod(aws, 0o755);
  const refused = await portway('--', 'id');
  expect(await readFile(`${aws}.args`, 'utf8')).toContain(`open-tunnel --instance-id ${host.instanceId}`);
  expect(refused.code).toBe(255);
  expect(refused.stderr).toMatch(/portway: AWS refuses it: you need the right ec2-instance-connect:OpenTunnel/);
});

test('portway verify finds no difference, then an open group of the endpoint, then that the endpoint is gone', async () => {
  const [promised] = await readPromised(app, undefined);
  if (promised === undefined) throw new Error('no gateway');
  const look = async () => differences(promised, await readFound(promised, client));
  expect(await look()).toEqual([]);

  const { InstanceConnectEndpoints: [found] = [] } = await client.send(new DescribeInstanceConnectEndpointsCommand({}));
  const everything = { IpProtocol: '-1', IpRanges: [{ CidrIp: '0.0.0.0/0' }] };
  const GroupId = found?.SecurityGroupIds?.[0];
  await client.send(new AuthorizeSecurityGroupEgressCommand({ GroupId, IpPermissions: [everything] }));
  expect(await look()).toEqual([
    `the group of ${found?.InstanceConnectEndpointId} lets all out to 0.0.0.0/0, which was not promised`,
  ]);

  const InstanceConnectEndpointId = found?.InstanceConnectEndpointId;
  await client.send(new DeleteInstanceConnectEndpointCommand({ InstanceConnectEndpointId }));
  expect(await look()).toEqual(['the VPC must have an EC2 Instance Connect Endpoint, and has none: nobody can log in']);
});
