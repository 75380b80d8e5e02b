/**
 * What is passed on piece by piece: both directions, one of them, or neither. Both is `true` rather than a word, since
 * most applications that stream one direction do not mind if the other is streamed too.
 */
export type Streaming = boolean | 'answers' | 'requests';

export const STREAMING = [true, false, 'answers', 'requests'] as const satisfies readonly Streaming[];

/** Whether answers are passed on as they arrive. */
export function streamsAnswers(streaming: unknown): boolean {
  return streaming === true || streaming === 'answers';
}

/** Whether request bodies are passed on as they arrive. */
export function streamsRequests(streaming: Streaming | undefined): boolean {
  return streaming === true || streaming === 'requests';
}
