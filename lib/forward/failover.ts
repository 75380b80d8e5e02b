import type { Known } from './known';
/**
 * What happens when one of several targets fails.
 * @category Targets of HTTP
 */
export interface FailoverProps {
  /**
   * After how many failures within `failTimeout` a target is left out (1-100).
   * @default 3
   */
  readonly maxFails?: number;
  /**
   * How long it is then left out, in seconds (1-3600). After that, one request or connection tries it again.
   * @default 10
   */
  readonly failTimeout?: number;
  /**
   * How many targets one request or connection may try (1-10).
   * @default 3
   */
  readonly tries?: number;
  /**
   * After how many seconds no further target is tried (1-300).
   * @default 15
   */
  readonly timeout?: number;
  /**
   * How long connecting to one target may take, in seconds (1-60).
   * @default 2
   */
  readonly connectTimeout?: number;
}

/** What happens when one of several targets fails. A target may have received a request before it failed. */
export interface HttpFailoverProps extends FailoverProps {
  /**
   * Which requests may be sent to another target after one may have received them. `'safe'`: GET, HEAD and OPTIONS,
   * also after a 502, 503 or 504. `'idempotent'`: also PUT, DELETE and other methods that have the same effect when
   * repeated. POST and PATCH are never resent. With `'safe'`, other methods are not even retried when the first
   * target refuses the connection.
   * @default 'idempotent'
   * @see https://www.rfc-editor.org/rfc/rfc9110#section-9.2.2
   */
  readonly resend?: Resend;
}

export const FAILOVER_PROPS = {
  maxFails: true,
  failTimeout: true,
  tries: true,
  timeout: true,
  connectTimeout: true,
} satisfies Known<FailoverProps>;
export const HTTP_FAILOVER = { ...FAILOVER_PROPS, resend: true } satisfies Known<HttpFailoverProps>;

export type Resend = 'idempotent' | 'safe';

/** The checked failover. Times in seconds. */
export interface Failover {
  readonly maxFails: number;
  readonly failTimeout: number;
  readonly tries: number;
  readonly timeout: number;
  readonly connectTimeout: number;
  readonly resend: Resend;
}

export const FAILOVER: Failover = {
  maxFails: 3,
  failTimeout: 10,
  tries: 3,
  timeout: 15,
  connectTimeout: 2,
  resend: 'idempotent',
};
