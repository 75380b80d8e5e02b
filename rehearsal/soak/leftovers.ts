import { readdir, readFile, readlink } from 'node:fs/promises';
import { join } from 'node:path';

/** Name of the variable by which a run's processes are known. */
export const MARK = 'PORTWAY_SOAK';

/** What tells a run's things from all others of the machine. */
export interface Traces {
  /** Value of the variable {@link MARK} that the run was started with. */
  readonly mark: string;
  /** The run's own folder for temporary files, which was empty when it began. */
  readonly temporary: string;
  /** The id in the names of its lab; undefined when the run did not get so far. */
  readonly id?: string | undefined;
}

/** What a run that has ended left on the machine: processes, network namespaces, mounts, temporary files. A line each. */
export async function leftovers({ mark, temporary, id }: Traces): Promise<readonly string[]> {
  const words = [`${MARK}=${mark}`, temporary, ...(id === undefined ? [] : [id])];
  const has = (text: string) => words.some((word) => text.includes(word));
  const [running, mounts, temporaries, namespaces, runs] = await Promise.all([
    processes(has),
    readFile('/proc/self/mountinfo', 'utf8'),
    readdir(temporary),
    names('/run/netns'),
    names('/run/portway'),
  ]);
  return [
    ...running.map((line) => `process ${line}`),
    ...mounts
      .split('\n')
      .filter(has)
      .map((line) => `mount ${line.split(' ')[4]}`),
    // tsx and, from Node 22 on, Node keep what they have compiled.
    ...temporaries
      .filter((name) => !/^(tsx-\d+|node-compile-cache)$/.test(name))
      .map((name) => `file ${join(temporary, name)}`),
    ...namespaces.filter(has).map((name) => `network namespace ${name}`),
    ...runs.filter(has).map((name) => `file /run/portway/${name}`),
  ];
}

function names(folder: string): Promise<readonly string[]> {
  return readdir(folder).catch(() => []);
}

/** Some of a run's processes are given an environment without the mark; those name its folder, or work in it. */
async function processes(has: (text: string) => boolean): Promise<readonly string[]> {
  const found: string[] = [];
  for (const pid of (await readdir('/proc')).filter((name) => /^\d+$/.test(name) && Number(name) !== process.pid)) {
    const read = (file: string) => readFile(`/proc/${pid}/${file}`, 'utf8').catch(() => '');
    const [command, environment, folder] = await Promise.all([
      read('cmdline'),
      read('environ'),
      readlink(`/proc/${pid}/cwd`).catch(() => ''),
    ]);
    if ([command, environment, folder].some(has)) found.push(`${pid}: ${command.replaceAll('\0', ' ').slice(0, 120)}`);
  }
  return found;
}
