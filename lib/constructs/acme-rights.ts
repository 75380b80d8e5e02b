import { Stack } from 'aws-cdk-lib';
import * as iam from 'aws-cdk-lib/aws-iam';
import type { Construct } from 'constructs';
import type { ChallengeRecords } from '../forward/resolved';
import { acknowledge } from './acknowledge';

/**
 * What certbot's plug-in for Route 53 calls: it looks for the zone of a name, changes the record, and waits until all of
 * Route 53's servers have it. Only the named TXT records may be changed.
 * @see https://docs.aws.amazon.com/Route53/latest/DeveloperGuide/specifying-rrset-conditions.html
 */
export function grantChallenges(scope: Construct, role: iam.IRole, records: readonly ChallengeRecords[]): void {
  if (records.length === 0) return;
  const arn = (resource: string, resourceName: string) =>
    Stack.of(scope).formatArn({ service: 'route53', region: '', account: '', resource, resourceName });
  for (const { zoneId, names } of records)
    role.addToPrincipalPolicy(
      new iam.PolicyStatement({
        actions: ['route53:ChangeResourceRecordSets'],
        resources: [arn('hostedzone', zoneId)],
        conditions: {
          'ForAllValues:StringEquals': {
            'route53:ChangeResourceRecordSetsNormalizedRecordNames': names,
            'route53:ChangeResourceRecordSetsRecordTypes': ['TXT'],
            'route53:ChangeResourceRecordSetsActions': ['UPSERT', 'DELETE'],
          },
        },
      }),
    );
  role.addToPrincipalPolicy(
    new iam.PolicyStatement({ actions: ['route53:GetChange'], resources: [arn('change', '*')] }),
  );
  role.addToPrincipalPolicy(new iam.PolicyStatement({ actions: ['route53:ListHostedZones'], resources: ['*'] }));
  acknowledge(
    role,
    'AwsSolutions-IAM5[Resource::*]',
    'Route 53 lists zones for an account only; the right reads their names.',
  );
  acknowledge(
    role,
    `AwsSolutions-IAM5[Resource::arn:<AWS::Partition>:route53:::change/*]`,
    'Changes get their IDs when they are made; the right reads whether one is done.',
  );
}

/** About how many bytes of the template these rights take. */
export function challengeBytes(records: readonly ChallengeRecords[]): number {
  const each = records.map(({ names }) => 550 + names.reduce((sum, name) => sum + name.length + 30, 0));
  return records.length === 0 ? 0 : each.reduce((sum, bytes) => sum + bytes, 600);
}
