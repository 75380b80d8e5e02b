import { HTTP_LIMITS } from './known-props';
import type { Problems } from './problems';
import { readObject } from './read-object';
import { readWhole } from './whole';

/**
 * What one client may ask for; a client is an IPv4 address or an IPv6 /64. What is beyond is answered with 429 and
 * `Retry-After`, also where the answer would have been a redirect or a refusal, and no target hears of it.
 */
export interface HttpLimits {
  /**
   * Requests per second, 1-10000.
   * @default no limit
   */
  readonly requestsPerSecond?: number;
  /**
   * How many requests may come at once before `requestsPerSecond` counts, 1-10000.
   * @default as many as come in 5 seconds, at least 20: a page asks for many things at once
   */
  readonly burst?: number;
  /**
   * Connections that wait for an answer at the same time, 1-65535. With HTTP/2 and HTTP/3 each request counts as one; a connection
   * that is open and idle does not count.
   * @default no limit
   */
  readonly openConnections?: number;
}

/** The checked limits: at least one of them is there. One object for all routes that take them from the same place. */
export interface ResolvedHttpLimits {
  readonly rate?: { readonly perSecond: number; readonly burst: number };
  readonly openConnections?: number;
}

const MAX = 10_000;

export function readHttpLimits(at: string, value: unknown, problems: Problems): ResolvedHttpLimits | undefined {
  const props = readObject(at, value, { parts: HTTP_LIMITS, example: '{ requestsPerSecond: 20 }' }, problems);
  if (props === undefined) return undefined;
  if (props.requestsPerSecond === undefined && props.openConnections === undefined)
    problems.add(at, 'must say requestsPerSecond or openConnections', value);
  if (props.requestsPerSecond === undefined && props.burst !== undefined)
    problems.add(`${at}.burst`, 'must go with requestsPerSecond', props.burst);
  const number = (name: keyof HttpLimits, to: number) =>
    props[name] === undefined ? undefined : readWhole(`${at}.${name}`, props[name], { from: 1, to }, problems);
  const perSecond = number('requestsPerSecond', MAX);
  const burst = number('burst', MAX);
  const openConnections = number('openConnections', 65_535);
  return {
    ...(perSecond === undefined
      ? {}
      : { rate: { perSecond, burst: burst ?? Math.min(Math.max(20, perSecond * 5), MAX) } }),
    ...(openConnections === undefined ? {} : { openConnections }),
  };
}
