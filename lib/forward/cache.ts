/**
 * Keeps answers on the gateway's disk and gives them out again, to everybody. Only what the application allows to be shared is kept:
 * nothing with `Cache-Control: private`, `no-store` or `no-cache`, and nothing that sets a cookie. Requests with an
 * `Authorization` header or a body pass the cache by. An answer that has expired is given out only inside of its own
 * `stale-while-revalidate` or `stale-if-error`.
 * @see https://www.rfc-editor.org/rfc/rfc9111.html
 * @see https://www.rfc-editor.org/rfc/rfc5861.html
 */
export interface CacheProps {
  /** How much of the disk it may take, in MB (2^20 bytes), 10-1000000. What was not asked for the longest goes first. */
  readonly sizeMb: number;
  /**
   * For how many seconds an answer (200, 301 or 308) counts as fresh that says nothing of it itself, 1-31536000.
   * @default such answers are not kept
   */
  readonly validFor?: number;
  /**
   * For how many seconds an answer is kept on the disk that nobody asks for, fresh or not, 60-31536000.
   * @default 86400: a day
   */
  readonly keepFor?: number;
  /**
   * The names of the query's parameters that tell pages apart; all others are taken out of GET and HEAD requests, for the targets too.
   * Letters, digits and underscores.
   * @default the whole query tells pages apart
   */
  readonly query?: readonly string[];
  /**
   * Whether requests with cookies are answered from the cache like all others; the targets then get no cookies with GET and HEAD.
   * @default false: requests with cookies pass the cache by
   */
  readonly ignoreCookies?: boolean;
  /**
   * For how many seconds requests wait while another one already asks a target for the same, 0-60; so that the first visitors of a page do
   * not all reach the targets. Where answers turn out not to be kept, those who ask at the same time have waited in vain.
   * @default 1
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
