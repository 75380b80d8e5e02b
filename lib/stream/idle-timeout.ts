import { readWhole } from '../forward/read-value';
import type { StreamOption } from './feature';

export interface IdleTimeoutProps {
  /**
   * How long a connection may go without a byte in either direction before it is closed, or a UDP client before it is
   * forgotten, in seconds (1-86400); nginx only. It also applies to connections that one side has half-closed. TCP
   * keepalive finds vanished peers within some 15 minutes, whatever this is set to.
   * @default a day for TCP, 120 for UDP: the least that a NAT may give a quiet client (RFC 4787, REQ-5)
   * @refused iptables
   * @see docs/limits.md#what-one-forward-may-hold
   * @see https://nginx.org/en/docs/stream/ngx_stream_proxy_module.html#proxy_timeout
   */
  readonly idleTimeout?: number;
}

export interface IdleTimeout {
  /** In seconds. */
  readonly idleTimeout: number;
}

declare module './values' {
  interface StreamValues extends IdleTimeout {}
}

/**
 * A day for TCP: keepalive finds dead peers within minutes, so only silent connections that work last that long. For UDP,
 * the shortest time for which a NAT must keep a quiet client. nginx would keep it for 10 minutes, although sessions are
 * limited for each forward.
 * @see https://www.rfc-editor.org/rfc/rfc4787#section-4.3
 */
const STANDARD = { tcp: 86_400, udp: 120 };

export const idleTimeout: StreamOption<IdleTimeoutProps, IdleTimeout> = {
  on: 'stream',
  props: { idleTimeout: true },
  read: (at, props, problems, { transport }) => ({
    idleTimeout:
      readWhole(`${at}.idleTimeout`, props.idleTimeout, { from: 1, to: 86_400 }, problems) ?? STANDARD[transport],
  }),
  lines: (forward) => [`proxy_timeout ${forward.idleTimeout}s;`],
};
