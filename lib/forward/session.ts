import type { Problems } from './problems';
import { readWhole } from './read-value';

/** When nginx considers a TCP connection or a UDP client gone. */
export interface SessionProps {
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
  /**
   * How many datagrams a target sends in reply to one from a client (0-1000). The client is then forgotten at once,
   * which saves memory for protocols of one request (DNS: 1; syslog: 0). UDP on nginx only.
   * @default unknown: a client is forgotten after `idleTimeout`
   * @refused TCP; iptables
   * @see https://nginx.org/en/docs/stream/ngx_stream_proxy_module.html#proxy_responses
   */
  readonly responses?: number;
}

/** The checked session. Unset values are omitted. */
export type Session = SessionProps;

export function readSession(at: string, props: SessionProps, kind: 'tcp' | 'udp', problems: Problems): Session {
  const { idleTimeout, responses } = props;
  if (responses !== undefined && kind === 'tcp')
    problems.add(`${at}.responses`, 'must be left out: TCP knows where a connection ends', responses);
  const idle = readWhole(`${at}.idleTimeout`, idleTimeout, { from: 1, to: 86_400 }, problems);
  const answers = readWhole(`${at}.responses`, responses, { from: 0, to: 1000 }, problems);
  return {
    ...(idle === undefined ? {} : { idleTimeout: idle }),
    ...(answers === undefined ? {} : { responses: answers }),
  };
}
