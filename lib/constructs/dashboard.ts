import { Duration, Stack } from 'aws-cdk-lib';
import * as cloudwatch from 'aws-cdk-lib/aws-cloudwatch';
import { Construct } from 'constructs';
import { type SentMetrics, sentMetric } from './traffic-warnings';

export interface GatewayDashboardProps {
  /** The gateway's name in the account and region: see `gatewayName`. */
  readonly name: string;
  readonly instanceId: string;
  /** The host's type: some have CPU credits. */
  readonly instanceType: string;
  readonly alarms: readonly cloudwatch.IAlarm[];
  /** What the host sends itself. Omitted: nothing. */
  readonly sent?: SentMetrics;
}

export const WIDTH = 12;

/**
 * A CloudWatch dashboard of what EC2 itself measures of the host, and of what the host sends. Its name has the region, since an account's dashboards are those of all
 * regions.
 */
export class GatewayDashboard extends Construct {
  constructor(scope: Construct, id: string, { name, instanceId, instanceType, alarms, sent }: GatewayDashboardProps) {
    super(scope, id);
    const { region } = Stack.of(this);
    const metric = (metricName: string, statistic: string) =>
      new cloudwatch.Metric({
        ...{ namespace: 'AWS/EC2', metricName, statistic, dimensionsMap: { InstanceId: instanceId } },
        ...{ period: Duration.minutes(5), label: `${metricName} (${statistic})` },
      });
    const isBurstable = /^t\d/.test(instanceType);
    const board = new cloudwatch.Dashboard(this, 'Board', {
      dashboardName: `${name.replaceAll('.', '-')}-${region}`,
      defaultInterval: Duration.days(1),
    });
    if (alarms.length > 0)
      board.addWidgets(new cloudwatch.AlarmStatusWidget({ alarms: [...alarms], width: 2 * WIDTH }));
    for (const row of sent === undefined ? [] : sentRows(sent)) board.addWidgets(...row);
    board.addWidgets(
      graph('Processor, in percent', metric('CPUUtilization', 'Average'), metric('CPUUtilization', 'Maximum')),
      graph(
        'Failed status checks',
        metric('StatusCheckFailed_System', 'Maximum'),
        metric('StatusCheckFailed_Instance', 'Maximum'),
      ),
    );
    board.addWidgets(
      graph('Bytes in 5 minutes', metric('NetworkIn', 'Sum'), metric('NetworkOut', 'Sum')),
      graph('Packets in 5 minutes', metric('NetworkPacketsIn', 'Sum'), metric('NetworkPacketsOut', 'Sum')),
    );
    if (isBurstable)
      board.addWidgets(
        graph('CPU credits', metric('CPUCreditBalance', 'Average'), metric('CPUSurplusCreditBalance', 'Average')),
      );
  }
}

export function graph(title: string, ...left: cloudwatch.IMetric[]): cloudwatch.GraphWidget {
  return new cloudwatch.GraphWidget({ title, left, width: WIDTH, leftYAxis: { min: 0 } });
}

/** Traffic and errors, then the host: a graph for each kind of which there are metrics. */
export function sentRows(sent: SentMetrics): readonly (readonly cloudwatch.GraphWidget[])[] {
  const of = (title: string, statistic: string, ...names: readonly string[]) => {
    const there = names.filter((name) => sent.names.includes(name));
    return there.length === 0 ? [] : [graph(title, ...there.map((name) => sentMetric(sent, name, statistic, 1)))];
  };
  const graphs = [
    ...of('Requests and connections in a minute', 'Sum', 'Requests', 'Connections'),
    ...of('Errors and refusals in a minute', 'Sum', 'ClientErrors', 'ServerErrors', 'Refused'),
    ...of('Bytes of clients in a minute', 'Sum', 'Bytes'),
    ...of(
      'Memory, disk and tracked connections, in percent',
      'Maximum',
      'MemoryPercent',
      'DiskPercent',
      'ConntrackPercent',
    ),
    ...of(
      'Forwards without a healthy target, and blocked sources',
      'Maximum',
      'ForwardsWithoutTarget',
      'BlockedSources',
    ),
    ...of('Days that the first certificate to end has left', 'Minimum', 'CertificateDays'),
  ];
  return graphs.flatMap((_, i) => (i % 2 === 0 ? [graphs.slice(i, i + 2)] : []));
}
