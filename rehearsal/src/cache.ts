import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { link, mkdir, mkdtemp, readFile, rename, rm, unlink, utimes, writeFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

/** Where Portway keeps what is slow to make: `$XDG_CACHE_HOME/portway`, else `~/.cache/portway`. */
export function cacheFolder(env: NodeJS.ProcessEnv = process.env): string {
  return join(env.XDG_CACHE_HOME || join(homedir(), '.cache'), 'portway');
}

/** A short name for a recipe: equal recipes, equal name. Key order counts, so build recipes in one place. */
export function recipeHash(recipe: unknown): string {
  return createHash('sha256').update(JSON.stringify(recipe)).digest('hex').slice(0, 16);
}

/**
 * Gives the folder of a cached thing, and makes it when it is not there.
 *
 * It is built in a temporary folder beside its place and renamed when complete, so a folder that exists is whole.
 * A lock keeps two runs from building the same thing; the second one waits and takes the first one's.
 *
 * @param path where the thing stands when complete.
 * @param build fills the given empty folder; when it throws, nothing is left.
 */
export async function ensureCached(path: string, build: (folder: string) => Promise<void>): Promise<string> {
  if (existsSync(path)) return touched(path);
  await mkdir(dirname(path), { recursive: true });
  const unlock = await lock(`${path}.lock`);
  try {
    if (existsSync(path)) return touched(path);
    const folder = await mkdtemp(`${path}.building-`);
    try {
      await build(folder);
      await rename(folder, path);
    } catch (error) {
      await rm(folder, { recursive: true, force: true });
      // Two that took over the same dead lock may both build: the first one's is as good.
      if (!existsSync(path)) throw error;
    }
    return path;
  } finally {
    await unlock();
  }
}

/** The folder's time says when it was last used, so that a person who clears the cache sees what is old. */
async function touched(path: string): Promise<string> {
  const now = new Date();
  await utimes(path, now, now).catch(() => {});
  return path;
}

/** Waits until the lock file can be made; one whose process is gone is taken over. */
async function lock(path: string): Promise<() => Promise<void>> {
  const owner = await processMark(process.pid);
  // The file appears with its content in one step (a link), so nobody ever reads a lock without an owner.
  const mine = `${path}.${process.pid}.${Math.random().toString(36).slice(2)}`;
  await writeFile(mine, `${owner}\n`);
  try {
    for (;;) {
      try {
        await link(mine, path);
        return () => rm(path, { force: true });
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
      }
      const holder = (await readFile(path, 'utf8').catch(() => '')).trim();
      if (holder && holder !== (await processMark(Number(holder.split(' ')[0])))) await rm(path, { force: true });
      else await sleep(500);
    }
  } finally {
    await unlink(mine);
  }
}

/** A process's pid with its start time, because pids are used again; the pid alone when there is no such process. */
export async function processMark(pid: number): Promise<string> {
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => '');
  // Field 22 of proc(5); counted after the command name, which may hold spaces and brackets.
  const started = stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19];
  return started ? `${pid} ${started}` : `${pid}`;
}
