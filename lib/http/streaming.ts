import { type Block, block, type Line } from '../nginx/block';
import { goTo, placeOf } from '../nginx/places';
import type { BesideScope, HttpFeature } from './feature';
import type { HttpRoute } from './route';
import { STREAMING, type Streaming, streamsAnswers, streamsRequests } from './streams';
import type { HttpTimeouts } from './timeouts';

/** @category Hosts and paths */
export interface StreamingProps {
  /**
   * What is passed on without buffering: `'answers'`; `'requests'`, so that uploads reach the target as they are sent
   * and never wait on the disk; `true` for both. Answers to requests that accept `text/event-stream`, and answers
   * with `X-Accel-Buffering: no`, are never buffered. With `'requests'`, a body that has begun to reach a target
   * cannot be resent: a PUT or DELETE that would have been retried gets 502. gRPC always streams; with `streaming`
   * its streams may also be silent for long.
   * @default false: the gateway buffers both, so that slow clients do not occupy a target
   * @see docs/delivery.md#streams-and-uploads
   */
  readonly streaming?: Streaming;
}

export interface StreamingValues {
  readonly streaming?: Streaming;
}

declare module './values' {
  interface RouteValues extends StreamingValues {}
}

export const streaming: HttpFeature<StreamingProps, StreamingValues> = {
  props: { streaming: true },
  read(at, { streaming: value }, problems) {
    if (value === undefined) return {};
    if (!STREAMING.includes(value))
      problems.add(`${at}.streaming`, "must be true or false, or 'answers' or 'requests' for one of both", value);
    return { streaming: value };
  },
  nginx: {
    http: { order: 31, lines: liveMap },
    forwarding: [
      { order: 20, lines: ({ route, location }) => (location === 'route' ? liveLines(route) : []) },
      { order: 40, lines: ({ route }) => (route.protocol === 'grpc' ? [] : unbuffered(route)) },
    ],
    beside: { order: 30, blocks: livePlace },
    leadsBeside: needsLivePlace,
    implies: (route) => {
      const timeouts = streamTimeouts(route);
      return timeouts === undefined ? {} : { timeouts };
    },
  },
};

/** How long a WebSocket or an event stream may be silent, in seconds, unless `timeouts.response` allows longer. */
const SILENCE = 3600;

/**
 * Once for all HTTP forwards: which requests ask for a lasting connection, so that their answers must not wait in a
 * buffer. Over TLS and HTTP/1.1, nginx holds back up to 16 KB of a buffered answer, and it cannot decide by the
 * answer's type.
 */
function liveMap(): readonly Line[] {
  const asked = ['text/event-stream', '"application/json, text/event-stream"', '"text/event-stream, application/json"'];
  // No regex: on a browser's long Accept header it would cost twice as much.
  return [block('map $http_accept $portway_live', [...asked.map((type) => `${type} 1;`), 'default $portway_upgrade;'])];
}

/** A route that streams all answers needs no such location. gRPC always streams. */
function needsLivePlace({ protocol, streaming, redirect }: HttpRoute): boolean {
  return protocol === 'http' && redirect === undefined && !streamsAnswers(streaming);
}

/** In the location of a route. */
function liveLines(route: HttpRoute): readonly Line[] {
  return needsLivePlace(route) ? goTo(placeOf('live', route), '$portway_live') : [];
}

/** Beside it. */
function livePlace({ route, settings, forwarding }: BesideScope): readonly Block[] {
  if (!needsLivePlace(route)) return [];
  const { timeouts } = route.options;
  const response = Math.max(SILENCE, timeouts?.response ?? 0);
  const lines = settings({ timeouts: { ...timeouts, response } });
  return [block(`location @${placeOf('live', route)}`, ['proxy_buffering off;', ...lines, ...forwarding('live')])];
}

/** Longer than any stream is quiet, in seconds. */
const DAY = 86_400;

/**
 * Streams may be silent for long; with gRPC, in either direction. nginx's timeouts for gRPC have other names, so they
 * are not inherited. Undefined if the inherited timeouts apply.
 */
function streamTimeouts({ options, streaming, protocol }: HttpRoute): HttpTimeouts | undefined {
  const grpc = protocol === 'grpc';
  if (streaming === false && !grpc) return undefined;
  const response = options.timeouts?.response ?? (streamsAnswers(streaming) ? DAY : undefined);
  const body = options.timeouts?.body ?? (streamsRequests(streaming) && grpc ? DAY : undefined);
  if (response === undefined && body === undefined) return undefined;
  return { ...(body === undefined ? {} : { body }), ...(response === undefined ? {} : { response }) };
}

/** Data that arrives in pieces over hours, such as Server-Sent Events or a live upload, is passed on piece by piece. */
function unbuffered({ streaming }: HttpRoute): readonly Line[] {
  return [
    ...(streamsAnswers(streaming) ? ['proxy_buffering off;'] : []),
    ...(streamsRequests(streaming) ? ['proxy_request_buffering off;'] : []),
  ];
}
