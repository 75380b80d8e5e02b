import type { Known } from '../forward/known';
import type { Problems } from '../forward/problems';
import { readObject } from '../forward/read-object';
import { readFlag, readWhole } from '../forward/read-value';

/**
 * Keeps answers on the gateway's disk and serves them to everybody. Only answers that the application allows to be
 * shared are kept: none with `Cache-Control: private`, `no-store` or `no-cache`, and none that sets a cookie.
 * Requests with an `Authorization` header or a body bypass the cache. An expired answer is served only within its own
 * `stale-while-revalidate` or `stale-if-error`.
 * @see https://www.rfc-editor.org/rfc/rfc9111.html
 * @see https://www.rfc-editor.org/rfc/rfc5861.html
 */
export interface CacheProps {
  /**
   * Disk space for the cache, in MB of 2^20 bytes (10-1000000). Answers that have gone unused longest are removed
   * first.
   */
  readonly sizeMb: number;
  /**
   * How long an answer (200, 301 or 308) is fresh if it does not say so itself, in seconds (1-31536000).
   * @default such answers are not kept
   */
  readonly validFor?: number;
  /**
   * How long an unused answer stays on the disk, fresh or not, in seconds (60-31536000).
   * @default 86400: a day
   */
  readonly keepFor?: number;
  /**
   * Names of the query parameters that distinguish pages: at most 20, of letters, digits and `_`. All other
   * parameters are removed from GET and HEAD requests, for targets too.
   * @default all parameters distinguish pages
   * @refused names that differ only in case
   */
  readonly query?: readonly string[];
  /**
   * Whether requests with cookies are also served from the cache. Targets then get no cookies with GET and HEAD
   * requests.
   * @default false: requests with cookies bypass the cache
   */
  readonly ignoreCookies?: boolean;
  /**
   * How long requests wait while another request fetches the same page, in seconds (0-60), so that a rush for one
   * page reaches the targets once. 0: no request waits. If the answer turns out not to be cacheable, the wait was in
   * vain.
   * @default 1
   * @see https://nginx.org/en/docs/http/ngx_http_proxy_module.html#proxy_cache_lock
   */
  readonly waitForFill?: number;
}

/** A checked cache. Times in seconds. */
export interface Cache {
  /** The forward, host or path that declares the cache. Everything below shares it. */
  readonly id: string;
  readonly sizeMb: number;
  readonly validFor?: number;
  readonly keepFor: number;
  /** Undefined: the whole query counts. */
  readonly query?: readonly string[];
  readonly ignoreCookies: boolean;
  readonly waitForFill: number;
}

export const CACHE_PARTS: Known<CacheProps> = {
  sizeMb: true,
  validFor: true,
  keepFor: true,
  query: true,
  ignoreCookies: true,
  waitForFill: true,
};

const YEAR = 31_536_000;
const DAY = 86_400;

/** The cache of a forward, host or path: `false` turns it off, undefined if unset. */
export function readCache(at: string, value: unknown, id: string, problems: Problems): Cache | false | undefined {
  if (value === undefined || value === false) return value;
  const where = `${at}.cache`;
  const props = readObject(where, value, { parts: CACHE_PARTS, example: '{ sizeMb: 500 }' }, problems);
  if (props === undefined) return undefined;
  const seconds = (name: 'validFor' | 'keepFor' | 'waitForFill', from: number, to = YEAR) =>
    readWhole(`${where}.${name}`, props[name], { from, to }, problems);
  const validFor = seconds('validFor', 1);
  const query = readQuery(`${where}.query`, props.query, problems);
  return {
    id,
    sizeMb: readWhole(`${where}.sizeMb`, props.sizeMb, { from: 10, to: 1_000_000, required: true }, problems) ?? 10,
    ...(validFor === undefined ? {} : { validFor }),
    keepFor: seconds('keepFor', 60) ?? DAY,
    ...(query === undefined ? {} : { query }),
    ignoreCookies: readFlag(`${where}.ignoreCookies`, props.ignoreCookies, problems) === true,
    waitForFill: seconds('waitForFill', 0, 60) ?? 1,
  };
}

/** nginx has a variable for each such parameter, and ignores case in their names. */
function readQuery(at: string, value: unknown, problems: Problems): readonly string[] | undefined {
  if (value === undefined) return undefined;
  const names: readonly unknown[] = Array.isArray(value) ? value : [value];
  const seen = new Set(names.map((name) => (typeof name === 'string' ? name.toLowerCase() : name)));
  const good = Array.isArray(value) && value.length <= 20 && seen.size === value.length;
  if (good && names.every((name) => typeof name === 'string' && /^\w{1,50}$/.test(name))) return value;
  problems.add(
    at,
    "must be a list of at most 20 names of letters, digits and underscores such as ['page', 'sort'], which differ in more than upper and lower case",
    value,
  );
  return undefined;
}
