import { readFile } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import {
  type Address,
  DescribeAddressesCommand,
  DescribeInstanceAttributeCommand,
  DescribeInstancesCommand,
  DescribeKeyPairsCommand,
  DescribeSecurityGroupsCommand,
  DescribeSubnetsCommand,
  DescribeVpcsCommand,
  type EC2Client,
  type Instance,
} from '@aws-sdk/client-ec2';
import { ec2Client } from './client';
import type { Endpoint } from './endpoint';
import { groupRules, type SecurityGroupRules } from './security-group';

/** The gateway as the EC2 API describes it: the only thing the lab builds from. */
export interface Deployed {
  readonly instanceId: string;
  readonly instanceType: string;
  readonly architecture: string;
  /** When the instance was launched or last started: a stop and start for new user-data moves it. */
  readonly launchTime: Date;
  readonly privateIp: string;
  /** Its IPv6 address, the same inside and outside of the VPC; undefined without IPv6. */
  readonly ipv6?: string;
  /** The Elastic IP, whether it is associated already or not. */
  readonly publicIp: string;
  /** True once the Elastic IP points at this instance. */
  readonly associated: boolean;
  /** The exact bytes that the instance's metadata service serves. */
  readonly userData: Buffer;
  /** The key pair's public key in OpenSSH format; undefined without a key pair. */
  readonly publicKey?: string;
  readonly rootDevice: string;
  readonly sourceDestCheck: boolean;
  readonly securityGroups: SecurityGroupRules[];
  readonly httpTokens: string;
  readonly hopLimit: number;
  readonly subnetCidr: string;
  readonly vpcCidr: string;
  /** The IPv6 ranges: a /64 of the VPC's /56. Undefined without IPv6. */
  readonly subnetCidr6?: string;
  readonly vpcCidr6?: string;
  /** The stack's outputs; empty until the deploy has finished. */
  readonly outputs: Readonly<Record<string, string>>;
}

export interface ReadOptions {
  /** Seconds to wait for the instance and its address. Default: 120. */
  readonly timeout?: number;
  /** The CLI's `--outputs-file`. Default: none, and `outputs` is empty. */
  readonly outputsFile?: string;
  /** Give up at once (for example because the deploy failed). */
  readonly abort?: AbortSignal;
  /** Wait for another instance, or a later start, than this one: to read a changed stack. */
  readonly after?: Pick<Deployed, 'instanceId' | 'launchTime'>;
}

const STACK_TAG = 'aws:cloudformation:stack-name';

/**
 * Read the deployed gateway back. A deploy blocks until the host signals, so this waits until instance and Elastic IP
 * are there and does not need the deploy to end.
 * @throws Error when they do not appear in time; the abort's reason when aborted.
 */
export async function readDeployed(
  endpoint: Endpoint,
  stackName: string,
  options: ReadOptions = {},
): Promise<Deployed> {
  const client = ec2Client(endpoint);
  try {
    const { instance, address } = await appear(client, stackName, options);
    return await describe(client, stackName, instance, address, options.outputsFile);
  } finally {
    client.destroy();
  }
}

interface Found {
  readonly instance: Instance;
  readonly address: Address;
}

async function appear(client: EC2Client, stackName: string, options: ReadOptions): Promise<Found> {
  const timeout = options.timeout ?? 120;
  const end = Date.now() + timeout * 1000;
  for (;;) {
    options.abort?.throwIfAborted();
    const instance = (await instances(client, stackName)).find((one) => isNew(one, options.after));
    const address = (await client.send(new DescribeAddressesCommand({}))).Addresses?.find((one) =>
      tagged(one, stackName),
    );
    if (instance !== undefined && address !== undefined) return { instance, address };
    if (Date.now() > end) {
      const missing = instance === undefined ? 'running instance' : 'Elastic IP';
      throw new Error(`stack ${stackName} has no ${missing} after ${timeout} s: look at the deploy's log`);
    }
    await sleep(250, undefined, options.abort ? { signal: options.abort } : {});
  }
}

/** The stack's running instances, the latest start first: while one is replaced there are two. */
async function instances(client: EC2Client, stackName: string): Promise<Instance[]> {
  const { Reservations = [] } = await client.send(new DescribeInstancesCommand({}));
  return Reservations.flatMap((reservation) => reservation.Instances ?? [])
    .filter((one) => tagged(one, stackName) && ['pending', 'running'].includes(one.State?.Name ?? ''))
    .sort((a, b) => started(b) - started(a));
}

