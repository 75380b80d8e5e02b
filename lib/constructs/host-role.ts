import * as iam from 'aws-cdk-lib/aws-iam';
import { Construct } from 'constructs';
import type { Problems } from '../forward/problems';
import { passes } from '../forward/read-object';
import { acknowledge, acknowledgeInPacks } from './acknowledge';

/** Reads `role`. Reports anything else to `problems` and returns undefined. */
export function readRole(role: unknown, problems: Problems): iam.IRole | undefined {
  if (role === undefined) return undefined;
  if (isRole(role)) return role;
  problems.add('role', "must be a role of the CDK, such as iam.Role.fromRoleName(this, 'Role', 'gateway')", role);
  return undefined;
}

function isRole(value: unknown): value is iam.IRole {
  const role = value as Partial<iam.IRole> | undefined | null;
  return passes(
    () => Construct.isConstruct(value) && typeof role?.roleName === 'string' && typeof role.roleArn === 'string',
  );
}

/** The host's role. It always has one, so that teams can add permissions. */
export interface HostRole {
  /** What the instance gets, and what the host's own rights are granted to. */
  readonly host: iam.IRole;
  /** What the team grants further rights to. */
  readonly principal: iam.IPrincipal;
}

/**
 * A new role, unless one is given. The host's own rights become a policy in the gateway's stack, whichever stack the role is in: in the
 * role's stack they would refer to the gateway's, which needs the role.
 */
export function hostRole(scope: Construct, given: iam.IRole | undefined): HostRole {
  const host = given === undefined ? ownRole(scope) : isImmutable(given) ? given : importedRole(scope, given);
  acknowledgeInPacks(
    host,
    'IAMNoInlinePolicy',
    'The policy names the secrets and parameters of this host only, and is deleted with its role.',
  );
  return { host, principal: given ?? host };
}

/**
 * What the agent of Session Manager needs for sessions, and no more. AWS's managed policy `AmazonSSMManagedInstanceCore` would also
 * let the host read every parameter of the account.
 * @see https://docs.aws.amazon.com/systems-manager/latest/userguide/getting-started-create-iam-instance-profile.html
 */
export function grantSessions(role: iam.IRole): void {
  role.addToPrincipalPolicy(
    new iam.PolicyStatement({
      sid: 'SessionsOfPeople',
      actions: [
        'ssm:UpdateInstanceInformation',
        'ssmmessages:CreateControlChannel',
        'ssmmessages:CreateDataChannel',
        'ssmmessages:OpenControlChannel',
        'ssmmessages:OpenDataChannel',
      ],
      resources: ['*'],
    }),
  );
  acknowledge(
    role,
    'AwsSolutions-IAM5[Resource::*]',
    'The agent of Session Manager registers itself and opens channels, which are no resources; the role is this host alone.',
  );
}

function ownRole(scope: Construct): iam.Role {
  return new iam.Role(scope, 'Role', {
    assumedBy: new iam.ServicePrincipal('ec2.amazonaws.com'),
    description: 'Portway gateway',
  });
}

function importedRole(scope: Construct, given: iam.IRole): iam.IRole {
  return iam.Role.fromRoleName(scope, 'Role', given.roleName);
}

/** Whether the CDK must not add rights to it: imported with `mutable: false`. The CDK does not export this class, and adds a digit. */
function isImmutable(role: iam.IRole): boolean {
  return role.constructor.name.startsWith('ImmutableRole');
}
