import { mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import spawn, { type Options, type Result, type SubprocessError } from 'nano-spawn';
import type { Cleanup } from '../cleanup';
import { processMark } from '../process-mark';

/** Which runs have namespaces on this machine: one file for each run, with the mark of its process. */
const RUNS = '/run/portway';
const PREFIX = 'portway';

/**
 * The network namespaces of one run. Their names contain the run's id, so two runs never meet, and the machine's own
 * network contains nothing but these names.
 */
export class Namespaces {
  readonly id: string;

  private constructor(id: string) {
    this.id = id;
  }

  /** @param id names the run on this machine; letters, digits and hyphens. */
  static async create(id: string, cleanup: Cleanup): Promise<Namespaces> {
    if (!/^[a-z0-9][a-z0-9-]{0,30}$/.test(id)) {
      throw new Error(`a run's id must be letters, digits and hyphens, at most 31, got: ${id}`);
    }
    await removeStale();
    await mkdir(RUNS, { recursive: true });
    await writeFile(join(RUNS, id), await processMark(process.pid), { flag: 'wx' }).catch(() => {
      throw new Error(`a rehearsal with the id ${id} is running on this machine already`);
    });
    cleanup.add(`namespaces of ${id}`, () => removeRun(id));
    return new Namespaces(id);
  }

  name(namespace: string): string {
    return `${PREFIX}-${this.id}-${namespace}`;
  }

  async add(...namespaces: string[]): Promise<void> {
    for (const namespace of namespaces) {
      await call('ip', ['netns', 'add', this.name(namespace)]);
      await this.ip(namespace, ['link set lo up']);
    }
  }

  /** The words that run a command in a namespace when put before it. */
  enter(namespace: string): [string, ...string[]] {
    return ['nsenter', `--net=/run/netns/${this.name(namespace)}`, '--'];
  }

  /** Runs a command in a namespace, and gives its output. */
  run(namespace: string, command: string[], options: Options = {}): Promise<Result> {
    const [first, ...rest] = [...this.enter(namespace), ...command];
    return call(first as string, rest, options);
  }

  /** Runs several ip(8) commands in a namespace as one process. */
  async ip(namespace: string, commands: string[]): Promise<void> {
    const stdin = { string: `${commands.join('\n')}\n` };
    await call('ip', ['-n', this.name(namespace), '-batch', '-'], { stdin });
  }

  /** Joins two namespaces by a cable: an interface of the other's name in each. */
  async join(a: string, nameInA: string, b: string, nameInB: string): Promise<void> {
    const [nsA, nsB] = [this.name(a), this.name(b)];
    await call('ip', ['link', 'add', nameInA, 'netns', nsA, 'type', 'veth', 'peer', 'name', nameInB, 'netns', nsB]);
  }

  async sysctl(namespace: string, settings: Record<string, string | number>): Promise<void> {
    const lines = Object.entries(settings).map(([key, value]) => `printf '%s' '${value}' >/proc/sys/${key}`);
    await this.run(namespace, ['sh', '-ec', lines.join('\n')]);
  }
}

async function removeRun(id: string): Promise<void> {
  const names = (await readdir('/run/netns').catch(() => [])).filter((name) => name.startsWith(`${PREFIX}-${id}-`));
  for (const name of names) {
    // Processes that a killed run left behind would keep its namespace alive without a name, out of reach.
    const { stdout } = await call('ip', ['netns', 'pids', name]);
    for (const pid of stdout.split('\n').filter(Boolean)) endProcess(Number(pid));
    await call('ip', ['netns', 'delete', name]);
  }
  await rm(join(RUNS, id), { force: true });
}

function endProcess(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // gone meanwhile
  }
}

/** Removes what killed runs left behind. */
async function removeStale(): Promise<void> {
  for (const id of await readdir(RUNS).catch(() => [])) {
    const owner = await readFile(join(RUNS, id), 'utf8').catch(() => '');
    if (owner === '' || owner === (await processMark(Number(owner.split(' ')[0])))) continue;
    // Another run that starts now may be doing the same, and be faster.
    await removeRun(id).catch(() => {});
  }
}

/** Runs a command. An error says what failed, with the command's own message. */
export async function call(command: string, arguments_: string[], options: Options = {}): Promise<Result> {
  try {
    return await spawn(command, arguments_, { stdin: 'ignore', ...options });
  } catch (error) {
    const { output } = error as SubprocessError;
    throw new Error(`${command} ${arguments_.join(' ')}: ${output?.trim() || (error as Error).message}`);
  }
}
