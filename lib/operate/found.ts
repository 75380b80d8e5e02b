import {
  type Address,
  DescribeAddressesCommand,
  DescribeSecurityGroupsCommand,
  type EC2Client,
  type Instance,
  type SecurityGroup,
} from '@aws-sdk/client-ec2';
import { CONTENT_TAG } from '../host/content/stored-content';
import { logicalId, ofStack, readUserData, stackAddress, stackInstances } from './instance';
import { type FoundEndpoint, readEndpoint } from './login-endpoint';
import { type FoundNetwork, readNetwork } from './network';
import type { Promised } from './promised';
import { groupRules, type SecurityGroupRules } from './security-group';

/** A stack's gateway as EC2 reports it. */
export interface Found {
  /** The Elastic IP; undefined when the stack has none. */
  readonly address: string | undefined;
  /** The instance with the address; undefined if the address is not associated with an instance of the stack. */
  readonly gateway: FoundInstance | undefined;
  /**
   * Ids of the stack's instances that its template does not have, except terminated ones. Those of an Auto Scaling group
   * of the template carry the group's logical id.
   */
  readonly others: readonly string[];
}

/** What EC2 reports of an instance by itself. */
export interface FoundMachine {
  readonly instanceId: string;
  /** EC2's state: `running`, `stopped`, ... */
  readonly state: string;
  readonly instanceType: string | undefined;
  readonly httpTokens: string | undefined;
  readonly hopLimit: number | undefined;
  /** Whether it has a metadata service at all: `enabled` or `disabled`. */
  readonly metadataEndpoint: string | undefined;
  readonly metadataTags: string | undefined;
  /** The ARN of its instance profile. */
  readonly profile: string | undefined;
  readonly ipv6: string | undefined;
  readonly sourceDestCheck: boolean;
  /** SHA-256 of the content that the instance's tag tells it to run. */
  readonly content?: string | undefined;
}

export interface FoundInstance extends FoundMachine {
  readonly network: FoundNetwork;
  /** The endpoint in its VPC. Undefined: there is none, or people log in another way. */
  readonly endpoint?: FoundEndpoint | undefined;
  readonly userData: string;
  /** Without the groups that the app adds to the gateway's own: their rules are none of its business. */
  readonly securityGroups: readonly SecurityGroupRules[];
}

async function addressOf(
  client: EC2Client,
  { stackName, address: { logicalId: id, allocationId }, instanceId }: Promised,
  instances: readonly Instance[],
): Promise<Address | undefined> {
  if (id !== undefined) return stackAddress(client, stackName, id);
  const { Addresses = [] } = await client.send(new DescribeAddressesCommand({}));
  if (allocationId !== undefined) return Addresses.find((one) => one.AllocationId === allocationId);
  const host = instances.find((one) => logicalId(one) === instanceId)?.InstanceId;
  return Addresses.find((one) => one.InstanceId !== undefined && one.InstanceId === host);
}

/** Of groups whose ids are not known, as many are left out as are promised: first those that are not of the stack. */
function isNotAdded({ stackName, resources, addedGroups: { ids, unknown } }: Promised) {
  let rest = unknown;
  return (group: SecurityGroup): boolean => {
    if (ids.includes(group.GroupId ?? '')) return false;
    const isOwn = ofStack(group, stackName) && resources.has(logicalId(group) ?? '');
    if (isOwn || rest === 0) return true;
    rest--;
    return false;
  };
}

/** Reads the gateway with the EC2 API. Changes nothing. */
export async function readFound(promised: Promised, client: EC2Client): Promise<Found> {
  const { stackName, resources } = promised;
  const all = await stackInstances(client, stackName);
  const instances = all.filter((one) => one.State?.Name !== 'terminated');
  const address = await addressOf(client, promised, instances);
  const gateway = instances.find(({ InstanceId }) => InstanceId !== undefined && InstanceId === address?.InstanceId);
  const others = instances
    .filter((one) => one !== gateway && !resources.has(logicalId(one) ?? ''))
    .map(({ InstanceId = '' }) => InstanceId);
  if (gateway?.InstanceId === undefined) return { address: address?.PublicIp, gateway: undefined, others };
  const groups = (gateway.SecurityGroups ?? []).flatMap(({ GroupId }) => GroupId ?? []);
  const { InstanceId, SubnetId = '', VpcId = '' } = gateway;
  const [userData, network, endpoint, { SecurityGroups = [] }] = await Promise.all([
    readUserData(client, InstanceId),
    readNetwork(client, SubnetId, VpcId),
    promised.login.way === 'endpoint' ? readEndpoint(client, VpcId) : undefined,
    client.send(new DescribeSecurityGroupsCommand({ GroupIds: groups })),
  ]);
  const own = SecurityGroups.filter(isNotAdded(promised));
  return {
    address: address?.PublicIp,
    gateway: {
      ...machineOf(gateway),
      ...{ network, endpoint },
      userData: userData.toString(),
      securityGroups: own.map(groupRules),
    },
    others,
  };
}

/** An instance as far as its own description tells. Pure. */
export function machineOf(instance: Instance): FoundMachine {
  const { MetadataOptions: options } = instance;
  return {
    instanceId: instance.InstanceId ?? '',
    state: instance.State?.Name ?? 'unknown',
    instanceType: instance.InstanceType,
    httpTokens: options?.HttpTokens,
    hopLimit: options?.HttpPutResponseHopLimit,
    metadataEndpoint: options?.HttpEndpoint,
    metadataTags: options?.InstanceMetadataTags,
    profile: instance.IamInstanceProfile?.Arn,
    ipv6: instance.Ipv6Address,
    sourceDestCheck: instance.SourceDestCheck ?? true,
    content: instance.Tags?.find(({ Key }) => Key === CONTENT_TAG)?.Value,
  };
}
