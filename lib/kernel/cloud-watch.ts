import type { Known } from '../forward/known';
import type { Problems } from '../forward/problems';
import { readObject } from '../forward/read-object';
import { readOneOf } from '../forward/read-value';

/** What becomes a metric of CloudWatch, and for how long the events that carry it are kept. */
export interface CloudWatchProps {
  /**
   * How much: `all` is the host, and all forwards together; `forwards` adds each forward; `percentiles` also the times that 50 % and
   * 99 % of its requests stay below. CloudWatch charges for each metric: `portway plan` says how many, and what they cost.
   * @default 'all'
   */
  readonly level?: MetricLevel;
  /**
   * For how many days the log group keeps the events. The metrics stay for 15 months whatever this is.
   * @default 30
   * @refused anything but one of 1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288 and 3653
   * @see https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_PutRetentionPolicy.html
   */
  readonly retentionDays?: number;
}

export const METRIC_LEVELS = ['all', 'forwards', 'percentiles'] as const;
export type MetricLevel = (typeof METRIC_LEVELS)[number];

export const CLOUD_WATCH = { level: true, retentionDays: true } satisfies Known<CloudWatchProps>;

/** The checked props. */
export interface CloudWatch {
  readonly level: MetricLevel;
  readonly retentionDays: number;
}

/** CloudWatch Logs takes no other numbers. */
const RETENTION = [
  ...[1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545],
  ...[731, 1096, 1827, 2192, 2557, 2922, 3288, 3653],
];

export function readCloudWatch(value: unknown, problems: Problems): CloudWatch | undefined {
  const at = 'monitoring.cloudWatch';
  const props = readObject(at, value, { parts: CLOUD_WATCH, example: "{ level: 'all' }" }, problems);
  if (props === undefined) return undefined;
  const level = readOneOf(`${at}.level`, props.level, METRIC_LEVELS, problems) ?? 'all';
  return { level, retentionDays: readRetention(`${at}.retentionDays`, props.retentionDays, problems) };
}

/** Days that a log group keeps its events. */
export function readRetention(at: string, value: unknown, problems: Problems): number {
  if (value === undefined) return 30;
  const days = RETENTION.find((one) => one === value);
  if (days === undefined)
    problems.add(at, `must be one of ${RETENTION.join(', ')}: CloudWatch Logs knows no others`, value);
  return days ?? 30;
}
