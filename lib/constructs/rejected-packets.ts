import { Duration } from 'aws-cdk-lib';
import * as cloudwatch from 'aws-cdk-lib/aws-cloudwatch';
import * as logs from 'aws-cdk-lib/aws-logs';
import type { Construct } from 'constructs';
import { NAMESPACE } from '../forward/cloud-watch-metrics';
import type { Warning } from './traffic-warnings';

/**
 * Fields of a flow log in the default format, of which a line counts if the VPC rejected it.
 * @see https://docs.aws.amazon.com/vpc/latest/userguide/flow-log-records.html
 */
const REJECTED =
  '[version, account, interface, source, target, sourcePort, targetPort, protocol, packets, bytes, start, end, action=REJECT, status]';

/**
 * An alarm on packets that security groups and network ACLs of the VPC reject, of which the host sees nothing. Flow logs are the one place
 * that tells them, and a filter makes a metric of it.
 * @param group of the flow logs
 * @param gateway the gateway's name: a filter gives a metric no constant dimension, so the namespace has it
 */
export function rejectedPackets(scope: Construct, group: logs.ILogGroup, gateway: string): Warning {
  const names = { metricNamespace: `${NAMESPACE}/${gateway}`, metricName: 'RejectedPackets' };
  new logs.MetricFilter(scope, 'RejectedPackets', {
    logGroup: group,
    filterPattern: logs.FilterPattern.literal(REJECTED),
    ...{ ...names, metricValue: '$packets', defaultValue: 0 },
  });
  return {
    unusual: new cloudwatch.Metric({
      ...{ namespace: names.metricNamespace, metricName: names.metricName, statistic: 'Sum' },
      period: Duration.minutes(5),
    }),
    ...{ periods: 3, missing: cloudwatch.TreatMissingData.NOT_BREACHING },
    text: 'for 15 minutes security groups and network ACLs have rejected more packets than is usual at this time of the week: somebody looks for open ports, or a port that clients use is closed. Look who: the query "top talkers" in Logs Insights',
  };
}
