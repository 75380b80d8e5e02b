import { checkBoth, type Header, readHeaders, readHiddenHeaders } from './http-headers';
import { type HttpLimits, type ResolvedHttpLimits, readHttpLimits } from './http-limits';
import { type HttpLogs, type ResolvedLogs, readLogs } from './http-logs';
import { TIMEOUTS } from './known-props';
import { readPassedHeaders } from './pass-headers';
import type { Problems } from './problems';
import { readObject } from './read-object';
import { readWhole } from './whole';

/** How requests are let through: on a forward for all, on a host or a path for its own, which otherwise take what stands above. */
export interface HttpOptionProps {
  /**
   * What one client may do.
   * @default no limits
   */
  readonly limits?: HttpLimits;
  /**
   * How large a request's body may be, in MiB, 1-10240; a larger one is answered with 413. It waits on the disk until it is complete, so
   * `diskGiB` must have room for it, unless requests are `streaming`.
   * @default 100
   */
  readonly maxBodyMiB?: number;
  /**
   * How long a client or a target may keep others waiting.
   * @default see there
   */
  readonly timeouts?: HttpTimeouts;
  /**
   * The methods that pass; others are answered with 405. `GET` brings `HEAD` with it.
   * @default all methods
   */
  readonly methods?: readonly string[];
  /**
   * Headers for every answer, in place of what targets send under these names. A host or a path adds to those that stand above.
   * @default X-Request-ID and X-Content-Type-Options alone
   */
  readonly headers?: Readonly<Record<string, string>>;
  /**
   * Headers that clients do not get, by name: neither a target's, nor one that the gateway adds, nor one of `headers` from above. A host
   * or a path has its own list in place of the one above, and what it adds by `headers` counts. The gateway's own cookie
   * (`balance: 'cookie'`) stays.
   * @default X-Powered-By alone, which only tells what a target was made with; it is always hidden
   */
  readonly hideHeaders?: readonly string[];
  /**
   * Headers of requests that reach targets although they tell them another URL, method, host, scheme or client than the request's, such as
   * `X-HTTP-Method-Override`, or `CF-Connecting-IP` behind Cloudflare. Any client can write them. Not where answers are kept (`cache`).
   * @default none of them: they are taken out of all requests
   * @see https://portswigger.net/research/practical-web-cache-poisoning
   */
  readonly passHeaders?: readonly string[];
  /**
   * What is written down.
   * @default all requests
   */
  readonly logs?: HttpLogs;
}

/** Seconds between two pieces of something. */
export interface HttpTimeouts {
  /**
   * How long a client may pause while it sends a body, 1-600 seconds.
   * @default 20
   */
  readonly body?: number;
  /**
   * How long a target may pause before or while it answers, 1-86400 seconds. A WebSocket, and an answer to a request that accepts
   * `text/event-stream`, may be silent for an hour, or for this time if it is longer.
   * @default 60; a day where answers are `streaming`
   */
  readonly response?: number;
}

/** The checked options; what nobody said is not there. */
export interface HttpOptions {
  readonly limits?: ResolvedHttpLimits;
  readonly maxBodyMiB?: number;
  readonly timeouts?: HttpTimeouts;
  readonly methods?: readonly string[];
  readonly headers?: readonly Header[];
  readonly hideHeaders?: readonly string[];
  readonly passHeaders?: readonly string[];
  readonly logs?: ResolvedLogs;
}

/** What stands at one place, a forward, a host or a path. */
export function readHttpOptions(at: string, props: HttpOptionProps, problems: Problems): HttpOptions {
  const whole = (name: 'maxBodyMiB', to: number) =>
    props[name] === undefined ? undefined : readWhole(`${at}.${name}`, props[name], { from: 1, to }, problems);
  const headers = readHeaders(`${at}.headers`, props.headers, problems);
  const hideHeaders = readHiddenHeaders(`${at}.hideHeaders`, props.hideHeaders, problems);
  checkBoth(at, headers, hideHeaders, problems);
  return given({
    limits: readHttpLimits(`${at}.limits`, props.limits, problems),
    maxBodyMiB: whole('maxBodyMiB', 10_240),
    timeouts: readTimeouts(`${at}.timeouts`, props.timeouts, problems),
    methods: readMethods(`${at}.methods`, props.methods, problems),
    headers,
    hideHeaders,
    passHeaders: readPassedHeaders(`${at}.passHeaders`, props.passHeaders, problems),
    logs: readLogs(`${at}.logs`, props.logs, problems),
  });
}

/** What counts at a place inside of another one. Of a header that one adds and the other hides, the inner word counts. */
export function mergeHttpOptions(outer: HttpOptions, own: HttpOptions): HttpOptions {
  const merged = { ...outer, ...own };
  const headers = mergeHeaders(outer, own);
  const hideHeaders =
    own.hideHeaders ??
    without(
      outer.hideHeaders,
      own.headers?.map(([name]) => name),
    );
  return given({ ...merged, headers, hideHeaders });
}

function mergeHeaders(outer: HttpOptions, own: HttpOptions): readonly Header[] | undefined {
  const hidden = own.hideHeaders?.map((name) => name.toLowerCase()) ?? [];
  if (outer.headers === undefined) return own.headers;
  const kept = outer.headers.filter(([name]) => !hidden.includes(name.toLowerCase()));
  // What is taken from above as it is stays the very same object.
  if (own.headers === undefined) return kept.length === outer.headers.length ? outer.headers : kept;
  return [...new Map([...kept, ...own.headers].map((h) => [h[0].toLowerCase(), h])).values()];
}

/** The names without some; the very same object where all stay. */
function without(names: readonly string[] | undefined, some: readonly string[] = []): readonly string[] | undefined {
  const lower = some.map((name) => name.toLowerCase());
  const kept = names?.filter((name) => !lower.includes(name.toLowerCase()));
  return kept?.length === names?.length ? names : kept;
}

function readTimeouts(at: string, value: unknown, problems: Problems): HttpTimeouts | undefined {
  const props = readObject(at, value, { parts: TIMEOUTS, example: '{ response: 300 }' }, problems);
  if (props === undefined) return undefined;
  const seconds = (name: 'body' | 'response', to: number) =>
    props[name] === undefined ? undefined : readWhole(`${at}.${name}`, props[name], { from: 1, to }, problems);
  return given({ body: seconds('body', 600), response: seconds('response', 86_400) });
}

/** nginx itself refuses these two: CONNECT is for another kind of proxy, TRACE shows what no script should see. */
const NEVER = ['CONNECT', 'TRACE'];

function readMethods(at: string, value: unknown, problems: Problems): readonly string[] | undefined {
  if (value === undefined) return undefined;
  if (!Array.isArray(value) || value.length === 0) {
    problems.add(at, "must hold at least one method, such as ['GET', 'POST']", value);
    return undefined;
  }
  const methods = value.filter((method: unknown, i): method is string => {
    if (typeof method === 'string' && /^[A-Z]{1,10}(-[A-Z]{1,10})?$/.test(method) && !NEVER.includes(method))
      return true;
    problems.add(
      `${at}[${i}]`,
      `must be a method in upper case such as GET or POST (${NEVER.join(' and ')} are always refused)`,
      method,
    );
    return false;
  });
  return [...new Set(methods.flatMap((method) => (method === 'GET' ? ['GET', 'HEAD'] : [method])))];
}

/** Without what is undefined: it would hide what stands above. */
function given<T extends object>(options: T): { [K in keyof T]?: Exclude<T[K], undefined> } {
  return Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined)) as never;
}
