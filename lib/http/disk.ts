import type { Problems } from '../forward/problems';
import { isWebForward, type ResolvedForward } from '../forward/resolved';
import { cachesOf } from './cache';
import type { HttpRoute } from './route';
import { streamsRequests } from './streams';

/** How much of the disk is kept for the system, packages, logs and the application, in GiB. */
export const RESERVED_GIB = 4;

/** A full disk would stop more than the caches. */
export function checkCaches(forwards: readonly ResolvedForward[], diskGiB: number, problems: Problems): void {
  const sum = cachesOf(forwards).reduce((mb, cache) => mb + cache.sizeMb, 0);
  const room = (diskGiB - RESERVED_GIB) * 1024;
  if (sum > 0 && sum > room)
    problems.add(
      'diskGiB',
      `must leave ${RESERVED_GIB} GiB beside the caches, which take ${sum} MB of its ${diskGiB * 1024} MB: make it ${Math.ceil(sum / 1024) + RESERVED_GIB}, or a cache's sizeMb smaller`,
      diskGiB,
    );
}

/** The largest body that is held on the disk until it is complete, in MiB; undefined if no forward sets one. */
function largestBody(forwards: readonly ResolvedForward[]): number | undefined {
  const waiting = forwards
    .filter(isWebForward)
    .flatMap((f) => f.sites.flatMap((s) => s.routes))
    .filter(waitsOnDisk)
    .flatMap((r) => r.options.maxBodyMiB ?? []);
  return waiting.length === 0 ? undefined : Math.max(...waiting);
}

function waitsOnDisk({ protocol, streaming, redirect }: HttpRoute): boolean {
  return protocol === 'http' && redirect === undefined && !streamsRequests(streaming);
}

/** Otherwise a body that never fits on the disk would be refused only after the client had sent most of it. */
export function checkBodies(forwards: readonly ResolvedForward[], diskGiB: number, problems: Problems): void {
  const body = largestBody(forwards);
  const caches = cachesOf(forwards).reduce((mb, cache) => mb + cache.sizeMb, 0);
  const room = (diskGiB - RESERVED_GIB) * 1024 - caches;
  // Caches that are too large on their own have their own message.
  if (body === undefined || room < 0 || body <= room) return;
  const needed = Math.ceil((body + caches) / 1024) + RESERVED_GIB;
  problems.add(
    'diskGiB',
    `must have room for the largest maxBodyMiB, ${body}, beside ${RESERVED_GIB} GiB for the system${caches > 0 ? ` and ${caches} MB of caches` : ''}, since a body waits on the disk until it is complete: make it ${needed}, or maxBodyMiB smaller, or set streaming: 'requests'`,
    diskGiB,
  );
}
