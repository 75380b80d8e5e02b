import type { HttpOptions } from '../forward/http-options';
import type { WebForward } from '../forward/resolved';
import { type Block, block, type Line } from './block';
import { countRefusal } from './log-fields';
import { ignoredCommands, toldHeaders } from './proxy-headers';
import type { RequestFacts } from './request-facts';
import { addHeaders, hiddenByDefault } from './response-headers';

/** What the gateway may have to answer itself on a route of gRPC. */
const ERRORS = '400 403 405 408 413 429 500 502 503 504';

/**
 * Once, where a route speaks gRPC. A call ends with a status of gRPC's own; from an answer without one its clients guess, and a body
 * that is too large or too slow is then merely UNKNOWN.
 * @see https://github.com/grpc/grpc/blob/master/doc/http-grpc-status-mapping.md
 */
export function grpcDefaults(forwards: readonly WebForward[], facts: RequestFacts): readonly Line[] {
  if (!forwards.some(speaksGrpc)) return [];
  return [
    '',
    '# gRPC: denied, not implemented, deadline exceeded, exhausted, internal; all else is unavailable.',
    'map $status $portway_grpc { 400 13; 403 7; 405 12; 408 4; 413 8; 500 13; default 14; }',
    ...toldHeaders('grpc', facts),
    ...hiddenByDefault(facts).map((name) => `grpc_hide_header ${name};`),
    ...ignoredCommands('grpc'),
  ];
}

/** Whether any route of a forward speaks it. */
export function speaksGrpc({ sites }: WebForward): boolean {
  return sites.some((s) => s.routes.some((r) => r.protocol === 'grpc'));
}

/** In the location of a route of gRPC: where its errors are answered. */
export function grpcErrors(id: string): Line {
  return `error_page ${ERRORS} ${grpcPlaceName(id)};`;
}

/** Beside it: no page, but a status in the head of the answer. The log has the HTTP status. */
export function grpcPlace(
  id: string,
  { headers = [], hideHeaders }: HttpOptions,
  logs: readonly Line[],
  facts: RequestFacts,
): readonly Block[] {
  const status = ['grpc-status', '$portway_grpc'] as const;
  const message = ['grpc-message', 'the gateway says $status'] as const;
  const answer = `@grpc-status-${id}`;
  return [
    block(`location ${grpcPlaceName(id)}`, countRefusal(answer)),
    block(`location ${answer}`, [
      ...logs,
      'set $portway_retry $portway_pause;',
      ...addHeaders([...headers, status, message], facts, hideHeaders),
      'types {}',
      'default_type application/grpc;',
      'return 200 "";',
    ]),
  ];
}

function grpcPlaceName(id: string): string {
  return `@grpc-${id}`;
}
