import { RemovalPolicy, Stack } from 'aws-cdk-lib';
import * as iam from 'aws-cdk-lib/aws-iam';
import * as logs from 'aws-cdk-lib/aws-logs';
import { Construct } from 'constructs';
import type { HostLogGroup, HostLogGroups } from '../host/monitoring';
import { acknowledgeInPacks } from './acknowledge';

interface CloudWatchLogsProps extends HostLogGroup {
  /** The host's role. */
  readonly writer: iam.IRole;
}

/** Where a host, or all hosts of a fleet, write their metrics and logs. */
export function cloudWatchLogs(
  scope: Construct,
  { metrics, logs }: HostLogGroups,
  writer: iam.IRole,
): CloudWatchLogs[] {
  return [
    ...(metrics === undefined ? [] : [new CloudWatchLogs(scope, 'Metrics', { ...metrics, writer })]),
    ...(logs === undefined ? [] : [new CloudWatchLogs(scope, 'Logs', { ...logs, writer })]),
  ];
}

/**
 * Where the host's metrics or logs go in CloudWatch Logs. The stack makes group and streams, and the host may only write into these streams: a host that could make
 * them would bring them back after the stack is gone.
 */
class CloudWatchLogs extends Construct {
  constructor(scope: Construct, id: string, { name, streams, retentionDays, writer }: CloudWatchLogsProps) {
    super(scope, id);
    const { partition, region, account } = Stack.of(this);
    const group = new logs.CfnLogGroup(this, 'Group', {
      logGroupName: name,
      retentionInDays: retentionDays,
    });
    group.applyRemovalPolicy(RemovalPolicy.DESTROY);
    for (const stream of streams) {
      const made = new logs.CfnLogStream(this, stream, { logGroupName: group.ref, logStreamName: stream });
      made.applyRemovalPolicy(RemovalPolicy.DESTROY);
    }
    // The name and not the group's ARN, which ends with a wildcard.
    const arn = `arn:${partition}:logs:${region}:${account}:log-group:${name}:log-stream`;
    writer.addToPrincipalPolicy(
      new iam.PolicyStatement({
        actions: ['logs:PutLogEvents'],
        resources: streams.map((stream) => `${arn}:${stream}`),
      }),
    );
    acknowledgeInPacks(
      group,
      'CloudWatchLogGroupEncrypted',
      'CloudWatch Logs encrypts with its own key; a key of its own costs a dollar a month; what is in it is on the host too.',
    );
  }
}
