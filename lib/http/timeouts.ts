import type { Known } from '../forward/known';
import { readObject } from '../forward/read-object';
import { readWhole } from '../forward/read-value';
import type { HttpFeature } from './feature';
import { set } from './set';

/** @category Protection of HTTP */
export interface TimeoutsProps {
  /**
   * How long a client or a target may pause. Two timeouts are fixed: a client has 10 s for the head of a request, and
   * 30 s to accept each piece of an answer.
   * @default as listed for each
   */
  readonly timeouts?: HttpTimeouts;
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

const PARTS: Known<HttpTimeouts> = { body: true, response: true };

export interface TimeoutsValues {
  readonly timeouts?: HttpTimeouts;
}

declare module './values' {
  interface RouteValues extends TimeoutsValues {}
}

export const timeouts: HttpFeature<TimeoutsProps, TimeoutsValues> = {
  props: { timeouts: true },
  parts: { timeouts: PARTS },
  read(at, { timeouts: value }, problems) {
    const where = `${at}.timeouts`;
    const props = readObject(where, value, { parts: PARTS, example: '{ response: 300 }' }, problems);
    if (props === undefined) return {};
    const seconds = (name: keyof HttpTimeouts, to: number) =>
      readWhole(`${where}.${name}`, props[name], { from: 1, to }, problems);
    return { timeouts: set({ body: seconds('body', 600), response: seconds('response', 86_400) }) };
  },
  nginx: {
    http: {
      order: 21,
      lines: () => [
        '# Slow clients: timeouts for the whole head, each part of a body, each part of an answer.',
        'client_header_timeout 10s;',
        'client_body_timeout 20s;',
        'send_timeout 30s;',
        'reset_timedout_connection on;',
      ],
    },
    setting: {
      order: 21,
      lines: ({ stated: { timeouts: stated }, module }) => {
        const { body, response } = stated ?? {};
        return [
          ...(body === undefined ? [] : [`client_body_timeout ${body}s;`]),
          ...(response === undefined ? [] : [`${module}_read_timeout ${response}s;`]),
          ...(response === undefined || module === 'proxy' ? [] : [`grpc_send_timeout ${response}s;`]),
        ];
      },
    },
  },
};
