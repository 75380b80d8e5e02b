import type { Known } from '../forward/known';
import { limitReader, PER_FLEET, type PerFleetProps } from '../forward/per-fleet';
import type { Problems } from '../forward/problems';
import { readObject } from '../forward/read-object';
import type { WebForward } from '../forward/resolved';
import type { Line } from '../nginx/block';
import { CLIENT_KEY } from '../nginx/client-key';
import { shareLines } from '../nginx/share';
import type { HttpFeature } from './feature';

/** @category Protection of HTTP */
export interface LimitsProps {
  /**
   * What one client may do. A client is an IPv4 address or an IPv6 /64. Requests over a limit get 429 with
   * `Retry-After: 1` and reach no target; redirects and refusals count too.
   * @default no limits
   * @refused an object with neither `requestsPerSecond` nor `openConnections`
   */
  readonly limits?: HttpLimits;
}

/**
 * What one client may do; a client is an IPv4 address or an IPv6 /64. Requests over a limit get 429 with
 * `Retry-After` and reach no target. This includes requests that would have been redirected or refused.
 */
export interface HttpLimits extends PerFleetProps {
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

export const HTTP_LIMITS: Known<HttpLimits> = {
  requestsPerSecond: true,
  burst: true,
  openConnections: true,
  ...PER_FLEET,
};

/** The checked limits, at least one of which is set: those of one host. */
export interface ResolvedHttpLimits {
  /** The place that sets them. All places below that inherit them share one counter. */
  readonly id: string;
  readonly rate?: { readonly perSecond: number; readonly burst: number };
  readonly openConnections?: number;
}

export interface LimitsValues {
  readonly limits?: ResolvedHttpLimits;
}

declare module './values' {
  interface RouteValues extends LimitsValues {}
}

export const limits: HttpFeature<LimitsProps, LimitsValues> = {
  props: { limits: true },
  parts: { 'limits of an HTTP forward': HTTP_LIMITS },
  read(at, props, problems, { id, hosts }) {
    const read = readLimits(`${at}.limits`, props.limits, { id, hosts }, problems);
    return read === undefined ? {} : { limits: read };
  },
  nginx: {
    limits: (options) => options.limits !== undefined,
    clientKey: countsClients,
    http: {
      order: 70,
      lines: ({ forwards }) => (countsClients(forwards) ? ['', 'limit_req_status 429;'] : []),
    },
    forward: { order: 20, lines: ({ forward }) => zones(forward) },
    // The share of the forward, unless a limit of the site counts beside it (`limitLines`).
    admission: {
      order: 0,
      lines: ({ forward, site }) =>
        site.options.limits?.openConnections === undefined ? shareLines(forward).lines : [],
    },
    setting: { order: 10, lines: ({ forward, stated }) => limitLines(forward, stated.limits) },
  },
};

const MAX = 10_000;

function readLimits(
  at: string,
  value: unknown,
  { id, hosts }: { readonly id: string; readonly hosts: number | undefined },
  problems: Problems,
): ResolvedHttpLimits | undefined {
  const props = readObject(at, value, { parts: HTTP_LIMITS, example: '{ requestsPerSecond: 20 }' }, problems);
  if (props === undefined) return undefined;
  if (props.requestsPerSecond === undefined && props.openConnections === undefined)
    problems.add(at, 'must say requestsPerSecond or openConnections', value);
  if (props.requestsPerSecond === undefined && props.burst !== undefined)
    problems.add(`${at}.burst`, 'must go with requestsPerSecond', props.burst);
  const { read } = limitReader(at, props, hosts, problems);
  const perSecond = read('requestsPerSecond', MAX);
  const burst = read('burst', MAX);
  const openConnections = read('openConnections', 65_535);
  return {
    id,
    ...(perSecond === undefined
      ? {}
      : { rate: { perSecond, burst: burst ?? Math.min(Math.max(20, perSecond * 5), MAX) } }),
    ...(openConnections === undefined ? {} : { openConnections }),
  };
}

/**
 * Room for about 80,000 clients; beyond that, the least recently seen are forgotten. The memory is used as it fills.
 */
const ZONE = '10m';

/** The different limits of a forward. Routes that inherit them from the same place share a counter. */
function limitsOf({ sites }: WebForward): readonly ResolvedHttpLimits[] {
  const all = sites.flatMap((s) => [s.options.limits, ...s.routes.map((r) => r.options.limits)]);
  return [...new Map(all.flatMap((l) => (l === undefined ? [] : [[l.id, l] as const]))).values()];
}

function zone(kind: 'rate' | 'open', forward: WebForward, { id }: ResolvedHttpLimits): string {
  const place = limitsOf(forward).findIndex((l) => l.id === id);
  return `${kind}-${forward.name}${place < 1 ? '' : `.${place + 1}`}`;
}

/** Whether clients are counted in the http context. */
function countsClients(forwards: readonly WebForward[]): boolean {
  return forwards.some((f) => limitsOf(f).length > 0);
}

/** The zones that count a forward's clients. */
function zones(forward: WebForward): readonly Line[] {
  const ofLimits = limitsOf(forward).flatMap((limits) => [
    ...(limits.rate === undefined
      ? []
      : [
          `limit_req_zone ${CLIENT_KEY} zone=${zone('rate', forward, limits)}:${ZONE} rate=${limits.rate.perSecond}r/s;`,
        ]),
    ...(limits.openConnections === undefined
      ? []
      : [`limit_conn_zone ${CLIENT_KEY} zone=${zone('open', forward, limits)}:${ZONE};`]),
  ]);
  return [...ofLimits, ...shareLines(forward).zone];
}

/** Also applies to the forward's share where both are counted: nginx has one status for both. */
const OPEN = ['limit_conn_status 429;', 'limit_conn_log_level info;'];

/** The limits, in a server or a location. nginx lets one more request through at once than `burst`. */
export function limitLines(forward: WebForward, limits: ResolvedHttpLimits | undefined): readonly Line[] {
  if (limits === undefined) return [];
  const { rate, openConnections } = limits;
  const burst = rate === undefined || rate.burst === 1 ? '' : ` burst=${rate.burst - 1} nodelay`;
  return [
    ...(rate === undefined ? [] : [`limit_req zone=${zone('rate', forward, limits)}${burst};`]),
    ...(openConnections === undefined
      ? []
      : [
          ...OPEN,
          `limit_conn ${zone('open', forward, limits)} ${openConnections};`,
          // nginx inherits the share only if the location has no other limit.
          ...shareLines(forward).lines,
        ]),
  ];
}
