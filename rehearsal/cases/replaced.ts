import { Forward } from '../../lib/forward/forward';
import type { Stage, Version, WatchResult } from '../src/case';
import { NEW, NEWEST, OLD } from './changes';

const onChange = 'replace';
const both = { web: Forward.http({ listen: 80, to: 8080 }) };
const old = { old: Forward.tcp({ listen: OLD, to: 8080 }) };
const fresh = { fresh: Forward.tcp({ listen: NEW, to: 8080 }) };
const newest = { newest: Forward.tcp({ listen: NEWEST, to: 8080 }) };

/**
 * Contents of one stack whose host is replaced by each change. Those after the second fail, each for its own reason.
 */
export const REPLACED = {
  first: { onChange, forwards: { ...both, ...old } },
  second: { onChange, forwards: { ...both, ...fresh } },
  // Nothing is wrong with these two. A case makes each of them fail, and the failed report would stay with the second
  // content.
  third: { onChange, forwards: both },
  fourth: { onChange, forwards: { ...both, ...newest } },
  // The application already listens there.
  'taken port': { onChange, forwards: { ...both, site: Forward.http({ listen: 8080, to: 8443 }) } },
  // The image is Debian's, whatever `os` says: an `ami` of another distribution than in the props.
  'wrong image': { onChange, os: 'amazon-linux-2023', forwards: { web: Forward.http({ listen: 80, to: 8080 }) } },
} as const satisfies Record<string, Version>;

/**
 * Requests that may be in flight while the address moves, of the ten a second that are made. Those on connections to
 * the old host break, as on EC2.
 */
export const MAY_BREAK = 3;

/** Checks that nobody noticed: strangers asked all the time, and all got their answers. */
export function nothingLost({ checks, phase }: Stage, { requests, lost, downtime, seen }: WatchResult): void {
  const figures = `${lost} of ${requests} requests lost, ${downtime.toFixed(1)} s at most between two answers`;
  if (lost === 0 && requests > 0) checks.passed(phase, 'traffic never stopped', figures);
  else checks.failed(phase, 'traffic never stopped', `${figures}: ${JSON.stringify(seen)}`);
}
