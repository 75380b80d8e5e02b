import { isWebForward, type NginxForward, sharedPortOf } from '../forward/resolved';
import { formatTarget } from '../forward/target';
import type { Line } from './block';

/**
 * The connections of one worker, to clients and targets together. Each takes 424 bytes even if unused: 7 MB for each
 * worker on hosts with less than 2 GiB, 28 MB on larger ones.
 */
export function workerConnections(memoryMiB: number): number {
  return memoryMiB < 2048 ? 16_384 : 65_536;
}

/** The files of one worker: one for each connection, and one for each answer or body that may wait on the disk. */
export function workerFiles(memoryMiB: number): number {
  return 4 * workerConnections(memoryMiB);
}

/** More forwards than this get no smaller shares, since not all of them are busy at once. */
const PARTS = 4;

/**
 * The forwards, each with the number of sessions (HTTP: requests in progress) that it may have at once, so that a
 * flooded forward leaves connections to the others. All workers count together, but a share fits into one worker, since
 * the kernel does not spread clients evenly. / A quarter of the connections belongs to no share: clients that have not
 * asked yet, idle ones, listeners. Up to four forwards get equal parts of the rest. UDP forwards together get at most
 * half of all, however many they are: forged sources could fill all of them at once.
 */
export function withShares(forwards: readonly NginxForward[], memoryMiB: number): readonly NginxForward[] {
  const all = workerConnections(memoryMiB);
  const leading = forwards.filter((f) => f.targets.length > 0);
  const udp = leading.filter((f) => f.transport === 'udp').length;
  const part = (all * 0.75) / Math.min(PARTS, leading.length);
  return forwards.map((forward) => {
    // Redirects hold no connections. HTTP and HTTPS of a single application take nothing from others: a flood of one
    // slows both anyway.
    if (forward.targets.length === 0 || isOneSite(leading)) return forward;
    const connections = forward.transport === 'udp' ? Math.min(part, all / 2 / udp) : part;
    // A client and a target. A shared port takes two more, for the hand-over.
    return { ...forward, share: Math.floor(connections / (sharedPortOf(forward) === undefined ? 2 : 4)) };
  });
}

function isOneSite(leading: readonly NginxForward[]): boolean {
  const targets = new Set(leading.map((f) => f.targets.map(formatTarget).join()));
  return targets.size === 1 && leading.every(isWebForward);
}

/** The zone that counts a forward's sessions, and the line that limits them. */
export function shareLines({ name, share }: Pick<NginxForward, 'name' | 'share'>): {
  readonly zone: readonly Line[];
  readonly lines: readonly Line[];
} {
  if (share === undefined) return { zone: [], lines: [] };
  // The key is constant, so all sessions count together.
  return { zone: [`limit_conn_zone all zone=share-${name}:32k;`], lines: [`limit_conn share-${name} ${share};`] };
}
