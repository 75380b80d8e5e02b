import { ComparisonOperator } from 'aws-cdk-lib/aws-cloudwatch';

/** One alarm on a metric of EC2. */
export interface EarlyWarning {
  readonly metricName: string;
  readonly statistic: string;
  /** In minutes. */
  readonly period: number;
  /** How many periods in a row. */
  readonly periods: number;
  readonly threshold: number;
  readonly operator: ComparisonOperator;
  /** What it means, and what to look at. */
  readonly text: string;
}

/**
 * What EC2 measures of a type's processor, before users notice. Without detailed monitoring, and of credits always, every
 * five minutes.
 * @see https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/burstable-performance-instances-monitoring-cpu-credits.html
 */
export function earlyWarnings(instanceType: string): Readonly<Record<string, EarlyWarning>> {
  const busy: EarlyWarning = {
    ...{ metricName: 'CPUUtilization', statistic: 'Average', period: 5, periods: 3, threshold: 80 },
    operator: ComparisonOperator.GREATER_THAN_THRESHOLD,
    text: 'its processor has been busy to more than 80 % for 15 minutes. Look who sends so much: sudo portway top. If it is wanted, take a larger instanceType',
  };
  // Tokens and all other types: none.
  const family = /^(t\d\w*)\./.exec(instanceType)?.[1];
  if (family === undefined) return { Busy: busy };
  return { Busy: busy, Credits: family === 't2' ? throttled : charged };
}

/** T2: without credits, EC2 slows the processor down. */
const throttled: EarlyWarning = {
  ...{ metricName: 'CPUCreditBalance', statistic: 'Average', period: 5, periods: 6, threshold: 10 },
  operator: ComparisonOperator.LESS_THAN_THRESHOLD,
  text: 'its CPU credits are nearly used up: EC2 slows it down when they are. Look who sends so much: sudo portway top. If it is wanted, take a larger instanceType',
};

/** All later ones go on without credits, and AWS charges for it. An hour: setting up uses more than there is, for some minutes. */
const charged: EarlyWarning = {
  ...{ metricName: 'CPUSurplusCreditBalance', statistic: 'Average', period: 5, periods: 12, threshold: 0 },
  operator: ComparisonOperator.GREATER_THAN_THRESHOLD,
  text: 'for an hour it has used more processor time than its type earns, which AWS charges if it goes on. Look who sends so much: sudo portway top. If it is wanted, take a larger instanceType',
};
