import { Duration } from 'aws-cdk-lib';
import * as cloudwatch from 'aws-cdk-lib/aws-cloudwatch';
import * as actions from 'aws-cdk-lib/aws-cloudwatch-actions';
import type * as sns from 'aws-cdk-lib/aws-sns';
import { Construct } from 'constructs';
import { type EarlyWarning, earlyWarnings } from './early-warnings';
import { type SentMetrics, trafficWarnings, type Warning } from './traffic-warnings';

export interface WatchProps {
  readonly instanceId: string;
  /** Notified when an alarm goes off and when it recovers. */
  readonly topics: readonly sns.ITopic[];
  /** The host's type, if its processor is watched too. */
  readonly processorOf?: string;
  /** What the host sends, if that is watched too. */
  readonly sent?: SentMetrics;
}

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

  constructor(scope: Construct, id: string, { instanceId, topics, processorOf, sent }: WatchProps) {
    super(scope, id);
    const alarm = (name: string, what: Warning, action?: actions.Ec2InstanceAction) => {
      const made = new cloudwatch.Alarm(this, name, {
        alarmDescription: `Portway: ${what.text} (docs/monitoring/README.md#alarms)`,
        metric: what.metric,
        threshold: what.threshold,
        comparisonOperator: what.operator,
        evaluationPeriods: what.periods,
        treatMissingData: what.missing,
      });
      if (action !== undefined) made.addAlarmAction(new actions.Ec2Action(action));
      for (const topic of topics) {
        made.addAlarmAction(new actions.SnsAction(topic));
        made.addOkAction(new actions.SnsAction(topic));
      }
      return made;
    };
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
      ...(sent === undefined ? [] : Object.entries(trafficWarnings(sent))),
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
    const ofExpressions = warnings.map(([, { metric }]) => metric.toMetricConfig().mathExpression?.usingMetrics);
    const more = ofExpressions.map((using) => (using === undefined ? 0 : Object.keys(using).length - 1));
    this.metrics = more.reduce((sum, one) => sum + one, this.alarms.length);
  }
}
