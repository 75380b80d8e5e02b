import { type Lane, TOOLS } from '../lab/lane';
import type { Figure, Round, Values } from '../model';
import { THROUGHPUT } from './iperf';

const CONNECTIONS = 64;
const THREADS = 2;
const SCRIPT = `${TOOLS}/wrk.lua`;

const PRIORITIES = {
  // Among the programs of a terminal alone the lowest priority would mean nothing where the kernel groups those: sched(7).
  last: (command: string) =>
    `setsid -w bash <<'END'\necho 19 2>/dev/null >/proc/self/autogroup || :\nnice -n 19 ${command}\nEND`,
  first: (command: string) => `chrt --fifo 1 ${command}`,
} as const;

export interface WrkOptions {
  readonly url: string;
  /** A new connection for each request. Default: connections are kept alive. */
  readonly newConnections?: boolean;
  /** Default: 64. */
  readonly connections?: number;
  /** Milliseconds that a client waits before each of its requests, on average. Default: none, each asks as fast as it is answered. */
  readonly pause?: number;
  /**
   * For clients that stand for ones with a machine of their own: `last` takes only what others leave of the CPU, `first` never waits
   * for others to leave it, so that what is measured is the gateway's time alone. Default: as everybody.
   */
  readonly priority?: keyof typeof PRIORITIES;
  /** Who answers: how many requests the application must have got. Default: `application`, all of them. */
  readonly answers?: 'application' | 'gateway';
}

export interface Report {
  readonly requests: number;
  readonly seconds: number;
  /** Of all answers, heads and bodies. */
  readonly bytes: number;
  readonly p50: number;
  readonly p99: number;
  /** Connections that failed, and answers that did not come. */
  readonly failed: number;
  /** Answers with a status of 400 or more. */
  readonly refused: number;
}

export const REQUESTS: Figure = { name: 'requests', title: 'requests/s', unit: '/s', better: 'higher' };
export const CONNECTIONS_MADE: Figure = { name: 'connections', title: 'connections/s', unit: '/s', better: 'higher' };
export const P50: Figure = { name: 'p50', title: 'p50', unit: 'ms', better: 'lower' };
export const P99: Figure = { name: 'p99', title: 'p99', unit: 'ms', better: 'lower' };

/**
 * Loads a lane with wrk: requests (or connections) a second and latencies.
 * @throws Error when requests failed, or when the application did not get what wrk had answered
 */
export async function wrk(lane: Lane, round: Round, options: WrkOptions): Promise<Values> {
  const { requests, seconds, p50, p99 } = await measureWrk(lane, round, options);
  const rate = options.newConnections ? CONNECTIONS_MADE.name : REQUESTS.name;
  return { [rate]: requests / seconds, p50, p99 };
}

/** The same for large answers: how much comes through. Each connection has to get one at least, which takes a slow proxy half a second. */
export async function wrkThroughput(lane: Lane, round: Round, options: WrkOptions): Promise<Values> {
  const long = { ...round, seconds: Math.max(1, round.seconds) };
  const { bytes, seconds, p50, p99 } = await measureWrk(lane, long, options);
  return { [THROUGHPUT.name]: (bytes * 8) / 1e9 / seconds, p50, p99 };
}

async function measureWrk(lane: Lane, round: Round, options: WrkOptions): Promise<Report> {
  return checkedWrk(lane, options, () => round.during(lane, () => runWrk(lane, round.seconds, options)));
}

/** Runs wrk, and holds what it had against what the application gave. */
export async function checkedWrk(
  lane: Lane,
  { answers = 'application', connections = CONNECTIONS }: WrkOptions,
  run: () => Promise<Report>,
): Promise<Report> {
  const before = await lane.served();
  const report = await run();
  assertCarried(report, (await lane.served()) - before, answers, connections);
  return report;
}

/** Runs wrk on the client for so many seconds, whatever is answered. */
export async function runWrk(
  lane: Lane,
  duration: number,
  { url, newConnections, connections = CONNECTIONS, pause, priority }: WrkOptions,
): Promise<Report> {
  // wrk itself takes whole seconds only; told to end earlier, it reports what it has.
  const limit = `timeout --preserve-status -s INT ${duration}`;
  const header = newConnections ? "-H 'Connection: close'" : '';
  const threads = Math.min(THREADS, connections);
  const options = `-t ${threads} -c ${connections} -d 600s --latency -s ${SCRIPT} ${header} '${url}' -- ${pause ?? ''}`;
  const command = `${limit} wrk ${options}`;
  const output = await lane.sh('client', priority === undefined ? command : PRIORITIES[priority](command));
  const line = output.split('\n').find((l) => l.startsWith('{'));
  if (line === undefined) throw new Error(`wrk did not report: ${output}`);
  return JSON.parse(line);
}

/** A figure counts only when the load went all the way, and came back. */
function assertCarried(
  { requests, failed, refused }: Report,
  served: number,
  answers: 'application' | 'gateway',
  connections: number,
): void {
  if (requests === 0 || failed > 0 || refused > 0) {
    throw new Error(`of ${requests} requests ${failed} failed and ${refused} were refused`);
  }
  // Those still under way at the end were served, but not reported. To ask how many there were is one as well.
  const [least, most] = answers === 'gateway' ? [0, 1] : [requests, requests + 4 * connections];
  if (served < least || served > most)
    throw new Error(`wrk had ${requests} answers, and the application gave ${served}`);
}
