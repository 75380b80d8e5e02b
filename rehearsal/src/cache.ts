import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, rename, rm, utimes } from 'node:fs/promises';
import { homedir } from 'node:os';
import { dirname, join } from 'node:path';
import { type LockOptions, lock } from 'proper-lockfile';

/**
 * The holder renews its lock every 5 seconds. After 30 seconds without a sign of life, such as after a crash, others take it over.
 * A busy machine may delay a renewal that long; then both build, which `ensureCached` allows for.
 */
const LOCKING: LockOptions = {
  realpath: false,
  stale: 30_000,
  update: 5_000,
  retries: { forever: true, factor: 1, minTimeout: 500 },
  onCompromised: () => undefined,
};

/** Where Portway keeps what takes long to make: `$XDG_CACHE_HOME/portway`, else `~/.cache/portway`. */
export function cacheFolder(env: NodeJS.ProcessEnv = process.env): string {
  return join(env.XDG_CACHE_HOME || join(homedir(), '.cache'), 'portway');
}

/**
 * A short name for a recipe: equal recipes have equal names. The order of keys matters, so build each recipe in one
 * place.
 */
export function recipeHash(recipe: unknown): string {
  return createHash('sha256').update(JSON.stringify(recipe)).digest('hex').slice(0, 16);
}

/**
 * Returns a cached folder, and builds it first if it is missing.
 *
 * The build happens in a temporary folder, which is renamed when complete, so a folder that exists is whole.
 * A lock keeps two runs from building the same thing: the second one waits and uses the first one's.
 *
 * @param path the finished folder
 * @param build fills the empty folder that it gets; if it throws, nothing is left behind
 */
export async function ensureCached(path: string, build: (folder: string) => Promise<void>): Promise<string> {
  if (existsSync(path)) return touched(path);
  await mkdir(dirname(path), { recursive: true });
  const unlock = await lock(path, { ...LOCKING, lockfilePath: `${path}.locked` });
  try {
    if (existsSync(path)) return touched(path);
    const folder = await mkdtemp(`${path}.building-`);
    try {
      await build(folder);
      await rename(folder, path);
    } catch (error) {
      await rm(folder, { recursive: true, force: true });
      // The lock was taken over meanwhile, and the other run has finished: its folder is equally good.
      if (!existsSync(path)) throw error;
    }
    return path;
  } finally {
    // Fails if another run took over the lock; then it is no longer ours to release.
    await unlock().catch(() => undefined);
  }
}

/** The folder's time shows when it was last used, so that people who clear the cache see what is old. */
async function touched(path: string): Promise<string> {
  const now = new Date();
  await utimes(path, now, now).catch(() => {});
  return path;
}
