import { Duration } from 'aws-cdk-lib';
import * as cloudwatch from 'aws-cdk-lib/aws-cloudwatch';
import { NAMESPACE } from '../forward/cloud-watch-metrics';

/** One alarm. */
export interface Warning {
  readonly metric: cloudwatch.IMetric;
  /** How many periods of the metric in a row. */
  readonly periods: number;
  readonly threshold: number;
  readonly operator: cloudwatch.ComparisonOperator;
  /** What a period without data counts as. */
  readonly missing: cloudwatch.TreatMissingData;
  /** What it means, and what to look at. */
  readonly text: string;
}

/** The metrics that the host itself sends of the gateway: their names, and the gateway's. */
export interface SentMetrics {
  readonly gateway: string;
  readonly names: readonly string[];
}

/** One of them, in periods of some minutes. */
export function sentMetric({ gateway }: SentMetrics, metricName: string, statistic: string, minutes: number) {
  return new cloudwatch.Metric({
    ...{ namespace: NAMESPACE, metricName, statistic, dimensionsMap: { Gateway: gateway } },
    period: Duration.minutes(minutes),
  });
}

const { GREATER_THAN_THRESHOLD: ABOVE, LESS_THAN_THRESHOLD: BELOW } = cloudwatch.ComparisonOperator;
const { BREACHING, MISSING, NOT_BREACHING } = cloudwatch.TreatMissingData;

/** Fewer requests in a minute say nothing about a share. */
const ENOUGH = 20;

/** Alarms on what the host sends, by name: those whose metrics it has. */
export function trafficWarnings(sent: SentMetrics): Readonly<Record<string, Warning>> {
  const metric = (name: string, statistic: string, minutes = 1) => sentMetric(sent, name, statistic, minutes);
  const when = (name: string, warnings: Readonly<Record<string, Warning>>) =>
    sent.names.includes(name) ? warnings : {};
  return {
    Silent: {
      ...{
        metric: metric('Connections', 'SampleCount'),
        periods: 10,
        threshold: 1,
        operator: BELOW,
        missing: BREACHING,
      },
      text: 'for 10 minutes the gateway has told CloudWatch nothing: it is down, or does not reach AWS. Look whether it answers: npx portway verify, then its console: npx portway logs',
    },
    ...when('ServerErrors', {
      Failing: {
        metric: new cloudwatch.MathExpression({
          expression: `IF(requests >= ${ENOUGH}, 100 * errors / requests, 0)`,
          usingMetrics: { requests: metric('Requests', 'Sum'), errors: metric('ServerErrors', 'Sum') },
          ...{ period: Duration.minutes(1), label: 'Requests answered by 5xx, in percent' },
        }),
        ...{ periods: 5, threshold: 5, operator: ABOVE, missing: NOT_BREACHING },
        text: 'for 5 minutes more than 5 % of the requests have been answered by 5xx. Look which forward and which target: sudo portway top, and /var/log/portway/error.log',
      },
    }),
    ...when('ForwardsWithoutTarget', {
      NoTarget: {
        metric: metric('ForwardsWithoutTarget', 'Maximum'),
        ...{ periods: 3, threshold: 0, operator: ABOVE, missing: MISSING },
        text: 'a forward has had no healthy target for 3 minutes. Look which, and why: sudo portway status',
      },
    }),
    ...when('CertificateDays', {
      Certificate: {
        metric: metric('CertificateDays', 'Minimum', 60),
        ...{ periods: 1, threshold: 14, operator: BELOW, missing: MISSING },
        text: 'a certificate has less than 14 days left, and was not renewed. Look whose, and what the renewal says: sudo portway status, journalctl -u portway-certificates',
      },
    }),
    ...when('ConntrackPercent', {
      Tracked: {
        metric: metric('ConntrackPercent', 'Maximum'),
        ...{ periods: 3, threshold: 80, operator: ABOVE, missing: MISSING },
        text: 'the kernel tracks more than 80 % of the connections that it can; beyond that it drops new ones. Look who opens them: sudo portway top. A larger instanceType tracks more',
      },
    }),
    Disk: {
      metric: metric('DiskPercent', 'Maximum', 5),
      ...{ periods: 3, threshold: 80, operator: ABOVE, missing: MISSING },
      text: 'its disk has been fuller than 80 % for 15 minutes. Look what takes the room: sudo du -xsh /var/* | sort -h. Logs of Portway take a tenth at most',
    },
  };
}
