import type { WebForward } from '../forward/resolved';
import type { Line } from './block';
import { speaksGrpc } from './grpc';

/** The longest line of a request's head, in KiB, where a forward says nothing else; a head may have four such. */
const LINE = 16;

/** What is read of an answer's head, in KiB. */
const ANSWER = 16;

/** Once for all HTTP forwards: how large the heads of requests and answers may be. */
export function headSizeDefaults(grpc: boolean): readonly Line[] {
  return [
    `large_client_header_buffers 4 ${LINE}k;  # longest line of a head`,
    `proxy_buffer_size ${ANSWER}k;`,
    ...(grpc ? [`grpc_buffer_size ${ANSWER}k;`] : []),
  ];
}

/** In each server of a forward: those of a name too, since nginx reads some of a head before it knows the name. */
export function headSizeLines(forward: WebForward): readonly Line[] {
  const { maxHeaderKiB } = forward;
  if (maxHeaderKiB === undefined) return [];
  const answer = Math.max(ANSWER, maxHeaderKiB);
  return [
    `large_client_header_buffers 4 ${maxHeaderKiB}k;`,
    ...(answer === ANSWER ? [] : [`proxy_buffer_size ${answer}k;`]),
    ...(answer === ANSWER || !speaksGrpc(forward) ? [] : [`grpc_buffer_size ${answer}k;`]),
  ];
}
