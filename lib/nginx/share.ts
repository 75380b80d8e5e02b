import { isWebForward, type NginxForward, sharedPortOf } from '../forward/resolved';
import { formatTarget } from '../forward/target';
import type { Line } from './block';

/** Connections of one worker that are shared out, to clients and to targets together. */
function sharedConnections(memoryMiB: number): number {
  return memoryMiB < 2048 ? 16_384 : 65_536;
}

/** Connections for clients of any HTTP forward that wait for an answer, beside those of their forward (see heads.ts). */
export function spareConnections(memoryMiB: number): number {
  return sharedConnections(memoryMiB) / 2;
}

/**
 * Connections of one worker. Each takes 424 bytes whether it is used or not: up to 10 MB a worker on hosts of less than 2 GiB, up to
 * 42 MB on larger ones.
 */
export function workerConnections(forwards: readonly NginxForward[], memoryMiB: number): number {
  const spare = smallestShare(forwards) === undefined ? 0 : spareConnections(memoryMiB);
  return sharedConnections(memoryMiB) + spare;
}

/** Files of one worker: its connections, and for as many answers and bodies again a file that they wait in. */
export function workerFiles(connections: number): number {
  return 4 * connections;
}

/** More forwards than this get no smaller shares, since not all of them are busy at once. */
const PARTS = 4;

/**
 * The forwards, each with the number of sessions (HTTP: requests in progress) that it may have at once, so that a
 * flooded forward leaves connections to the others. All workers count together, but a share fits into one worker, since
 * the kernel does not spread clients evenly.
 *
 * A quarter of the connections belongs to no share: clients that have not asked yet, idle ones, listeners. Up to four
 * forwards get equal parts of the rest. UDP forwards together get at most half of all, however many they are: forged
 * sources could fill all of them at once.
 */
export function withShares(forwards: readonly NginxForward[], memoryMiB: number): readonly NginxForward[] {
  const all = sharedConnections(memoryMiB);
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

/** The smallest share of forwards that have one. Undefined: none has. */
export function smallestShare(forwards: readonly NginxForward[]): number | undefined {
  const shares = forwards.flatMap(({ share }) => share ?? []);
  return shares.length === 0 ? undefined : Math.min(...shares);
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
