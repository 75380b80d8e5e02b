import type { Architecture } from '../../../lib/host/operating-system';
import type { Carrying } from '../carriers/contenders';
import type { Job } from '../carriers/job';

/** What the load generator asks for, and how often in a batch. */
export const LOADS = {
  kept: { title: 'a request on a kept connection', count: 400 },
  'kept-long': { title: 'a request on a kept connection, over seconds', count: 10_000 },
  new: { title: 'a new connection with one request', count: 200 },
  datagram: { title: 'a datagram there and back', count: 400 },
  'kept-64': { title: 'a request on one of 64 kept connections that ask at once', count: 640 },
  'new-64': { title: 'one of 64 new connections at once with one request each', count: 320 },
  'tls-kept': { title: 'a request on a kept TLS connection', count: 400 },
  'tls-full': { title: 'a new TLS connection (full handshake) with one request', count: 60 },
  'http2-kept': { title: 'a request on a kept HTTP/2 connection', count: 400 },
  'http2-new': { title: 'a new HTTP/2 connection with one request', count: 60 },
  'http3-kept': { title: 'a request on a kept HTTP/3 connection', count: 400 },
  'http3-new': { title: 'a new HTTP/3 connection with one request', count: 60 },
  steady: { title: 'a request every 5 ms, from asking to its answer', count: 40 },
  'steady-worst': { title: 'the same, the slowest of 40', count: 40 },
  'refused-kept': { title: 'a request on a kept connection, refused', count: 400 },
  'refused-new': { title: 'a new connection with one request, refused', count: 200 },
  dropped: { title: 'a first packet', count: 400 },
  'tls-resumed': { title: 'a new TLS connection (resumed session) with one request', count: 60 },
  'kept-1k': { title: 'a body of 1 KiB on a kept connection', count: 400 },
  'kept-1m': { title: 'a body of 1 MiB on a kept connection', count: 20 },
  'tls-kept-1m': { title: 'a body of 1 MiB on a kept TLS connection', count: 20 },
  'cached-1k': { title: 'a body of 1 KiB that the gateway has', count: 400 },
  'cached-1m': { title: 'a body of 1 MiB that the gateway has', count: 20 },
  boot: { title: 'from power-on to the first answer', count: 1 },
} as const;
export type LoadName = keyof typeof LOADS;

/** A contender with what it carries. The last job of each protocol leads to the application. */
export interface Subject extends Carrying {
  readonly jobs: readonly Job[];
}

/** Subjects that are compared with each other. The first one is the reference. */
export interface Section {
  readonly name: string;
  readonly title: string;
  readonly applicationAt: 'gateway' | 'backend';
  /** Of the machine that counts. Default: x86_64. */
  readonly architecture?: Architecture;
  readonly loads: readonly LoadName[];
  /** The load that a subject must answer before it is counted, once. Default: a new connection. */
  readonly answers?: LoadName;
  /** The subject that ours is also compared with. */
  readonly peer: string;
  readonly subjects: readonly Subject[];
  /** Whether the other subjects are the first one with one option more: their prices are shown. Default: false. */
  readonly prices?: boolean;
}
