import { Duration } from 'aws-cdk-lib';
import * as cloudwatch from 'aws-cdk-lib/aws-cloudwatch';
import * as actions from 'aws-cdk-lib/aws-cloudwatch-actions';
import type * as logs from 'aws-cdk-lib/aws-logs';
import type * as sns from 'aws-cdk-lib/aws-sns';
import { Construct } from 'constructs';
import { addAlarm, charged } from './alarm';
import { type EarlyWarning, earlyWarnings } from './early-warnings';
import { rejectedPackets } from './rejected-packets';
import type { Warning, Warnings } from './traffic-warnings';

export interface WatchProps {
  readonly instanceId: string;
  /** Notified when an alarm goes off and when it recovers. */
  readonly topics: readonly sns.ITopic[];
  /** The host's type, if its processor is watched too. */
  readonly processorOf?: string;
  /** On what the host sends, if that is watched too. */
  readonly traffic: Warnings;
  /** Where flow logs go, and the gateway's name, if they are watched too. */
  readonly flowLogs?: { readonly group: logs.ILogGroup; readonly gateway: string };
}

/** Alarms on status checks. */
const CHECKS = 2;
/**
 * Alarms on what EC2 measures of the host, and on what it sends itself. Two are on its status checks, each with the action that helps: recover moves the host off failing
 * hardware, reboot restarts a hanging host. Both keep instance id, addresses and disk, and the rules are restored before the network is up. The
 * periods are the ones that AWS recommends: equal periods could trigger both actions at once. The others only tell.
 * @see https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/UsingAlarmActions.html
 */
export class Watch extends Construct {
  readonly alarms: readonly cloudwatch.Alarm[];
  /** How many metrics the alarms are on: AWS charges for each. */
  readonly metrics: number;
  /** How many metrics were made for them: AWS charges for each as for any other of an account's own. */
  readonly metricsMade: number;

  constructor(scope: Construct, id: string, { instanceId, topics, processorOf, traffic, flowLogs }: WatchProps) {
    super(scope, id);
    const alarm = (name: string, what: Warning, action?: actions.Ec2InstanceAction) =>
      addAlarm(this, name, what, topics, action);
    const measured = ({ metricName, statistic, period, ...what }: EarlyWarning): Warning => ({
      ...what,
      metric: new cloudwatch.Metric({
        ...{ namespace: 'AWS/EC2', metricName, statistic, dimensionsMap: { InstanceId: instanceId } },
        period: Duration.minutes(period),
      }),
      // A stopped host, as during a change, reports nothing: that is no reason to act.
      missing: cloudwatch.TreatMissingData.MISSING,
    });
    const check = (metricName: string, periods: number, text: string) =>
      measured({
        ...{ metricName, periods, text, statistic: 'Maximum', period: 1, threshold: 1 },
        operator: cloudwatch.ComparisonOperator.GREATER_THAN_OR_EQUAL_TO_THRESHOLD,
      });
    const early = processorOf === undefined ? [] : Object.entries(earlyWarnings(processorOf));
    const warnings = [
      ...early.map(([name, warning]) => [name, measured(warning)] as const),
      ...Object.entries(traffic),
      ...(flowLogs === undefined
        ? []
        : [['Rejected', rejectedPackets(this, flowLogs.group, flowLogs.gateway)] as const]),
    ];
    this.alarms = [
      alarm(
        'MachineFails',
        check(
          'StatusCheckFailed_System',
          2,
          'the machine below the gateway fails; EC2 moves the gateway to another. Look whether it answers again in some minutes',
        ),
        actions.Ec2InstanceAction.RECOVER,
      ),
      alarm(
        'HostHangs',
        check(
          'StatusCheckFailed_Instance',
          3,
          'the gateway does not answer EC2; it is rebooted. Look at its console: npx portway logs',
        ),
        actions.Ec2InstanceAction.REBOOT,
      ),
      ...warnings.map(([name, warning]) => alarm(name, warning)),
    ];
    this.metricsMade = flowLogs === undefined ? 0 : 1;
    this.metrics = warnings.reduce((sum, [, warning]) => sum + charged(warning), CHECKS);
  }
}
