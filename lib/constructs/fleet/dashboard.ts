import { Duration, Stack } from 'aws-cdk-lib';
import * as cloudwatch from 'aws-cdk-lib/aws-cloudwatch';
import { Construct } from 'constructs';
import { graph, sentRows, WIDTH } from '../dashboard';
import { balancerMetric, type FleetMeasured, groupMetric, healthyHosts, hostsMetric } from './warnings';

export interface FleetDashboardProps extends FleetMeasured {
  /** The fleet's name in the account and region: see `gatewayName`. */
  readonly name: string;
  readonly alarms: readonly cloudwatch.IAlarm[];
}

/**
 * A CloudWatch dashboard of the balancer, of the hosts together, and of what they send. Its name has the region, since an account's dashboards
 * are those of all regions.
 */
export class FleetDashboard extends Construct {
  constructor(scope: Construct, id: string, { name, alarms, ...measured }: FleetDashboardProps) {
    super(scope, id);
    const { balancer, group, sent } = measured;
    const board = new cloudwatch.Dashboard(this, 'Board', {
      dashboardName: `${name.replaceAll('.', '-')}-${Stack.of(this).region}`,
      defaultInterval: Duration.days(1),
    });
    if (alarms.length > 0)
      board.addWidgets(new cloudwatch.AlarmStatusWidget({ alarms: [...alarms], width: 2 * WIDTH }));
    const sum = (metricName: string) => balancerMetric(balancer, metricName, 'Sum', 5);
    const ofHosts = (metricName: string, statistic: string) =>
      hostsMetric(group, metricName, statistic).with({ label: `${metricName} (${statistic})` });
    const [[, first] = ['', '']] = Object.entries(balancer.groups);
    board.addWidgets(
      graph('Hosts', groupMetric(group), healthyHosts(balancer, first)),
      graph(
        'Connections of the balancer in 5 minutes',
        sum('NewFlowCount'),
        balancerMetric(balancer, 'ActiveFlowCount', 'Average', 5),
      ),
    );
    board.addWidgets(
      graph('Bytes of the balancer in 5 minutes', sum('ProcessedBytes')),
      graph('Capacity units of the balancer', sum('ConsumedLCUs')),
    );
    board.addWidgets(
      graph(
        'Resets in 5 minutes',
        sum('TCP_Client_Reset_Count'),
        sum('TCP_Target_Reset_Count'),
        sum('TCP_ELB_Reset_Count'),
      ),
      graph(
        'Rejected by security groups, and without a port',
        sum('SecurityGroupBlockedFlowCount_Inbound_TCP'),
        sum('SecurityGroupBlockedFlowCount_Outbound_TCP'),
        sum('PortAllocationErrorCount'),
      ),
    );
    for (const row of sent === undefined ? [] : sentRows(sent)) board.addWidgets(...row);
    board.addWidgets(
      graph('Processor, in percent', ofHosts('CPUUtilization', 'Average'), ofHosts('CPUUtilization', 'Maximum')),
      graph('Bytes of the hosts in 5 minutes', ofHosts('NetworkIn', 'Sum'), ofHosts('NetworkOut', 'Sum')),
    );
  }
}
