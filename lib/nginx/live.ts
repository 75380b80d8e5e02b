import type { HttpOptions } from '../forward/http-options';
import type { HttpRoute } from '../forward/http-route';
import { streamsAnswers } from '../forward/streaming';
import { type Block, block, type Line } from './block';
import { goTo, placeOf } from './places';

/** How long a WebSocket or a stream of events may be silent, in seconds, where `timeouts.response` says no longer one. */
const SILENCE = 3600;

/**
 * Once for all HTTP forwards: which requests ask for a connection that stays, so that nothing of it may wait in a buffer. nginx holds
 * back up to 16 KB of an answer over TLS and HTTP/1.1 that it buffers, and cannot choose by the type of the answer.
 */
export function liveMap(): readonly Line[] {
  const asked = ['text/event-stream', '"application/json, text/event-stream"', '"text/event-stream, application/json"'];
  // No regex: over the long Accept of a browser it would cost twice as much.
  return [block('map $http_accept $portway_live', [...asked.map((type) => `${type} 1;`), 'default $portway_upgrade;'])];
}

/** Where all answers are passed on as they come, no place is needed; gRPC always does so. */
export function needsLivePlace({ protocol, streaming, redirect }: HttpRoute): boolean {
  return protocol === 'http' && redirect === undefined && !streamsAnswers(streaming);
}

/** In the location of a route. */
export function liveLines(route: HttpRoute): readonly Line[] {
  return needsLivePlace(route) ? goTo(placeOf('live', route), '$portway_live') : [];
}

/** Beside it. `lines` gives what a location of these options has. */
export function livePlace(route: HttpRoute, lines: (options: HttpOptions) => readonly Line[]): readonly Block[] {
  if (!needsLivePlace(route)) return [];
  const response = Math.max(SILENCE, route.options.timeouts?.response ?? 0);
  const options = { ...route.options, timeouts: { ...route.options.timeouts, response } };
  return [block(`location @${placeOf('live', route)}`, ['proxy_buffering off;', ...lines(options)])];
}
