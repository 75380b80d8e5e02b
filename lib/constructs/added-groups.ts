import type * as ec2 from 'aws-cdk-lib/aws-ec2';
import { Construct } from 'constructs';
import type { Problems } from '../forward/problems';
import { passes } from '../forward/read-object';

/** AWS's limit for a network interface is 16, one of which is the gateway's own. The quota is 5 until AWS raises it. */
const MOST = 15;

/** Reads `securityGroups`. Reports anything wrong to `problems`. */
export function readSecurityGroups(
  groups: unknown,
  isForeign: boolean,
  problems: Problems,
): readonly ec2.ISecurityGroup[] {
  if (groups === undefined) return [];
  if (!isForeign)
    problems.add(
      'securityGroups',
      "must go with vpc, which the groups are in (for groups in the gateway's own VPC: make them in network.vpc afterwards, and call instance.addSecurityGroup)",
    );
  if (!Array.isArray(groups) || groups.length === 0 || groups.length > MOST) {
    problems.add('securityGroups', `must be a list of 1-${MOST} security groups, or be left out`, groups);
    return [];
  }
  for (const [i, group] of groups.entries())
    if (!isGroup(group))
      problems.add(
        `securityGroups[${i}]`,
        "must be a security group of the CDK, such as ec2.SecurityGroup.fromSecurityGroupId(this, 'Group', 'sg-0123456789abcdef0')",
        group,
      );
  return groups.filter(isGroup);
}

function isGroup(value: unknown): value is ec2.ISecurityGroup {
  return passes(
    () => Construct.isConstruct(value) && typeof (value as Partial<ec2.ISecurityGroup>).securityGroupId === 'string',
  );
}
