import { mkdir, readdir, readFile, rmdir } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Party } from '../../../test/host/support/host';

/** CPU time of a sample, in cores: 1 is one core all the time. */
export interface Cpu {
  readonly client: number;
  readonly gateway: number;
  readonly backend: number;
  /** The kernel's own threads for packets (ksoftirqd). */
  readonly kernel: number;
  /** Everything else on the machine: the disturbance. */
  readonly others: number;
}

const PREFIX = 'portway-bench-';
const PARTIES: readonly Party[] = ['client', 'gateway', 'backend'];
/** For programs, /proc counts in hundredths of a second, whatever the kernel's own clock is. */
const TICK_SECONDS = 0.01;

/** CPU seconds since some moment. */
interface Reading {
  readonly at: number;
  readonly parties: Readonly<Record<Party, number>>;
  readonly kernel: number;
  readonly busy: number;
}

/**
 * A control group for each side of each lane, so that CPU time of short-lived programs counts too. The kernel's work on
 * a packet counts for the program that sent it, unless it is left to ksoftirqd.
 */
export class CpuGroups {
  private constructor(
    private readonly folder: string,
    private readonly softirqThreads: readonly string[],
  ) {}

  /** @returns undefined if the kernel has no writable cgroup v2 */
  static async create(): Promise<CpuGroups | undefined> {
    const mounts = await readFile('/proc/mounts', 'utf8');
    const root = mounts.split('\n').find((line) => line.split(' ')[2] === 'cgroup2');
    if (root === undefined) return undefined;
    const parent = root.split(' ')[1] as string;
    await removeStale(parent);
    const folder = join(parent, `${PREFIX}${process.pid}`);
    try {
      await mkdir(folder);
    } catch {
      return undefined;
    }
    return new CpuGroups(folder, await softirqThreads());
  }

  /** Creates a lane's groups. @returns the words that run a command in a side's group when put before it */
  async add(lane: string): Promise<(party: Party) => readonly string[]> {
    for (const party of PARTIES) await mkdir(this.group(lane, party));
    return (party) => ['sh', '-c', 'echo $$ >"$0/cgroup.procs" && exec "$@"', this.group(lane, party)];
  }

  /** Removes a lane's groups once everything in them has ended. */
  async remove(lane: string): Promise<void> {
    for (const party of PARTIES) await removeGroup(this.group(lane, party));
  }

  async close(): Promise<void> {
    await removeGroup(this.folder);
  }

  /** Does the work, and returns the CPU time that the lane's sides and the rest of the machine used meanwhile. */
  async during<T>(lane: string, work: () => Promise<T>): Promise<{ result: T; cpu: Cpu }> {
    const before = await this.read(lane);
    const result = await work();
    return { result, cpu: cpuBetween(before, await this.read(lane)) };
  }

  private group(lane: string, party: Party): string {
    return join(this.folder, `${lane}-${party}`);
  }

  private async read(lane: string): Promise<Reading> {
    const [client, gateway, backend, kernel, stat] = await Promise.all([
      ...PARTIES.map((party) => groupSeconds(this.group(lane, party))),
      this.kernelSeconds(),
      readFile('/proc/stat', 'utf8'),
    ]);
    return {
      at: performance.now() / 1000,
      parties: { client: client as number, gateway: gateway as number, backend: backend as number },
      kernel: kernel as number,
      busy: busySeconds(stat as string),
    };
  }

  private async kernelSeconds(): Promise<number> {
    const texts = await Promise.all(this.softirqThreads.map((file) => readFile(file, 'utf8')));
    // The first number: nanoseconds on a CPU.
    return texts.reduce((sum, text) => sum + Number(text.split(' ')[0]) / 1e9, 0);
  }
}

/** The difference of two readings, in cores. */
function cpuBetween(before: Reading, after: Reading): Cpu {
  const seconds = after.at - before.at;
  const cores = (a: number, b: number) => Math.max(0, (b - a) / seconds);
  const [client, gateway, backend] = PARTIES.map((p) => cores(before.parties[p], after.parties[p])) as [
    number,
    number,
    number,
  ];
  const kernel = cores(before.kernel, after.kernel);
  const busy = cores(before.busy, after.busy);
  return { client, gateway, backend, kernel, others: Math.max(0, busy - client - gateway - backend - kernel) };
}

/** Everything in /proc/stat except idle and waiting. Stolen time is busy too: somebody else had the core. */
export function busySeconds(stat: string): number {
  const [user = 0, nice = 0, system = 0, , , irq = 0, softirq = 0, steal = 0] = (stat.split('\n')[0] ?? '')
    .split(/\s+/)
    .slice(1)
    .map(Number);
  return (user + nice + system + irq + softirq + steal) * TICK_SECONDS;
}

async function groupSeconds(group: string): Promise<number> {
  const stat = await readFile(join(group, 'cpu.stat'), 'utf8');
  return Number(/^usage_usec (\d+)$/m.exec(stat)?.[1]) / 1e6;
}

async function softirqThreads(): Promise<string[]> {
  const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name));
  const names = await Promise.all(pids.map((pid) => readFile(`/proc/${pid}/comm`, 'utf8').catch(() => '')));
  return pids.filter((_, i) => names[i]?.startsWith('ksoftirqd/')).map((pid) => `/proc/${pid}/schedstat`);
}

/** Killed processes stay in their group for a moment. */
async function removeGroup(folder: string): Promise<void> {
  for (let tries = 50; ; tries--) {
    try {
      return await rmdir(folder);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return;
      if (tries === 0) throw error;
      await sleep(50);
    }
  }
}

/** Removes groups of runs that were killed before they could clean up. */
async function removeStale(parent: string): Promise<void> {
  for (const name of (await readdir(parent)).filter((n) => n.startsWith(PREFIX))) {
    const alive = await readFile(`/proc/${name.slice(PREFIX.length)}/comm`).then(
      () => true,
      () => false,
    );
    if (alive) continue;
    const folder = join(parent, name);
    const groups = await readdir(folder, { withFileTypes: true });
    for (const group of groups.filter((entry) => entry.isDirectory())) {
      await rmdir(join(folder, group.name)).catch(() => {});
    }
    await rmdir(folder).catch(() => {});
  }
}
