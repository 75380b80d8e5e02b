import { type Lane, TOOLS } from '../lab/lane';
import type { Figure, Round, Values } from '../model';

const CONNECTIONS = 64;
const THREADS = 2;
const SCRIPT = `${TOOLS}/wrk.lua`;

export interface WrkOptions {
  readonly url: string;
  /** A new connection for each request. Default: connections are kept alive. */
  readonly newConnections?: boolean;
}

interface Report {
  readonly requests: number;
  readonly seconds: number;
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
  const before = await lane.served();
  const report = await round.during(lane, () => run(lane, round.seconds, options));
  const served = (await lane.served()) - before;
  assertCarried(report, served);
  const { requests, seconds, p50, p99 } = report;
  const rate = options.newConnections ? CONNECTIONS_MADE.name : REQUESTS.name;
  return { [rate]: requests / seconds, p50, p99 };
}

async function run(lane: Lane, seconds: number, { url, newConnections }: WrkOptions): Promise<Report> {
  // wrk itself takes whole seconds only; told to end earlier, it reports what it has.
  const limit = `timeout --preserve-status -s INT ${seconds}`;
  const header = newConnections ? "-H 'Connection: close'" : '';
  const words = `-t ${THREADS} -c ${CONNECTIONS} -d 600s --latency -s ${SCRIPT} ${header} '${url}'`;
  const output = await lane.sh('client', `${limit} wrk ${words}`);
  const line = output.split('\n').find((l) => l.startsWith('{'));
  if (line === undefined) throw new Error(`wrk did not report: ${output}`);
  return JSON.parse(line);
}

/** A figure counts only when the load went all the way, and came back. */
function assertCarried({ requests, failed, refused }: Report, served: number): void {
  if (requests === 0 || failed > 0 || refused > 0) {
    throw new Error(`of ${requests} requests ${failed} failed and ${refused} were refused`);
  }
  // Those still under way at the end were served, but not reported.
  if (served < requests || served > requests + 4 * CONNECTIONS) {
    throw new Error(`wrk had ${requests} answers, and the application gave ${served}`);
  }
}
