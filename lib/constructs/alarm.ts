import * as cloudwatch from 'aws-cdk-lib/aws-cloudwatch';
import * as actions from 'aws-cdk-lib/aws-cloudwatch-actions';
import type * as sns from 'aws-cdk-lib/aws-sns';
import type { Construct } from 'constructs';
import type { Warning } from './traffic-warnings';

/** Half the band's width in standard deviations. With 2, the default, one period in 40 is above it. */
const DEVIATIONS = 4;

/** Metrics that AWS charges an alarm for: each in an expression; for what is usual the metric and the two bounds. */
export function charged(warning: Warning): number {
  if ('unusual' in warning) return 3;
  const using = warning.metric.toMetricConfig().mathExpression?.usingMetrics;
  return using === undefined ? 1 : Object.keys(using).length;
}

/** An alarm that tells the topics when it goes off, and when it is over. */
export function addAlarm(
  scope: Construct,
  id: string,
  what: Warning,
  topics: readonly sns.ITopic[],
  action?: actions.Ec2InstanceAction,
): cloudwatch.Alarm {
  const how = {
    alarmDescription: `Portway: ${what.text} (docs/monitoring/README.md#alarms)`,
    evaluationPeriods: what.periods,
    treatMissingData: what.missing,
  };
  const made =
    'unusual' in what
      ? aboveUsual(scope, id, what.unusual, how)
      : new cloudwatch.Alarm(scope, id, {
          ...{ ...how, metric: what.metric, threshold: what.threshold },
          comparisonOperator: what.operator,
        });
  if (action !== undefined) made.addAlarmAction(new actions.Ec2Action(action));
  for (const topic of topics) {
    made.addAlarmAction(new actions.SnsAction(topic));
    made.addOkAction(new actions.SnsAction(topic));
  }
  return made;
}

/** An alarm above what is usual. CloudWatch would make the model by itself, and keep it after `cdk destroy`. */
function aboveUsual(
  scope: Construct,
  id: string,
  metric: cloudwatch.Metric,
  how: Omit<cloudwatch.AnomalyDetectionAlarmProps, 'metric'>,
): cloudwatch.AnomalyDetectionAlarm {
  const { namespace, metricName, statistic, dimensions } = metric;
  const model = new cloudwatch.CfnAnomalyDetector(scope, `${id}Usual`, {
    singleMetricAnomalyDetector: {
      ...{ namespace, metricName, stat: statistic },
      ...(dimensions === undefined
        ? {}
        : { dimensions: Object.entries(dimensions).map(([key, value]) => ({ name: key, value: String(value) })) }),
    },
  });
  const made = new cloudwatch.AnomalyDetectionAlarm(scope, id, {
    ...{ ...how, metric, stdDevs: DEVIATIONS },
    comparisonOperator: cloudwatch.ComparisonOperator.GREATER_THAN_UPPER_THRESHOLD,
  });
  made.node.addDependency(model);
  return made;
}
