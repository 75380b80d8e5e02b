import { Duration } from 'aws-cdk-lib';
import * as cloudwatch from 'aws-cdk-lib/aws-cloudwatch';
import { type CloudWatchMetrics, cloudWatchMetrics, NAMESPACE } from '../forward/cloud-watch-metrics';
import type { GatewaySettings } from '../forward/gateway-settings';
import type { ResolvedForward } from '../forward/resolved';

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

/** Warnings by the names of their alarms. */
export type Warnings = Readonly<Record<string, Warning>>;

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

/** The metrics that hosts send; undefined if they send none. */
export function sentMetrics(
  gateway: string,
  forwards: readonly ResolvedForward[],
  settings: GatewaySettings,
): SentMetrics | undefined {
  const metrics = cloudWatchMetrics(forwards, settings);
  return metrics === undefined ? undefined : { gateway, names: metrics.gateway, forwards: metrics.forwards };
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
export function trafficWarnings(sent: SentMetrics): Warnings {
  const metric = (name: string, statistic: string, minutes = 1) => sentMetric(sent, name, statistic, minutes);
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
    ...ifAny(sent.names, ['Refused'], {
      Refused: {
        unusual: metric('Refused', 'Sum', 5),
        ...{ periods: 3, missing: NOT_BREACHING },
        text: 'for 15 minutes the gateway has refused more requests and sessions than is usual at this time of the week. Look who comes: sudo portway top, and why it refuses: /var/log/portway/error.log',
      },
    }),
    ...ifAny(sent.names, ['ConntrackPercent'], {
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

/** The warnings, if one of the wanted metrics is there. */
function ifAny(there: readonly string[], wanted: readonly string[], warnings: Warnings): Warnings {
  return wanted.some((name) => there.includes(name)) ? warnings : {};
}

/** Alarms on how one forward serves its clients; without a name, on all of them together. */
function servedWarnings(sent: SentMetrics, forward?: string): Warnings {
  const names = (forward === undefined ? undefined : sent.forwards[forward]) ?? sent.names;
  const metric = (name: string, statistic: string, minutes = 1) => sentMetric(sent, name, statistic, minutes, forward);
  const { id, of, subject, failing, down, ending } = forward === undefined ? ALL : oneForward(forward);
  return {
    ...ifAny(names, ['ServerErrors'], {
      [`Failing${id}`]: {
        metric: new cloudwatch.MathExpression({
          expression: `IF(requests >= ${ENOUGH}, 100 * errors / requests, 0)`,
          usingMetrics: { requests: metric('Requests', 'Sum'), errors: metric('ServerErrors', 'Sum') },
          ...{ period: Duration.minutes(1), label: 'Requests answered by 5xx, in percent' },
        }),
        ...{ periods: 5, threshold: 5, operator: ABOVE, missing: NOT_BREACHING },
        text: `for 5 minutes more than 5 % of the requests${of} have been answered by 5xx. Look ${failing}: sudo portway top, and /var/log/portway/error.log`,
      },
    }),
    ...ifAny(names, ['HealthyTargets', 'ForwardsWithoutTarget'], {
      [`NoTarget${id}`]: {
        ...(forward === undefined
          ? { metric: metric('ForwardsWithoutTarget', 'Maximum'), threshold: 0, operator: ABOVE }
          : { metric: metric('HealthyTargets', 'Maximum'), threshold: 1, operator: BELOW }),
        ...{ periods: 3, missing: MISSING },
        text: `${subject} has had no healthy target for 3 minutes. Look ${down}: sudo portway status`,
      },
    }),
    ...ifAny(names, ['CertificateDays'], {
      [`Certificate${id}`]: {
        metric: metric('CertificateDays', 'Minimum', 60),
        ...{ periods: 1, threshold: 14, operator: BELOW, missing: MISSING },
        text: `a certificate${of} has less than 14 days left, and was not renewed. Look ${ending}, and what the renewal says: sudo portway status, journalctl -u portway-certificates`,
      },
    }),
  };
}

/** The words of alarms on all forwards together. */
const ALL = {
  ...{ id: '', of: '', subject: 'a forward' },
  ...{ failing: 'which forward and which target', down: 'which, and why', ending: 'whose' },
};

function oneForward(name: string): typeof ALL {
  return {
    ...{ id: `-${name}`, of: ` of the forward ${name}`, subject: `the forward ${name}` },
    ...{ failing: `which target of ${name}`, down: `why none of ${name}'s answers`, ending: `which of ${name}'s` },
  };
}
