import { HTTP_LIMITS } from './known-props';
import type { Problems } from './problems';
import { readObject } from './read-object';
import { readWhole } from './whole';

/**
 * What one client may do; a client is an IPv4 address or an IPv6 /64. Requests over a limit get 429 with
 * `Retry-After` and reach no target. This includes requests that would have been redirected or refused.
 */
export interface HttpLimits {
  /**
   * Requests per second (1-10000). All hosts and paths that take the limit from the same place share one count.
   * @default no limit
   * @see https://nginx.org/en/docs/http/ngx_http_limit_req_module.html
   */
  readonly requestsPerSecond?: number;
  /**
   * How many requests may arrive at once before `requestsPerSecond` applies (1-10000).
   * @default five seconds' worth, but at least 20: one page makes many requests at once
   * @refused without `requestsPerSecond`
   */
  readonly burst?: number;
  /**
   * How many connections may be waiting for an answer at once (1-65535). Over HTTP/2 and HTTP/3 each request counts
   * as one. Idle connections do not count.
   * @default no limit
   * @see https://nginx.org/en/docs/http/ngx_http_limit_conn_module.html
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
