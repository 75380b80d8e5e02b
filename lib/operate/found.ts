import { DescribeSecurityGroupsCommand, EC2Client, paginateDescribeInstances } from '@aws-sdk/client-ec2';
import { CONTENT_TAG } from '../host/live/content';
import { ofStack, readUserData, STACK_TAG, stackAddress } from './instance';
import { requireRegion } from './region';
import { groupRules, type SecurityGroupRules } from './security-group';

/** A stack's gateway as EC2 reports it. */
export interface Found {
  /** The Elastic IP; undefined when the stack has none. */
  readonly address: string | undefined;
  /** The instance with the address; undefined if the address is not associated with an instance of the stack. */
  readonly gateway: FoundInstance | undefined;
  /** Ids of the stack's other instances, except terminated ones. */
  readonly others: readonly string[];
}

export interface FoundInstance {
  readonly instanceId: string;
  /** EC2's state: `running`, `stopped`, ... */
  readonly state: string;
  readonly instanceType: string | undefined;
  readonly httpTokens: string | undefined;
  readonly hopLimit: number | undefined;
  readonly sourceDestCheck: boolean;
  /** SHA-256 of the content that the instance's tag tells it to run. */
  readonly content?: string | undefined;
  readonly userData: string;
  readonly securityGroups: readonly SecurityGroupRules[];
}

/**
 * Reads a stack's gateway with the EC2 API. Changes nothing.
 * @param shared the client to use; it is destroyed afterwards. Default: one with the AWS settings of the environment
 */
export async function readFound(stackName: string, region: string | undefined, shared?: EC2Client): Promise<Found> {
  // Silence the SDK's Node-version warning.
  process.env.AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED ??= 'true';
  const client = shared ?? new EC2Client(region === undefined ? {} : { region });
  try {
    await requireRegion(client);
    const address = await stackAddress(client, stackName);
    const all = [];
    const Filters = [{ Name: `tag:${STACK_TAG}`, Values: [stackName] }];
    for await (const { Reservations = [] } of paginateDescribeInstances({ client }, { Filters }))
      all.push(...Reservations.flatMap(({ Instances = [] }) => Instances));
    const instances = all.filter((one) => ofStack(one, stackName) && one.State?.Name !== 'terminated');
    const gateway = instances.find(({ InstanceId }) => InstanceId !== undefined && InstanceId === address?.InstanceId);
    const others = instances.filter((one) => one !== gateway).map(({ InstanceId = '' }) => InstanceId);
    if (gateway?.InstanceId === undefined) return { address: address?.PublicIp, gateway: undefined, others };
    const groups = (gateway.SecurityGroups ?? []).flatMap(({ GroupId }) => GroupId ?? []);
    const [userData, { SecurityGroups = [] }] = await Promise.all([
      readUserData(client, gateway.InstanceId),
      client.send(new DescribeSecurityGroupsCommand({ GroupIds: groups })),
    ]);
    return {
      address: address?.PublicIp,
      gateway: {
        instanceId: gateway.InstanceId,
        state: gateway.State?.Name ?? 'unknown',
        instanceType: gateway.InstanceType,
        httpTokens: gateway.MetadataOptions?.HttpTokens,
        hopLimit: gateway.MetadataOptions?.HttpPutResponseHopLimit,
        sourceDestCheck: gateway.SourceDestCheck ?? true,
        content: gateway.Tags?.find(({ Key }) => Key === CONTENT_TAG)?.Value,
        userData: userData.toString(),
        securityGroups: SecurityGroups.map(groupRules),
      },
      others,
    };
  } finally {
    client.destroy();
  }
}
