import type { Known } from '../forward/known';
import type { Problems } from '../forward/problems';
import { readObject } from '../forward/read-object';
import { readFlag } from '../forward/read-value';
import { readRetention } from './cloud-watch';

/** Which logs of the host CloudWatch Logs gets, each in a stream of its own. */
export interface LogsProps {
  /**
   * Whether also the logs that nginx writes of clients: `access.log`, `stream.log` and `error.log`, as far as the forwards' own `logs` write them. They
   * have addresses of clients in them, and CloudWatch charges for each gigabyte. Without it, the bootstrap log and what `protect` blocks.
   * @default false
   */
  readonly access?: boolean;
  /**
   * For how many days the log group keeps the lines.
   * @default 30
   * @refused anything but the numbers that `cloudWatch.retentionDays` may be
   */
  readonly retentionDays?: number;
}

export const LOGS = { access: true, retentionDays: true } satisfies Known<LogsProps>;

/** The checked props. */
export interface LogShipping {
  readonly access: boolean;
  readonly retentionDays: number;
}

export function readLogShipping(value: unknown, problems: Problems): LogShipping | undefined {
  const at = 'monitoring.logs';
  const props = readObject(at, value, { parts: LOGS, example: '{ access: true }' }, problems);
  if (props === undefined) return undefined;
  return {
    access: readFlag(`${at}.access`, props.access, problems) === true,
    retentionDays: readRetention(`${at}.retentionDays`, props.retentionDays, problems),
  };
}
