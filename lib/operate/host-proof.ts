import { type CloudFormationClient, DescribeStackResourcesCommand } from '@aws-sdk/client-cloudformation';
import type { Promised } from './promised';

/** What CloudFormation has of the host's report on the app's content. */
export interface HostProof {
  /** CloudFormation's word for the condition that waits for it: `CREATE_COMPLETE` once the host has reported. */
  readonly status: string;
  /** Why it failed. */
  readonly reason: string | undefined;
  /** When it became so. */
  readonly time: Date;
}

/**
 * Reads the condition that waits for the host's report. Its name ends in the content's hash, and AWS takes a report only
 * while it waits, so a complete one means that the host proved this very content. Changes nothing.
 *
 * @returns undefined if the deployed stack has no such condition
 */
export async function readProof(
  { stackName, proof }: Pick<Promised, 'stackName' | 'proof'>,
  client: CloudFormationClient,
): Promise<HostProof | undefined> {
  const command = new DescribeStackResourcesCommand({ StackName: stackName, LogicalResourceId: proof });
  const { StackResources: [found] = [] } = await client.send(command).catch((error: Error) => {
    if (/does not exist/.test(error.message)) return { StackResources: [] };
    throw error;
  });
  if (found === undefined) return undefined;
  const { ResourceStatus: status = 'unknown', ResourceStatusReason: reason, Timestamp: time = new Date(0) } = found;
  return { status, reason, time };
}
