import { Duration } from 'aws-cdk-lib';
import * as cloudwatch from 'aws-cdk-lib/aws-cloudwatch';
import { type CloudWatchMetrics, NAMESPACE } from '../forward/cloud-watch-metrics';

/** One alarm: on a bound, or on what is usual. */
export type Warning = WarningText &
  (
    | {
        readonly metric: cloudwatch.IMetric;
        readonly threshold: number;
        readonly operator: cloudwatch.ComparisonOperator;
      }
    // It goes off above the band that CloudWatch learns from the metric's last two weeks.
    | { readonly unusual: cloudwatch.Metric }
  );

interface WarningText {
  /** How many periods of the metric in a row. */
  readonly periods: number;
  /** What a period without data counts as. */
  readonly missing: cloudwatch.TreatMissingData;
  /** What it means, and what to look at. */
  readonly text: string;
}

/** The metrics that the host itself sends of the gateway, and the gateway's name. */
export interface SentMetrics {
  readonly gateway: string;
  /** Names of those of the gateway. */
  readonly names: readonly string[];
  /** Names of those of each forward. Empty if none is told apart. */
  readonly forwards: CloudWatchMetrics['forwards'];
}

/** One of them, in periods of some minutes; of one forward, if it is named. */
export function sentMetric(
  { gateway }: Pick<SentMetrics, 'gateway'>,
  metricName: string,
  statistic: string,
  minutes: number,
  forward?: string,
) {
  const dimensionsMap = { Gateway: gateway, ...(forward === undefined ? {} : { Forward: forward }) };
  return new cloudwatch.Metric({
    ...{ namespace: NAMESPACE, metricName, statistic, dimensionsMap },
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
  const forwards = Object.entries(sent.forwards);
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
    // The gateway's own would go off for the same reason, and name no forward.
    ...(forwards.length === 0
      ? servedWarnings(sent)
      : Object.assign({}, ...forwards.map(([name]) => servedWarnings(sent, name)))),
    ...when('Refused', {
      Refused: {
        unusual: metric('Refused', 'Sum', 5),
        ...{ periods: 3, missing: NOT_BREACHING },
        text: 'for 15 minutes the gateway has refused more requests and sessions than is usual at this time of the week. Look who comes: sudo portway top, and why it refuses: /var/log/portway/error.log',
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

/** Alarms on how one forward serves its clients; without a name, on all of them together. */
function servedWarnings(sent: SentMetrics, forward?: string): Readonly<Record<string, Warning>> {
  const names = (forward === undefined ? undefined : sent.forwards[forward]) ?? sent.names;
  const metric = (name: string, statistic: string, minutes = 1) => sentMetric(sent, name, statistic, minutes, forward);
  const [id, of, which] =
    forward === undefined
      ? ['', '', 'a forward']
      : [`-${forward}`, ` of the forward ${forward}`, `the forward ${forward}`];
  return {
    ...(names.includes('ServerErrors')
      ? {
          [`Failing${id}`]: {
            metric: new cloudwatch.MathExpression({
              expression: `IF(requests >= ${ENOUGH}, 100 * errors / requests, 0)`,
              usingMetrics: { requests: metric('Requests', 'Sum'), errors: metric('ServerErrors', 'Sum') },
              ...{ period: Duration.minutes(1), label: 'Requests answered by 5xx, in percent' },
            }),
            ...{ periods: 5, threshold: 5, operator: ABOVE, missing: NOT_BREACHING },
            text: `for 5 minutes more than 5 % of the requests${of} have been answered by 5xx. Look which forward and which target: sudo portway top, and /var/log/portway/error.log`,
          },
        }
      : {}),
    ...(names.includes('HealthyTargets') || names.includes('ForwardsWithoutTarget')
      ? {
          [`NoTarget${id}`]: {
            ...(forward === undefined
              ? { metric: metric('ForwardsWithoutTarget', 'Maximum'), threshold: 0, operator: ABOVE }
              : { metric: metric('HealthyTargets', 'Maximum'), threshold: 1, operator: BELOW }),
            ...{ periods: 3, missing: MISSING },
            text: `${which} has had no healthy target for 3 minutes. Look which, and why: sudo portway status`,
          },
        }
      : {}),
    ...(names.includes('CertificateDays')
      ? {
          [`Certificate${id}`]: {
            metric: metric('CertificateDays', 'Minimum', 60),
            ...{ periods: 1, threshold: 14, operator: BELOW, missing: MISSING },
            text: `a certificate${of} has less than 14 days left, and was not renewed. Look whose, and what the renewal says: sudo portway status, journalctl -u portway-certificates`,
          },
        }
      : {}),
  };
}
