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
  paginateDescribeInstances,
} from '@aws-sdk/client-ec2';
import { groupRules, type SecurityGroupRules } from './security-group';

/** An instance as the EC2 API describes it. The rehearsal builds its lab from nothing else. */
export interface DescribedInstance {
  readonly instanceId: string;
  readonly instanceType: string;
  readonly architecture: string;
  /** When the instance was launched or last started: a stop and start for new user-data moves it. */
  readonly launchTime: Date;
  readonly privateIp: string;
  /** Its IPv6 address, the same inside and outside of the VPC; undefined without IPv6. */
  readonly ipv6?: string;
  /** The exact bytes that the instance's metadata service serves. */
  readonly userData: Buffer;
  /** The key pair's public key in OpenSSH format; undefined without a key pair. */
  readonly publicKey?: string;
  readonly rootDevice: string;
  readonly sourceDestCheck: boolean;
  readonly securityGroups: SecurityGroupRules[];
  readonly httpTokens: string;
  readonly hopLimit: number;
  /** The tags that its metadata service tells, by key; undefined where it tells none (`InstanceMetadataTags`). */
  readonly metadataTags?: Readonly<Record<string, string>>;
  readonly subnetCidr: string;
  readonly vpcCidr: string;
  /** The IPv6 ranges: a /64 of the VPC's /56. Undefined without IPv6. */
  readonly subnetCidr6?: string;
  readonly vpcCidr6?: string;
}

/** The tag that CloudFormation puts on a stack's resources. */
export const STACK_TAG = 'aws:cloudformation:stack-name';

/** The tag with a resource's logical id in its template. */
const LOGICAL_ID_TAG = 'aws:cloudformation:logical-id';

interface Tagged {
  readonly Tags?: readonly { readonly Key?: string | undefined; readonly Value?: string | undefined }[] | undefined;
}

/** A resource's logical id in the template of its stack; undefined if it does not tell. */
export function logicalId({ Tags = [] }: Tagged): string | undefined {
  return Tags.find(({ Key }) => Key === LOGICAL_ID_TAG)?.Value;
}

/** A logical id without the hash of user-data, which the CDK adds to that of an instance that is replaced with it. */
export function stemOf(id: string): string {
  return id.replace(/(?<=[0-9A-F]{8})[0-9a-f]{16}$/, '');
}

/** Whether a resource belongs to a stack. */
export function ofStack(resource: Tagged, stackName: string): boolean {
  return resource.Tags?.some((tag) => tag.Key === STACK_TAG && tag.Value === stackName) ?? false;
}

/** All instances in the region, in any state. */
export async function allInstances(client: EC2Client): Promise<Instance[]> {
  const { Reservations = [] } = await client.send(new DescribeInstancesCommand({}));
  return Reservations.flatMap((reservation) => reservation.Instances ?? []);
}

/** All instances of a stack, in any state. */
export async function stackInstances(client: EC2Client, stackName: string): Promise<readonly Instance[]> {
  const all: Instance[] = [];
  const Filters = [{ Name: `tag:${STACK_TAG}`, Values: [stackName] }];
  for await (const { Reservations = [] } of paginateDescribeInstances({ client }, { Filters }))
    all.push(...Reservations.flatMap(({ Instances = [] }) => Instances));
  return all.filter((one) => ofStack(one, stackName));
}

/**
 * The stack's Elastic IP; undefined when it has none yet.
 *
 * @param id its logical id, for a stack with several; an address that does not tell its own counts too. Default: the first
 */
export async function stackAddress(client: EC2Client, stackName: string, id?: string): Promise<Address | undefined> {
  const { Addresses = [] } = await client.send(new DescribeAddressesCommand({}));
  return Addresses.find((one) => ofStack(one, stackName) && (id === undefined || (logicalId(one) ?? id) === id));
}

/** Reads an instance with everything attached to it: user-data, key, security groups, subnet and VPC. */
export async function describeInstance(client: EC2Client, instance: Instance): Promise<DescribedInstance> {
  const instanceId = required(instance.InstanceId, 'instance id');
  const groupIds = (instance.SecurityGroups ?? []).map((group) => required(group.GroupId, 'security group id'));
  const [userData, groups, subnets, vpcs, publicKey] = await Promise.all([
    readUserData(client, instanceId),
    client.send(new DescribeSecurityGroupsCommand({ GroupIds: groupIds })),
    client.send(new DescribeSubnetsCommand({ SubnetIds: [required(instance.SubnetId, 'subnet id')] })),
    client.send(new DescribeVpcsCommand({ VpcIds: [required(instance.VpcId, 'VPC id')] })),
    instance.KeyName ? keyMaterial(client, instance.KeyName) : undefined,
  ]);
  const [subnet] = subnets.Subnets ?? [];
  const [vpc] = vpcs.Vpcs ?? [];
  const tags = metadataTags(instance);
  const subnetCidr6 = subnet?.Ipv6CidrBlockAssociationSet?.[0]?.Ipv6CidrBlock;
  const vpcCidr6 = vpc?.Ipv6CidrBlockAssociationSet?.[0]?.Ipv6CidrBlock;
  return {
    instanceId,
    instanceType: required(instance.InstanceType, 'instance type'),
    architecture: required(instance.Architecture, 'architecture'),
    launchTime: required(instance.LaunchTime, 'launch time'),
    privateIp: required(instance.PrivateIpAddress, 'private address'),
    ...(instance.Ipv6Address === undefined ? {} : { ipv6: instance.Ipv6Address }),
    userData,
    ...(publicKey ? { publicKey } : {}),
    rootDevice: required(instance.RootDeviceName, 'root device'),
    sourceDestCheck: instance.SourceDestCheck ?? true,
    securityGroups: (groups.SecurityGroups ?? []).map(groupRules),
    httpTokens: required(instance.MetadataOptions?.HttpTokens, 'metadata option HttpTokens'),
    hopLimit: required(instance.MetadataOptions?.HttpPutResponseHopLimit, 'metadata hop limit'),
    ...(tags ? { metadataTags: tags } : {}),
    subnetCidr: required(subnet?.CidrBlock, 'subnet CIDR'),
    vpcCidr: required(vpc?.CidrBlock, 'VPC CIDR'),
    ...(subnetCidr6 === undefined ? {} : { subnetCidr6 }),
    ...(vpcCidr6 === undefined ? {} : { vpcCidr6 }),
  };
}

/** The tags that an instance's metadata service tells, by key; undefined where it tells none. */
export function metadataTags({ MetadataOptions, Tags = [] }: Instance): Readonly<Record<string, string>> | undefined {
  if (MetadataOptions?.InstanceMetadataTags !== 'enabled') return undefined;
  return Object.fromEntries(Tags.map(({ Key = '', Value = '' }) => [Key, Value]));
}

/** The exact bytes of an instance's user-data. */
export async function readUserData(client: EC2Client, instanceId: string): Promise<Buffer> {
  const attribute = await client.send(
    new DescribeInstanceAttributeCommand({ InstanceId: instanceId, Attribute: 'userData' }),
  );
  return Buffer.from(attribute.UserData?.Value ?? '', 'base64');
}

async function keyMaterial(client: EC2Client, name: string): Promise<string | undefined> {
  const answer = await client.send(new DescribeKeyPairsCommand({ KeyNames: [name], IncludePublicKey: true }));
  return answer.KeyPairs?.[0]?.PublicKey?.trim();
}

/** @throws Error naming the missing field */
export function required<T>(value: T | undefined, what: string): T {
  if (value === undefined) throw new Error(`the EC2 API returned no ${what} for the instance`);
  return value;
}
