import { chmod, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import {
  AuthorizeSecurityGroupEgressCommand,
  DeleteInstanceConnectEndpointCommand,
  DescribeInstanceConnectEndpointsCommand,
  type EC2Client,
} from '@aws-sdk/client-ec2';
import { readFound } from '../../../lib/operate/found';
import { readPromised } from '../../../lib/operate/promised';
import { differences } from '../../../lib/operate/verify';
import { ec2Client } from '../../../rehearsal/src/aws/client';
import { PUBLIC_KEY } from '../../snapshots/canonical';
import { DeployedEndpoint } from './support/deployed';

/*
 * A stack with an EC2 Instance Connect Endpoint, deployed by the real CLI to the local endpoint, which makes, describes and deletes
 * such a resource but carries no connection: a stand-in for the AWS CLI takes its place. tunnel.lab.test.ts logs in.
 */
jest.setTimeout(180_000);

let deployed: DeployedEndpoint;
let client: EC2Client;

beforeAll(async () => {
  deployed = await DeployedEndpoint.create(async () => PUBLIC_KEY);
  client = ec2Client(deployed.endpoint);
});

afterAll(async () => {
  client?.destroy();
  await deployed?.end();
});

test('portway ssh finds the host, and tunnels to it', async () => {
  const { code, stdout } = await deployed.portway(['--print', '--', 'sudo', 'portway', 'status']);
  expect(code).toBe(0);
  expect(stdout).toMatch(
    /^ssh -o 'ProxyCommand=aws ec2-instance-connect open-tunnel --instance-id %h( --region [\w-]+)?' /,
  );
  expect(stdout).toMatch(new RegExp(` admin@${deployed.host.instanceId} sudo portway status$`));

  const aws = join(deployed.folder, 'aws');
  const denied = 'User: me is not authorized to perform: ec2-instance-connect:OpenTunnel on resource: eice-1';
  await writeFile(aws, `#!/bin/sh\necho "$@" >'${aws}.args'\necho '${denied}' >&2\nexit 254\n`);
  await chmod(aws, 0o755);
  const refused = await deployed.portway(['--', 'id']);
  expect(await readFile(`${aws}.args`, 'utf8')).toContain(`open-tunnel --instance-id ${deployed.host.instanceId}`);
  expect(refused.code).toBe(255);
  expect(refused.stderr).toMatch(/portway: AWS refuses it: you need the right ec2-instance-connect:OpenTunnel/);
});

test('portway verify finds no difference, then an open group of the endpoint, then that the endpoint is gone', async () => {
  const [promised] = await readPromised(deployed.app, undefined);
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
