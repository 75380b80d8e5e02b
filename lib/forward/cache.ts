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
  /** Of the forward, host or path that it was written at: all below share it. */
  readonly id: string;
  readonly sizeMb: number;
  readonly validFor?: number;
  readonly keepFor: number;
  /** Undefined: the whole query counts. */
  readonly query?: readonly string[];
  readonly ignoreCookies: boolean;
  readonly waitForFill: number;
}
