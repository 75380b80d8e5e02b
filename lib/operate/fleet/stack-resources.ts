import { type CloudFormationClient, paginateListStackResources } from '@aws-sdk/client-cloudformation';
import type { HostProof } from '../host-proof';

/** What CloudFormation made of a stack's resources. */
export class StackResources {
  constructor(private readonly byId: ReadonlyMap<string, HostProof & { readonly physicalId: string }>) {}

  /** AWS's name of a resource, such as an ARN; what is such a name already stays. Empty: there is none. */
  name(id: string): string {
    return this.byId.get(id)?.physicalId ?? (/[-:]/.test(id) ? id : '');
  }

  /** Whether a resource is the stack's own. */
  has(id: string): boolean {
    return this.byId.has(id);
  }

  /** CloudFormation's word on a resource. Undefined: there is none. */
  proof(logicalId: string): HostProof | undefined {
    return this.byId.get(logicalId);
  }

  /** Whether a deploy changes one of these now, or goes back. */
  isChanging(logicalIds: readonly string[]): boolean {
    return logicalIds.some((id) => this.byId.get(id)?.status.endsWith('_IN_PROGRESS') === true);
  }
}

/** Reads all resources of a stack. Changes nothing. @throws Error if the stack is not deployed */
export async function readResources(client: CloudFormationClient, stackName: string): Promise<StackResources> {
  const byId = new Map<string, HostProof & { readonly physicalId: string }>();
  try {
    for await (const { StackResourceSummaries: all = [] } of paginateListStackResources(
      { client },
      { StackName: stackName },
    ))
      for (const one of all)
        byId.set(one.LogicalResourceId ?? '', {
          physicalId: one.PhysicalResourceId ?? '',
          status: one.ResourceStatus ?? 'unknown',
          reason: one.ResourceStatusReason,
          time: one.LastUpdatedTimestamp ?? new Date(0),
        });
  } catch (error) {
    if (!/does not exist/.test((error as Error).message)) throw error;
    throw new Error(`${stackName} is not deployed here: deploy it, or look at the region and the credentials`);
  }
  return new StackResources(byId);
}
