import { Duration, Stack } from 'aws-cdk-lib';
import * as cloudwatch from 'aws-cdk-lib/aws-cloudwatch';
import { Construct } from 'constructs';

export interface GatewayDashboardProps {
  /** The gateway's name in the account and region: see `gatewayName`. */
  readonly name: string;
  readonly instanceId: string;
  /** The host's type: some have CPU credits. */
  readonly instanceType: string;
  readonly alarms: readonly cloudwatch.IAlarm[];
}

const WIDTH = 12;

/**
 * A CloudWatch dashboard of what EC2 itself measures of the host. Its name has the region, since an account's dashboards are those of all
 * regions.
 */
export class GatewayDashboard extends Construct {
  constructor(scope: Construct, id: string, { name, instanceId, instanceType, alarms }: GatewayDashboardProps) {
    super(scope, id);
    const { region } = Stack.of(this);
    const metric = (metricName: string, statistic: string) =>
      new cloudwatch.Metric({
        ...{ namespace: 'AWS/EC2', metricName, statistic, dimensionsMap: { InstanceId: instanceId } },
        ...{ period: Duration.minutes(5), label: `${metricName} (${statistic})` },
      });
    const graph = (title: string, ...left: cloudwatch.IMetric[]) =>
      new cloudwatch.GraphWidget({ title, left, width: WIDTH, leftYAxis: { min: 0 } });
    const isBurstable = /^t\d/.test(instanceType);
    const board = new cloudwatch.Dashboard(this, 'Board', {
      dashboardName: `${name.replaceAll('.', '-')}-${region}`,
      defaultInterval: Duration.days(1),
    });
    if (alarms.length > 0)
      board.addWidgets(new cloudwatch.AlarmStatusWidget({ alarms: [...alarms], width: 2 * WIDTH }));
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
