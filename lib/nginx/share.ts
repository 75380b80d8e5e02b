import { isWebForward, type NginxForward, sharedPortOf } from '../forward/resolved';
import { formatTarget } from '../forward/target';
import type { Line } from './block';

/**
 * Connections of one worker, to clients and to targets together. Each takes 424 bytes whether it is used or not: 7 MB a worker on hosts of
 * less than 2 GiB, 28 MB on larger ones.
 */
export function workerConnections(memoryMiB: number): number {
  return memoryMiB < 2048 ? 16_384 : 65_536;
}

/** Files of one worker: its connections, and for as many answers and bodies again as it may have under way a file that they wait in. */
export function workerFiles(memoryMiB: number): number {
  return 4 * workerConnections(memoryMiB);
}

/** From so many forwards on they get no smaller shares: not all of them are busy at once. */
const PARTS = 4;

/**
 * The forwards, each with the number of sessions (HTTP: requests in progress) that it may have at once, so that one that is flooded leaves
 * connections to the others. All workers count together, but a share fits into one of them: nothing makes the kernel spread clients evenly.
 *
 * A quarter of the connections is in nobody's share: clients that have not asked yet, idle ones, listeners. Of the rest, each of up to four
 * forwards has an equal part. UDP forwards have no more than half of all between them, however many they are: whoever forges
 * sources can fill them all at once.
 */
export function withShares(forwards: readonly NginxForward[], memoryMiB: number): readonly NginxForward[] {
  const all = workerConnections(memoryMiB);
  const leading = forwards.filter((f) => f.targets.length > 0);
  const udp = leading.filter((f) => f.transport === 'udp').length;
  const part = (all * 0.75) / Math.min(PARTS, leading.length);
  return forwards.map((forward) => {
    // Redirects hold nothing. HTTP and HTTPS of one application alone take from nobody: what floods one of them slows both.
    if (forward.targets.length === 0 || isOneSite(leading)) return forward;
    const connections = forward.transport === 'udp' ? Math.min(part, all / 2 / udp) : part;
    // A client and a target; behind a shared port two more, which lead there.
    return { ...forward, share: Math.floor(connections / (sharedPortOf(forward) === undefined ? 2 : 4)) };
  });
}

function isOneSite(leading: readonly NginxForward[]): boolean {
  const targets = new Set(leading.map((f) => f.targets.map(formatTarget).join()));
  return targets.size === 1 && leading.every(isWebForward);
}

/** The count of a forward's sessions, and the line that bounds them. */
export function shareLines({ name, share }: Pick<NginxForward, 'name' | 'share'>): {
  readonly zone: readonly Line[];
  readonly lines: readonly Line[];
} {
  if (share === undefined) return { zone: [], lines: [] };
  // The key is the same for all: they are counted together.
  return { zone: [`limit_conn_zone all zone=share-${name}:32k;`], lines: [`limit_conn share-${name} ${share};`] };
}
