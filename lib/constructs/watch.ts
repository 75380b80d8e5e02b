import { Duration } from 'aws-cdk-lib';
import * as cloudwatch from 'aws-cdk-lib/aws-cloudwatch';
import * as actions from 'aws-cdk-lib/aws-cloudwatch-actions';
import type * as sns from 'aws-cdk-lib/aws-sns';
import { Construct } from 'constructs';

export interface WatchProps {
  readonly instanceId: string;
  /** Notified when an alarm goes off and when it recovers. */
  readonly topic?: sns.ITopic;
}

/**
 * Two alarms on EC2's status checks, each with the action that helps: recover moves the host off failing hardware, reboot
 * restarts a hanging host. Both keep instance id, addresses and disk, and the rules are restored before the network is up. The
 * periods are the ones that AWS recommends: equal periods could trigger both actions at once.
 * @see https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/UsingAlarmActions.html
 */
export class Watch extends Construct {
  readonly alarms: readonly cloudwatch.Alarm[];

  constructor(scope: Construct, id: string, { instanceId, topic }: WatchProps) {
    super(scope, id);
    const alarm = (
      name: string,
      metricName: string,
      minutes: number,
      action: actions.Ec2InstanceAction,
      text: string,
    ) => {
      const made = new cloudwatch.Alarm(this, name, {
        alarmDescription: text,
        metric: new cloudwatch.Metric({
          namespace: 'AWS/EC2',
          metricName,
          dimensionsMap: { InstanceId: instanceId },
          statistic: 'Maximum',
          period: Duration.minutes(1),
        }),
        threshold: 1,
        comparisonOperator: cloudwatch.ComparisonOperator.GREATER_THAN_OR_EQUAL_TO_THRESHOLD,
        evaluationPeriods: minutes,
        // A stopped host, as during a change, reports no checks: that is no reason to act.
        treatMissingData: cloudwatch.TreatMissingData.MISSING,
      });
      made.addAlarmAction(new actions.Ec2Action(action));
      if (topic !== undefined) {
        made.addAlarmAction(new actions.SnsAction(topic));
        made.addOkAction(new actions.SnsAction(topic));
      }
      return made;
    };
    this.alarms = [
      alarm(
        'MachineFails',
        'StatusCheckFailed_System',
        2,
        actions.Ec2InstanceAction.RECOVER,
        'Portway: the machine below the gateway fails; EC2 moves the gateway to another',
      ),
      alarm(
        'HostHangs',
        'StatusCheckFailed_Instance',
        3,
        actions.Ec2InstanceAction.REBOOT,
        'Portway: the gateway does not answer EC2; it is rebooted',
      ),
    ];
  }
}
