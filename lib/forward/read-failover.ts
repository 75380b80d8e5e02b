import { FAILOVER, FAILOVER_PROPS, type Failover, HTTP_FAILOVER, type HttpFailoverProps } from './failover';
import type { Problems } from './problems';
import { readObject } from './read-object';
import { readOneOf, readWhole } from './read-value';
import type { Target } from './target';

const BOUNDS = { maxFails: 100, failTimeout: 3600, tries: 10, timeout: 300, connectTimeout: 60 } as const;

/** The failover of a forward, host or path; undefined if unset or invalid. */
export function readFailover(
  at: string,
  value: unknown,
  by: 'http' | 'nginx' | 'iptables',
  problems: Problems,
): Failover | undefined {
  if (value === undefined) return undefined;
  const where = `${at}.failover`;
  if (by === 'iptables') {
    problems.add(
      where,
      "must be left out on iptables, which sees no failures: write healthCheck, or engine: 'nginx'",
      value,
    );
    return undefined;
  }
  const parts: Readonly<Partial<Record<keyof HttpFailoverProps, true>>> =
    by === 'http' ? HTTP_FAILOVER : FAILOVER_PROPS;
  const props = readObject(where, value, { parts, example: '{ maxFails: 1, failTimeout: 30 }' }, problems);
  if (props === undefined) return undefined;
  const number = (name: keyof typeof BOUNDS) =>
    readWhole(`${where}.${name}`, props[name], { from: 1, to: BOUNDS[name] }, problems) ?? FAILOVER[name];
  return {
    maxFails: number('maxFails'),
    failTimeout: number('failTimeout'),
    tries: number('tries'),
    timeout: number('timeout'),
    connectTimeout: number('connectTimeout'),
    resend: readOneOf(`${where}.resend`, props.resend, ['idempotent', 'safe'], problems) ?? FAILOVER.resend,
  };
}

/** Whether another target can take over. A name counts, since it may stand for several addresses. */
export function canFailOver(targets: readonly Target[]): boolean {
  return targets.length > 1 || targets.some((t) => t.kind === 'name');
}
