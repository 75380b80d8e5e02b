import { readWhole } from '../forward/read-value';
import type { WebForward } from '../forward/resolved';
import type { Line } from '../nginx/block';
import type { ForwardFeature } from './feature';
import { speaksGrpc } from './protocol';
import { set } from './set';

/** @category Forward.http */
export interface MaxHeaderProps {
  /**
   * The longest line in a request's head, in KiB (8-64): the longest header, such as all cookies of a site, or the
   * address. A whole head may be four times as long. The head of an answer may be as long as one such line, and at
   * least 16 KiB. Raise it for Kerberos tickets or many cookies; targets have limits of their own (Node.js 16 KiB,
   * Tomcat 8).
   * @default 16
   * @see docs/options.md#heads
   * @see https://nginx.org/en/docs/http/ngx_http_core_module.html#large_client_header_buffers
   */
  readonly maxHeaderKiB?: number;
}

/** The longest line of a request's head, in KiB. */
export interface MaxHeader {
  readonly maxHeaderKiB?: number;
}

declare module './values' {
  interface ForwardValues extends MaxHeader {}
}

export const maxHeader: ForwardFeature<MaxHeaderProps, MaxHeader> = {
  props: { maxHeaderKiB: true },
  read(at, { maxHeaderKiB: value }, problems) {
    return set({ maxHeaderKiB: readWhole(`${at}.maxHeaderKiB`, value, { from: 8, to: 64 }, problems) });
  },
  nginx: {
    http: { order: 25, lines: ({ forwards }) => headSizeDefaults(forwards.some(speaksGrpc)) },
    server: { lines: ({ forward }) => headSizeLines(forward) },
  },
};

/** The longest line of a request's head by default, in KiB. A head may have four such lines. */
const LINE = 16;

/** How much of an answer's head is read, in KiB. */
const ANSWER = 16;

function headSizeDefaults(grpc: boolean): readonly Line[] {
  return [
    `large_client_header_buffers 4 ${LINE}k;  # longest header line`,
    `proxy_buffer_size ${ANSWER}k;`,
    ...(grpc ? [`grpc_buffer_size ${ANSWER}k;`] : []),
  ];
}

function headSizeLines(forward: WebForward): readonly Line[] {
  const { maxHeaderKiB } = forward;
  if (maxHeaderKiB === undefined) return [];
  const answer = Math.max(ANSWER, maxHeaderKiB);
  return [
    `large_client_header_buffers 4 ${maxHeaderKiB}k;`,
    ...(answer === ANSWER ? [] : [`proxy_buffer_size ${answer}k;`]),
    ...(answer === ANSWER || !speaksGrpc(forward) ? [] : [`grpc_buffer_size ${answer}k;`]),
  ];
}
