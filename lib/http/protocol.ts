import { readOneOf } from '../forward/read-value';
import type { WebForward } from '../forward/resolved';
import { type Block, block, type Line } from '../nginx/block';
import { countRefusal } from '../nginx/log-fields';
import { ignoredCommands, toldHeaders } from '../nginx/proxy-headers';
import type { BesideScope, HttpFeature } from './feature';
import { addHeaders, hiddenByDefault } from './headers';
import { logLines } from './logs';
import { set } from './set';

export type HttpProtocol = 'http' | 'grpc';

/** @category Hosts and paths */
export interface HttpProtocolProps {
  /**
   * What targets speak: `'http'` (HTTP/1.1 and WebSocket) or `'grpc'`, which needs an HTTPS forward.
   * @default 'http'
   * @refused `'grpc'` on `Forward.http`: gRPC needs HTTP/2, which clients speak only over TLS
   * @see docs/delivery.md#grpc
   */
  readonly protocol?: HttpProtocol;
}

export interface ProtocolValues {
  readonly protocol?: HttpProtocol;
}

declare module './values' {
  interface RouteValues extends ProtocolValues {}
}

/** What targets speak: HTTP/1.1 or gRPC. */
export const protocol: HttpFeature<HttpProtocolProps, ProtocolValues> = {
  props: { protocol: true },
  read(at, { protocol: value }, problems, { kind }) {
    if (value === 'grpc' && kind !== 'https')
      problems.add(
        `${at}.protocol`,
        'must be http here: gRPC needs HTTP/2, which clients speak over TLS (Forward.https)',
        value,
      );
    return set({ protocol: readOneOf(`${at}.protocol`, value, ['http', 'grpc'], problems) });
  },
  nginx: {
    http: {
      order: 65,
      lines: ({ forwards, facts }) =>
        forwards.some(speaksGrpc)
          ? [
              '',
              '# gRPC: denied, not implemented, deadline exceeded, exhausted, internal; otherwise unavailable.',
              'map $status $portway_grpc { 400 13; 403 7; 405 12; 408 4; 413 8; 500 13; default 14; }',
              ...toldHeaders('grpc', facts),
              ...hiddenByDefault(facts).map((name) => `grpc_hide_header ${name};`),
              ...ignoredCommands('grpc'),
            ]
          : [],
    },
    setting: { order: 50, lines: ({ route }) => (route?.protocol === 'grpc' ? [grpcErrors(route.id)] : []) },
    beside: { order: 40, blocks: statusPlace },
    // A gRPC call is one request, however many messages it carries, so it has no size limit unless the user sets one.
    implies: ({ protocol: spoken, options }) =>
      spoken === 'grpc' && options.maxBodyMiB === undefined ? { maxBodyMiB: 0 } : {},
  },
};

/** The statuses that the gateway itself may answer on a gRPC route. */
const ERRORS = '400 403 405 408 413 429 500 502 503 504';

/** Whether any route of a forward uses gRPC. */
export function speaksGrpc({ sites }: Pick<WebForward, 'sites'>): boolean {
  return sites.some((s) => s.routes.some((r) => r.protocol === 'grpc'));
}

/** In the location of a gRPC route: where its errors are answered. */
function grpcErrors(id: string): Line {
  return `error_page ${ERRORS} ${grpcPlaceName(id)};`;
}

/**
 * Beside it: instead of a page, a status in the answer's head. A call ends with a status of gRPC's own. Without one its
 * clients guess, and a body that is too large or too slow is merely UNKNOWN. The log has the HTTP status.
 * @see https://github.com/grpc/grpc/blob/master/doc/http-grpc-status-mapping.md
 */
function statusPlace({ route, forwardHeaders, facts }: BesideScope): readonly Block[] {
  const { id, options, overrides } = route;
  if (route.protocol !== 'grpc') return [];
  const status = ['grpc-status', '$portway_grpc'] as const;
  const message = ['grpc-message', 'the gateway says $status'] as const;
  const headers = [...(options.headers ?? []), ...forwardHeaders, status, message];
  const answer = `@grpc-status-${id}`;
  return [
    block(`location ${grpcPlaceName(id)}`, countRefusal(answer)),
    block(`location ${answer}`, [
      ...logLines(overrides.logs, facts),
      'set $portway_retry $portway_pause;',
      ...addHeaders(headers, facts, options.hideHeaders),
      'types {}',
      'default_type application/grpc;',
      'return 200 "";',
    ]),
  ];
}

function grpcPlaceName(id: string): string {
  return `@grpc-${id}`;
}
