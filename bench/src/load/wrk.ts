import { type Lane, TOOLS } from '../lab/lane';
import type { Figure, Round, Values } from '../model';
import { THROUGHPUT } from './iperf';

const CONNECTIONS = 64;
const THREADS = 2;
const SCRIPT = `${TOOLS}/wrk.lua`;

const PRIORITIES = {
  // If the kernel groups programs by terminal, the lowest priority only counts within a group: sched(7).
  last: (command: string) =>
    `setsid -w bash <<'END'\necho 19 2>/dev/null >/proc/self/autogroup || :\nnice -n 19 ${command}\nEND`,
  first: (command: string) => `chrt --fifo 1 ${command}`,
} as const;

export interface WrkOptions {
  readonly url: string;
  /** Whether each request uses a new connection. Default: connections are kept alive. */
  readonly newConnections?: boolean;
  /** Default: 64. */
  readonly connections?: number;
  /**
   * How long a client waits before each of its requests, on average, in milliseconds. Default: 0, each asks as soon as
   * it is answered.
   */
  readonly pause?: number;
  /**
   * For clients that stand for ones with a machine of their own. `last` only uses CPU that nobody else wants, `first`
   * never waits for others, so that only the gateway's time is measured. Default: the normal priority.
   */
  readonly priority?: keyof typeof PRIORITIES;
  /**
   * Who answers, which decides how many requests the application must have received. Default: `application`, all of
   * them.
   */
  readonly answers?: 'application' | 'gateway';
}

export interface Report {
  readonly requests: number;
  readonly seconds: number;
  /** Of all answers, heads and bodies. */
  readonly bytes: number;
  readonly p50: number;
  readonly p99: number;
  /** Failed connections and missing answers. */
  readonly failed: number;
  /** Answers with a status of 400 or more. */
  readonly refused: number;
}

export const REQUESTS: Figure = { name: 'requests', title: 'requests/s', unit: '/s', better: 'higher' };
export const CONNECTIONS_MADE: Figure = { name: 'connections', title: 'connections/s', unit: '/s', better: 'higher' };
export const P50: Figure = { name: 'p50', title: 'p50', unit: 'ms', better: 'lower' };
export const P99: Figure = { name: 'p99', title: 'p99', unit: 'ms', better: 'lower' };

/**
 * Loads a lane with wrk: requests (or connections) a second, and latencies.
 * @throws Error if requests failed, or if the application did not receive what wrk reports as answered
 */
export async function wrk(lane: Lane, round: Round, options: WrkOptions): Promise<Values> {
  const { requests, seconds, p50, p99 } = await measureWrk(lane, round, options);
  const rate = options.newConnections ? CONNECTIONS_MADE.name : REQUESTS.name;
  return { [rate]: requests / seconds, p50, p99 };
}

/**
 * The same for large answers: the throughput. Each connection needs at least one answer, which takes a slow proxy half
 * a second.
 */
export async function wrkThroughput(lane: Lane, round: Round, options: WrkOptions): Promise<Values> {
  const long = { ...round, seconds: Math.max(1, round.seconds) };
  const { bytes, seconds, p50, p99 } = await measureWrk(lane, long, options);
  return { [THROUGHPUT.name]: (bytes * 8) / 1e9 / seconds, p50, p99 };
}

async function measureWrk(lane: Lane, round: Round, options: WrkOptions): Promise<Report> {
  return checkedWrk(lane, options, () => round.during(lane, () => runWrk(lane, round.seconds, options)));
}

/** Runs wrk, and compares its answers with what the application served. */
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

/** Runs wrk on the client for some seconds, whatever is answered. */
export async function runWrk(
  lane: Lane,
  duration: number,
  { url, newConnections, connections = CONNECTIONS, pause, priority }: WrkOptions,
): Promise<Report> {
  // wrk itself only accepts whole seconds. When told to end earlier, it reports what it has.
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

/** A figure counts only if the load went all the way and came back. */
function assertCarried(
  { requests, failed, refused }: Report,
  served: number,
  answers: 'application' | 'gateway',
  connections: number,
): void {
  if (requests === 0 || failed > 0 || refused > 0) {
    throw new Error(`of ${requests} requests ${failed} failed and ${refused} were refused`);
  }
  // Requests in flight at the end were served but not reported. Asking for the count is a request too.
  const [least, most] = answers === 'gateway' ? [0, 1] : [requests, requests + 4 * connections];
  if (served < least || served > most)
    throw new Error(`wrk had ${requests} answers, and the application gave ${served}`);
}
