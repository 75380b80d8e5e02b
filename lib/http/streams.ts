/**
 * What is passed on piece by piece: both directions, one of them, or neither. `true` rather than a word for both, since most of those
 * who stream one direction want the other one no later.
 */
export type Streaming = boolean | 'answers' | 'requests';

export const STREAMING = [true, false, 'answers', 'requests'] as const satisfies readonly Streaming[];

/** Whether answers are passed on as they come. */
export function streamsAnswers(streaming: Streaming | undefined): boolean {
  return streaming === true || streaming === 'answers';
}

/** Whether the bodies of requests are passed on as they come. */
export function streamsRequests(streaming: Streaming | undefined): boolean {
  return streaming === true || streaming === 'requests';
}
