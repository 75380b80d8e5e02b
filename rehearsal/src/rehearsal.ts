import { randomBytes } from 'node:crypto';
import { mkdir } from 'node:fs/promises';
import { availableParallelism, freemem, loadavg } from 'node:os';
import { join, resolve } from 'node:path';
import type { ListrTask } from 'listr2';
import { endpointPython } from './aws/endpoint';
import { Cleanup } from './cleanup';
import { examine } from './doctor';
import { GatewayRun } from './gateway-run';
import { ensureVmImage, type VmImage, type VmSystem } from './image/image';
import { showing, stepTask } from './progress';
import { machineRecord, portwayRecord } from './report/built-with';
import type { MachineRecord, RehearsalReport } from './report/record';
import { Steps } from './report/steps';
import { reportLine, reportPath } from './report/text';
import { writeReport } from './report/write';
import { atOnce, type PlannedRun } from './runs';
import { Track } from './track';

export interface RehearsalOptions {
  readonly runs: readonly PlannedRun[];
  /** Keeps the labs up at the end, until Ctrl-C. */
  readonly keep: boolean;
  /** Shows no progress, since something else is printed to standard output. */
  readonly quiet: boolean;
  /** The VM's system. Default: Debian 13. */
  readonly os?: VmSystem | undefined;
  /** Debian mirror for the VM. Default: the machine's own, else the bootstrap tool's. */
  readonly mirror?: string | undefined;
  /** An AWS endpoint of the user's. Default: the project's own is started. */
  readonly endpoint?: string | undefined;
  /** The folder of the runs' folders. Default: `.rehearsal` in the current folder. */
  readonly folder?: string | undefined;
}

/**
 * Rehearses stacks on this machine, without an AWS account. A run that fails or is interrupted writes its report too,
 * as far as it got.
 * @throws Error with a message for the user if the machine is not able to
 */
export async function rehearse(options: RehearsalOptions): Promise<RehearsalReport> {
  const begin = Date.now();
  const now = () => (Date.now() - begin) / 1000;
  const id = `${begin.toString(36)}-${randomBytes(2).toString('hex')}`;
  const folder = resolve(options.folder ?? '.rehearsal', id);
  const preparation = new Steps(now);
  const all: readonly Running[] = options.runs.map((plan) => ({ plan, track: new Track(plan.name, plan.cases, now) }));
  const portway = await portwayRecord();
  let machine: MachineRecord | undefined;
  let interrupted: string | undefined;
  const report = (leftBehind: readonly string[], failure?: string): Promise<RehearsalReport> =>
    writeReport({
      began: new Date(begin).toISOString(),
      seconds: Math.round(now()),
      folder,
      checks: all.flatMap(({ track: { name, checks } }) => checks.all.map((check) => ({ run: name, ...check }))),
      portway,
      ...(machine === undefined ? {} : { machine }),
      leftBehind,
      ...(interrupted === undefined ? {} : { interrupted }),
      ...(failure === undefined ? {} : { failure }),
      preparation: preparation.all,
      runs: all.map(({ track: { name, cases, steps, checks }, run }) => {
        const gateway = run?.gateway;
        const { hosts = [] } = run ?? {};
        const events = run?.events(begin) ?? [];
        const of = { ...(gateway ? { gateway } : {}), ...(run?.isFleet ? { isFleet: true } : {}) };
        return { name, cases, steps: steps.all, ...of, hosts, events, scans: checks.scans };
      }),
    });

  const cleanup = new Cleanup();
  const releaseSignals = cleanup.onSignals(
    (signal) => {
      interrupted = signal;
      for (const { track } of all) track.close();
      process.stderr.write(`\n${signal}: cleaning up ...\n`);
    },
    async (errors) => {
      const written = await report(errors);
      process.stderr.write(`${[reportLine(written), ...reportPath(written)].join('\n')}\n`);
    },
  );
  let failure: string | undefined;
  try {
    const image = await prepare(options, preparation, folder);
    machine = await machineRecord(image, options.os ?? 'debian-13');
    await runAll(all, { options, folder, id, image, cleanup });
  } catch (error) {
    failure = error instanceof Error ? error.message : String(error);
  }
  const leftBehind = await cleanup.run();
  // The handler of the signal writes the report, and ends the process.
  if (interrupted !== undefined) return new Promise<never>(() => {});
  releaseSignals();
  const written = await report(leftBehind, failure);
  if (failure !== undefined) throw new Error([failure, ...reportPath(written)].join('\n'));
  return written;
}

async function prepare(options: RehearsalOptions, steps: Steps, folder: string): Promise<VmImage> {
  const { os, mirror, endpoint } = options;
  let image: VmImage | undefined;
  const task = (title: string, run: (report: (line: string) => void) => Promise<void>): ListrTask =>
    stepTask(title, steps.add(title, run));
  const preparation: ListrTask[] = [
    task('examine this machine', async (tell) => {
      await examine({ report: tell });
      await mkdir(folder, { recursive: true });
    }),
    {
      ...task('prepare the AWS endpoint', async () => void (await endpointPython())),
      skip: () => endpoint !== undefined,
    },
    task('prepare the VM image (the first time takes a minute or two)', async () => {
      image = await ensureVmImage({ os, mirror });
    }),
  ];
  await showing(preparation, options).run();
  return image as VmImage;
}

interface Running {
  readonly plan: PlannedRun;
  readonly track: Track;
  /** Undefined until the machine is prepared. */
  run?: GatewayRun;
}

interface Surroundings {
  readonly options: RehearsalOptions;
  readonly folder: string;
  readonly id: string;
  readonly image: VmImage;
  readonly cleanup: Cleanup;
}

async function runAll(all: readonly Running[], { options, folder, id, image, cleanup }: Surroundings): Promise<void> {
  const concurrent = atOnce(
    all.map(({ plan }) => plan),
    { cpus: availableParallelism(), load: loadavg()[0] ?? 0, memory: freemem() },
  );
  const tasks = all.map((running, index): ListrTask => {
    const { plan, track } = running;
    const { name, source, context } = plan;
    const run = new GatewayRun({
      source,
      context,
      folder: join(folder, name),
      id: `${id}-${index}`,
      image,
      cleanup,
      checks: track.checks,
      endpointUrl: options.endpoint,
    });
    running.run = run;
    const steps = track.tasks(run, cleanup, options.keep ? [keepUp(name, run)] : []);
    return { title: name, task: (_, task) => task.newListr(steps, { concurrent: false, exitOnError: false }) };
  });
  await showing(tasks, { ...options, concurrent, exitOnError: false }).run();
}

/** Holds the lab until Ctrl-C, whose handler cleans up and ends the process. */
function keepUp(name: string, run: GatewayRun): ListrTask {
  return {
    title: 'kept up until Ctrl-C',
    task: () => {
      process.stderr.write(`\n${name}:\n${run.howToUse}\n`);
      return new Promise<never>(() => {
        // A promise alone does not keep a process alive.
        setInterval(() => undefined, 60_000);
      });
    },
  };
}
