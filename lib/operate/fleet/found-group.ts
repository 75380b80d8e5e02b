import {
  type AutoScalingClient,
  type AutoScalingGroup,
  DescribeAutoScalingGroupsCommand,
  DescribeLifecycleHooksCommand,
  DescribePoliciesCommand,
} from '@aws-sdk/client-auto-scaling';
import { DescribeLaunchTemplatesCommand, type EC2Client } from '@aws-sdk/client-ec2';

/** An Auto Scaling group as AWS reports it, with what belongs to it. */
export interface FoundGroup {
  readonly group: AutoScalingGroup;
  /** Names of its lifecycle hooks, and ARNs of its policies. */
  readonly hooks: readonly string[];
  readonly policies: readonly string[];
  /** The newest version of its launch template. Undefined: the template is gone. */
  readonly newest: string | undefined;
}

/** What a group launches: a launch template, alone or with other types. */
export function launchedBy({ LaunchTemplate, MixedInstancesPolicy }: AutoScalingGroup) {
  const { LaunchTemplateSpecification, Overrides = [] } = MixedInstancesPolicy?.LaunchTemplate ?? {};
  return {
    template: LaunchTemplate ?? LaunchTemplateSpecification,
    types: Overrides.flatMap(({ InstanceType }) => InstanceType ?? []),
  };
}

/** Reads a group. Changes nothing. @returns undefined if it is gone */
export async function readGroup(
  scaling: AutoScalingClient,
  ec2: EC2Client,
  { name, launchTemplateId }: { readonly name: string; readonly launchTemplateId: string },
): Promise<FoundGroup | undefined> {
  const command = new DescribeAutoScalingGroupsCommand({ AutoScalingGroupNames: [name] });
  const [group] = (await scaling.send(command)).AutoScalingGroups ?? [];
  if (group === undefined) return undefined;
  const ofGroup = { AutoScalingGroupName: name };
  const [{ LifecycleHooks = [] }, { ScalingPolicies = [] }, newest] = await Promise.all([
    scaling.send(new DescribeLifecycleHooksCommand(ofGroup)),
    scaling.send(new DescribePoliciesCommand(ofGroup)),
    newestVersion(ec2, launchTemplateId),
  ]);
  return {
    ...{ group, newest },
    hooks: LifecycleHooks.flatMap(({ LifecycleHookName }) => LifecycleHookName ?? []),
    policies: ScalingPolicies.flatMap(({ PolicyARN }) => PolicyARN ?? []),
  };
}

async function newestVersion(ec2: EC2Client, id: string): Promise<string | undefined> {
  const command = new DescribeLaunchTemplatesCommand({ LaunchTemplateIds: [id] });
  const { LaunchTemplates: [found] = [] } = await ec2.send(command).catch((error: Error) => {
    if (/LaunchTemplateId\.NotFound|LaunchTemplateId\.Malformed/.test(error.name)) return { LaunchTemplates: [] };
    throw error;
  });
  return found?.LatestVersionNumber?.toString();
}
