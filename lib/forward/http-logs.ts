import { LOGS } from './known-props';
import type { Problems } from './problems';
import { readObject } from './read-object';

/** Which requests are logged, and how much of their addresses. */
export interface HttpLogs {
  /**
   * `'all'` requests, only `'errors'` (status 400 and above), or `'none'`.
   * @default 'all'
   */
  readonly level?: LogLevel;
  /**
   * Whether to leave out query strings, which may hold names, searches or keys. nginx's own messages contain whole
   * addresses, so they are then written only from level `crit` on. Such a message, about a full disk say, may still
   * show an address.
   * @default false
   */
  readonly redact?: boolean;
}

export type LogLevel = 'all' | 'errors' | 'none';

export interface ResolvedLogs {
  readonly level: LogLevel;
  readonly redact: boolean;
}

export function readLogs(at: string, value: unknown, problems: Problems): ResolvedLogs | undefined {
  const example = "{ level: 'errors', redact: true }";
  const props = readObject(at, value, { parts: LOGS, example }, problems);
  if (props === undefined) return undefined;
  const { level = 'all', redact = false } = props;
  if (level !== 'all' && level !== 'errors' && level !== 'none')
    problems.add(`${at}.level`, 'must be all, errors or none', level);
  if (typeof redact !== 'boolean') problems.add(`${at}.redact`, 'must be true or false', redact);
  return { level: level as LogLevel, redact: redact === true };
}
