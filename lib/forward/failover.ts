/** What is done about targets that fail, where there are several. */
export interface FailoverProps {
  /**
   * After how many failures within `failTimeout` a target is left out, 1-100.
   * @default 3
   */
  readonly maxFails?: number;
  /**
   * For how many seconds it is then left out, 1-3600. After that one request or connection tries whether it is back.
   * @default 10
   */
  readonly failTimeout?: number;
  /**
   * How many targets one request or connection may try, 1-10.
   * @default 3
   */
  readonly tries?: number;
  /**
   * Seconds after which no further target is tried, 1-300.
   * @default 15
   */
  readonly timeout?: number;
  /**
   * Seconds that connecting to one target may take, 1-60.
   * @default 2
   */
  readonly connectTimeout?: number;
}

/** The same for HTTP requests, which a target may have got before it failed. */
export interface HttpFailoverProps extends FailoverProps {
  /**
   * Which requests may be sent to another target after one that may have got them broke off. GET, HEAD and OPTIONS always are, and also
   * when the answer is 502, 503 or 504; POST and PATCH never are. `idempotent` adds PUT, DELETE and other methods, which by HTTP's
   * rules do the same when done twice; with `safe` they are not even sent on when the first target refused the connection.
   * @default 'idempotent'
   */
  readonly resend?: Resend;
}

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