function isNew(instance: Instance, after: ReadOptions['after']): boolean {
  return (
    after === undefined || instance.InstanceId !== after.instanceId || started(instance) > after.launchTime.getTime()
  );
}

function started(instance: Instance): number {
  return instance.LaunchTime?.getTime() ?? 0;
}

function tagged(
  resource: { Tags?: { Key?: string | undefined; Value?: string | undefined }[] | undefined },
  stackName: string,
) {
  return resource.Tags?.some((tag) => tag.Key === STACK_TAG && tag.Value === stackName) ?? false;
}

async function describe(
  client: EC2Client,
  stackName: string,
  instance: Instance,
  address: Address,
  outputsFile: string | undefined,
): Promise<Deployed> {
  const instanceId = given(instance.InstanceId, 'instance id');
  const groupIds = (instance.SecurityGroups ?? []).map((group) => given(group.GroupId, 'security group id'));
  const [attribute, groups, subnets, vpcs, publicKey, outputs] = await Promise.all([
    client.send(new DescribeInstanceAttributeCommand({ InstanceId: instanceId, Attribute: 'userData' })),
    client.send(new DescribeSecurityGroupsCommand({ GroupIds: groupIds })),
    client.send(new DescribeSubnetsCommand({ SubnetIds: [given(instance.SubnetId, 'subnet id')] })),
    client.send(new DescribeVpcsCommand({ VpcIds: [given(instance.VpcId, 'VPC id')] })),
    instance.KeyName ? keyMaterial(client, instance.KeyName) : undefined,
    outputsFile ? readOutputs(outputsFile, stackName) : {},
  ]);
  const [subnet] = subnets.Subnets ?? [];
  const [vpc] = vpcs.Vpcs ?? [];
  const subnetCidr6 = subnet?.Ipv6CidrBlockAssociationSet?.[0]?.Ipv6CidrBlock;
  const vpcCidr6 = vpc?.Ipv6CidrBlockAssociationSet?.[0]?.Ipv6CidrBlock;
  return {
    instanceId,
    instanceType: given(instance.InstanceType, 'instance type'),
    architecture: given(instance.Architecture, 'architecture'),
    launchTime: given(instance.LaunchTime, 'launch time'),
    privateIp: given(instance.PrivateIpAddress, 'private address'),
    ...(instance.Ipv6Address === undefined ? {} : { ipv6: instance.Ipv6Address }),
    publicIp: given(address.PublicIp, 'public address'),
    associated: address.InstanceId === instanceId,
    userData: Buffer.from(attribute.UserData?.Value ?? '', 'base64'),
    ...(publicKey ? { publicKey } : {}),
    rootDevice: given(instance.RootDeviceName, 'root device'),
    sourceDestCheck: instance.SourceDestCheck ?? true,
    securityGroups: (groups.SecurityGroups ?? []).map(groupRules),
    httpTokens: given(instance.MetadataOptions?.HttpTokens, 'metadata option HttpTokens'),
    hopLimit: given(instance.MetadataOptions?.HttpPutResponseHopLimit, 'metadata hop limit'),
    subnetCidr: given(subnet?.CidrBlock, 'subnet CIDR'),
    vpcCidr: given(vpc?.CidrBlock, 'VPC CIDR'),
    ...(subnetCidr6 === undefined ? {} : { subnetCidr6 }),
    ...(vpcCidr6 === undefined ? {} : { vpcCidr6 }),
    outputs,
  };
}

async function keyMaterial(client: EC2Client, name: string): Promise<string | undefined> {
  const answer = await client.send(new DescribeKeyPairsCommand({ KeyNames: [name], IncludePublicKey: true }));
  return answer.KeyPairs?.[0]?.PublicKey?.trim();
}

/** The outputs of a stack from the CLI's `--outputs-file`; empty when the deploy has not written it yet. */
export async function readOutputs(file: string, stackName: string): Promise<Readonly<Record<string, string>>> {
  const text = await readFile(file, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return '{}';
    throw error;
  });
  return (JSON.parse(text) as Record<string, Record<string, string>>)[stackName] ?? {};
}

function given<T>(value: T | undefined, what: string): T {
  if (value === undefined) throw new Error(`the EC2 API of the endpoint tells no ${what} of the instance`);
  return value;
}
