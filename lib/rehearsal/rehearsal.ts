import { randomBytes } from 'node:crypto';
import { mkdir } from 'node:fs/promises';
import { availableParallelism, freemem } from 'node:os';
import { join, resolve } from 'node:path';
import type { ListrTask } from 'listr2';
import type { Engine } from '../forward/forward';
import { endpointPython } from './aws/endpoint';
import { Checks } from './checks';
import { Cleanup } from './cleanup';
import { examine } from './doctor';
import { EngineRun, type Step } from './engine-run';
import { ensureVmImage, type VmImage } from './image/image';
import { showing, stepTask } from './progress';
import type { RehearsalReport } from './report/record';
import { Steps } from './report/steps';
import { reportLine, reportPath } from './report/text';
import { writeReport } from './report/write';

export interface RehearsalOptions {
  readonly engines: readonly Engine[];
  /** Leave the lab up at the end until Ctrl-C. */
  readonly keep: boolean;
  /** Show no progress: something else is printed to standard output. */
  readonly quiet: boolean;
  /** Debian mirror for the VM. Default: the machine's own, else the bootstrap tool's. */
  readonly mirror?: string | undefined;
  /** An AWS endpoint of the user's. Default: the project's own is started. */
  readonly endpoint?: string | undefined;
  /** Where the runs' folders are. Default: `.rehearsal` in the present folder. */
  readonly folder?: string | undefined;
}

/** A VM with its QEMU takes about this much memory, in bytes. */
const MEMORY_PER_ENGINE = 1.6 * 2 ** 30;

/** One engine's lab and what is written down about it. */
interface Track {
  readonly engine: Engine;
  readonly checks: Checks;
  readonly steps: Steps;
  /** Undefined until the machine is prepared. */
  run?: EngineRun;
}

/**
 * Rehearses the whole life of the shipped stack on this machine, for each engine, with no AWS account.
 * A run that fails or is interrupted writes its report too, as far as it went.
 * @throws Error with a message for the user when the machine cannot do it
 */
export async function rehearse(options: RehearsalOptions): Promise<RehearsalReport> {
  const begin = Date.now();
  const now = () => (Date.now() - begin) / 1000;
  const id = `${begin.toString(36)}-${randomBytes(2).toString('hex')}`;
  const folder = resolve(options.folder ?? '.rehearsal', id);
  const preparation = new Steps(now);
  const tracks = options.engines.map((engine): Track => ({ engine, checks: new Checks(now), steps: new Steps(now) }));
  let interrupted: string | undefined;
  const report = (leftBehind: readonly string[], failure?: string): Promise<RehearsalReport> =>
    writeReport({
      began: new Date(begin).toISOString(),
      seconds: Math.round(now()),
      folder,
      checks: tracks.flatMap(({ engine, checks }) => checks.all.map((check) => ({ engine, ...check }))),
      leftBehind,
      ...(interrupted === undefined ? {} : { interrupted }),
      ...(failure === undefined ? {} : { failure }),
      preparation: preparation.all,
      runs: tracks.map(({ engine, steps, checks, run }) => {
        const gateway = run?.gateway;
        return { engine, steps: steps.all, ...(gateway ? { gateway } : {}), scans: checks.scans };
      }),
    });

  const cleanup = new Cleanup();
  const releaseSignals = cleanup.onSignals(
    (signal) => {
      interrupted = signal;
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
    await runAll(tracks, { options, folder, id, image, cleanup });
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
  let image: VmImage | undefined;
  const preparation: ListrTask[] = [
    shown(steps, {
      title: 'examine this machine',
      run: async (report) => {
        await examine({ report });
        await mkdir(folder, { recursive: true });
      },
    }),
    shown(
      steps,
      { title: 'prepare the AWS endpoint', run: async () => void (await endpointPython()) },
      { skip: () => options.endpoint !== undefined },
    ),
    shown(steps, {
      title: 'prepare the VM image (the first time takes a minute or two)',
      run: async () => {
        image = await ensureVmImage({ mirror: options.mirror });
      },
    }),
  ];
  await showing(preparation, options).run();
  return image as VmImage;
}

interface Surroundings {
  readonly options: RehearsalOptions;
  readonly folder: string;
  readonly id: string;
  readonly image: VmImage;
  readonly cleanup: Cleanup;
}

async function runAll(tracks: readonly Track[], { options, folder, id, image, cleanup }: Surroundings): Promise<void> {
  // Each VM keeps one CPU busy; on a small machine the engines take turns.
  const concurrent = availableParallelism() > 1 && freemem() > MEMORY_PER_ENGINE * tracks.length;
  const tasks = tracks.map((track, index): ListrTask => {
    const { engine, checks } = track;
    const run = new EngineRun({
      engine,
      folder: join(folder, engine),
      id: `${id}-${index}`,
      image,
      cleanup,
      checks,
      endpointUrl: options.endpoint,
    });
    track.run = run;
    const steps = engineSteps(run, track, options, cleanup);
    return { title: engine, task: (_, task) => task.newListr(steps, { concurrent: false, exitOnError: false }) };
  });
  await showing(tasks, { ...options, concurrent, exitOnError: false }).run();
}

function engineSteps(run: EngineRun, track: Track, options: RehearsalOptions, cleanup: Cleanup): ListrTask[] {
  let broken = false;
  const guarded = ({ title, run: work }: Step, always: boolean): ListrTask => {
    const step: Step = {
      title,
      run: async (tell) => {
        try {
          await work(tell);
        } catch (error) {
          broken = true;
          // What the cleaning up breaks under a step that still runs is no finding.
          if (!cleanup.started)
            track.checks.failed(title, title, error instanceof Error ? error.message : String(error));
          throw error;
        }
      },
    };
    return shown(track.steps, step, { skip: () => (broken && !always) || cleanup.started });
  };
  return [
    ...run.steps.map((step) => guarded(step, false)),
    ...(options.keep ? [keepUp(run)] : []),
    ...run.lastSteps.map((step) => guarded(step, true)),
  ];
}

/** A step for the screen, with its times written down. */
function shown(steps: Steps, { title, run }: Step, more: Pick<ListrTask, 'skip'> = {}): ListrTask {
  return { ...stepTask(title, steps.add(title, run)), ...more };
}

/** Holds the lab until Ctrl-C, whose handler cleans up and ends the process. */
function keepUp(run: EngineRun): ListrTask {
  return {
    title: 'kept up until Ctrl-C',
    task: () => {
      process.stderr.write(`\n${run.howToUse}\n`);
      return new Promise<never>(() => {
        // A promise alone does not keep a process alive.
        setInterval(() => undefined, 60_000);
      });
    },
  };
}
