import type { Problems } from './problems';
import { readWhole } from './whole';

/** When nginx takes a TCP connection or a UDP client for gone. */
export interface SessionProps {
  /**
   * Seconds without a byte in either direction after which a connection is closed, or a UDP client forgotten, 1-86400; nginx only. A
   * connection of which one side has ended its direction is closed after them too. Peers that vanished are found earlier, by TCP's
   * keepalive probes.
   * @default a day for TCP, 120 for UDP: the least that a NAT may give a quiet client (RFC 4787, REQ-5)
   * @see https://nginx.org/en/docs/stream/ngx_stream_proxy_module.html#proxy_timeout
   */
  readonly idleTimeout?: number;
  /**
   * How many datagrams a target answers to one of a client, 0-1000; after them the client is forgotten at once, which saves memory
   * where clients ask once (DNS: 1; syslog: 0). UDP on nginx only.
   * @default not known: a client is forgotten after `idleTimeout`
   */
  readonly responses?: number;
}

/** The checked session; what nobody said is not there. */
export type Session = SessionProps;

export function readSession(at: string, props: SessionProps, kind: 'tcp' | 'udp', problems: Problems): Session {
  const { idleTimeout, responses } = props;
  if (responses !== undefined && kind === 'tcp')
    problems.add(`${at}.responses`, 'must be left out: TCP knows where a connection ends', responses);
  const idle =
    idleTimeout === undefined
      ? undefined
      : readWhole(`${at}.idleTimeout`, idleTimeout, { from: 1, to: 86_400 }, problems);
  const answers =
    responses === undefined ? undefined : readWhole(`${at}.responses`, responses, { from: 0, to: 1000 }, problems);
  return {
    ...(idle === undefined ? {} : { idleTimeout: idle }),
    ...(answers === undefined ? {} : { responses: answers }),
  };
}
