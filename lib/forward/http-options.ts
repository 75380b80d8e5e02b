import { checkBoth, type Header, readHeaders, readHiddenHeaders } from './http-headers';
import { type HttpLimits, type ResolvedHttpLimits, readHttpLimits } from './http-limits';
import { type HttpLogs, type ResolvedLogs, readLogs } from './http-logs';
import { TIMEOUTS } from './known-props';
import { readPassedHeaders } from './pass-headers';
import type { Problems } from './problems';
import { readObject } from './read-object';
import { readWhole } from './whole';

/**
 * How requests are admitted and answered. On a forward for all of its requests; a host or path overrides single
 * options.
 * @category Protection of HTTP
 */
export interface HttpOptionProps {
  /**
   * What one client may do. A client is an IPv4 address or an IPv6 /64. Requests over a limit get 429 with
   * `Retry-After: 1` and reach no target; redirects and refusals count too.
   * @default no limits
   * @refused an object with neither `requestsPerSecond` nor `openConnections`
   */
  readonly limits?: HttpLimits;
  /**
   * The largest request body, in MiB (1-10240). Larger requests get 413. The gateway holds a body on its disk until
   * it is complete, unless requests are `streaming`.
   * @default 100; no limit for gRPC
   * @refused more than `diskGiB` has room for beside 4 GiB for the system and all caches, unless requests are
   * `streaming`
   * @see https://nginx.org/en/docs/http/ngx_http_core_module.html#client_max_body_size
   */
  readonly maxBodyMiB?: number;
  /**
   * How long a client or a target may pause. Two timeouts are fixed: a client has 10 s for the head of a request, and
   * 30 s to accept each piece of an answer.
   * @default as listed for each
   */
  readonly timeouts?: HttpTimeouts;
  /**
   * The methods that pass; others get 405. `'GET'` includes `'HEAD'`. A site that browsers call from other origins
   * needs `'OPTIONS'`.
   * @default all methods
   * @refused an empty list; lower case; `CONNECT` and `TRACE`, which never pass
   */
  readonly methods?: readonly string[];
  /**
   * Headers to set on every answer. They replace headers of the same name from the target. A host or path adds to the
   * headers set above it.
   * @default none, beside `X-Request-ID` and `X-Content-Type-Options: nosniff`, which every answer has
   * @refused invalid header names; values with `$`, line breaks or non-ASCII characters; headers that belong to a
   * single answer, such as `Content-Length`, `Set-Cookie` and `Location`
   */
  readonly headers?: Readonly<Record<string, string>>;
  /**
   * Names of headers to remove from answers, whether they come from a target, the gateway or `headers` set above. A
   * host or path replaces the list set above it, and headers that it adds itself are sent. The gateway's own cookie
   * (`balance: 'cookie'`) is always sent.
   * @default only X-Powered-By, which is always removed
   * @refused invalid header names; a name that `headers` sets in the same place
   */
  readonly hideHeaders?: readonly string[];
  /**
   * Request headers to pass to targets although they claim another URL, method, host, scheme or client than the
   * request has. Examples are `X-HTTP-Method-Override`, and `CF-Connecting-IP` behind Cloudflare. Any client can send
   * them.
   * @default none: the gateway removes all of them
   * @refused headers that pass anyway; together with `cache`
   * @see docs/how-it-works.md#nginx
   * @see https://portswigger.net/research/practical-web-cache-poisoning
   */
  readonly passHeaders?: readonly string[];
  /**
   * What is written to `/var/log/portway/access.log`.
   * @default all requests
   */
  readonly logs?: HttpLogs;
}

/** Timeouts between two pieces of a message, in seconds. */
export interface HttpTimeouts {
  /**
   * How long a client may pause while it sends a body, in seconds (1-600).
   * @default 20; a day for gRPC with `streaming` of requests
   * @see https://nginx.org/en/docs/http/ngx_http_core_module.html#client_body_timeout
   */
  readonly body?: number;
  /**
   * How long a target may pause before and during its answer, in seconds (1-86400). WebSockets, and answers to
   * requests that accept `text/event-stream`, may be silent for an hour, or for this long if that is longer.
   * @default 60; a day with `streaming` of answers
   * @see https://nginx.org/en/docs/http/ngx_http_proxy_module.html#proxy_read_timeout
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
