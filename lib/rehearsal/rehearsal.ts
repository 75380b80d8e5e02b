import { randomBytes } from 'node:crypto';
import { mkdir } from 'node:fs/promises';
import { availableParallelism, freemem } from 'node:os';
import { join, resolve } from 'node:path';
import type { ListrTask } from 'listr2';
import type { Engine } from '../forward/forward';
import { endpointPython } from './aws/endpoint';
import { type Check, Checks } from './checks';
import { Cleanup } from './cleanup';
import { examine } from './doctor';
import { EngineRun, type Step } from './engine-run';
import { ensureVmImage, type VmImage } from './image/image';
import { note, showing } from './progress';

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

export interface RehearsalReport {
  readonly passed: boolean;
  readonly seconds: number;
  /** Logs, rules, console output. */
  readonly folder: string;
  readonly checks: readonly (Check & { readonly engine: string })[];
  /** What could not be cleaned up. Empty unless something went wrong. */
  readonly leftBehind: readonly string[];
}

/** A VM with its QEMU takes about this much memory, in bytes. */
const MEMORY_PER_ENGINE = 1.6 * 2 ** 30;

/**
 * Rehearses the whole life of the shipped stack on this machine, for each engine, with no AWS account.
 * @throws Error with a message for the user when the machine cannot do it
 */
export async function rehearse(options: RehearsalOptions): Promise<RehearsalReport> {
  const begin = Date.now();
  const id = `${begin.toString(36)}-${randomBytes(2).toString('hex')}`;
  const folder = resolve(options.folder ?? '.rehearsal', id);
  const cleanup = new Cleanup();
  const releaseSignals = cleanup.onSignals((signal) => process.stderr.write(`\n${signal}: cleaning up ...\n`));
  const runs = options.engines.map((engine) => ({ engine, checks: new Checks() }));
  let image: VmImage | undefined;
  let leftBehind: string[] = [];
  try {
    const preparation: ListrTask[] = [
      { title: 'examine this machine', task: (_, task) => examine({ report: (line) => note(task, line) }) },
      {
        title: 'prepare the AWS endpoint',
        skip: () => options.endpoint !== undefined,
        task: async () => void (await endpointPython()),
      },
      {
        title: 'prepare the VM image (the first time takes a minute or two)',
        task: async () => {
          image = await ensureVmImage({ mirror: options.mirror });
          await mkdir(folder, { recursive: true });
        },
      },
    ];
    await showing(preparation, options).run();
    // Each VM keeps one CPU busy; on a small machine the engines take turns.
    const parallel = availableParallelism() > 1 && freemem() > MEMORY_PER_ENGINE * runs.length;
    const engineTasks = runs.map(({ engine, checks }, index): ListrTask => {
      const run = new EngineRun({
        engine,
        folder: join(folder, engine),
        id: `${id}-${index}`,
        image: image as VmImage,
        cleanup,
        checks,
        endpointUrl: options.endpoint,
      });
      return {
        title: engine,
        task: (_, task) =>
          task.newListr(engineSteps(run, checks, options, cleanup), { concurrent: false, exitOnError: false }),
      };
    });
    await showing(engineTasks, { ...options, concurrent: parallel, exitOnError: false }).run();
  } finally {
    leftBehind = await cleanup.run();
    releaseSignals();
  }
  const checks = runs.flatMap(({ engine, checks: { all } }) => all.map((check) => ({ engine, ...check })));
  const passed = checks.length > 0 && leftBehind.length === 0 && checks.every(({ result }) => result !== 'failed');
  return { passed, seconds: Math.round((Date.now() - begin) / 1000), folder, checks, leftBehind };
}

function engineSteps(run: EngineRun, checks: Checks, options: RehearsalOptions, cleanup: Cleanup): ListrTask[] {
  let broken = false;
  const guarded = ({ title, run: work }: Step, always: boolean): ListrTask => ({
    title,
    skip: () => (broken && !always) || cleanup.started,
    task: async (_, task) => {
      try {
        await work((text) => note(task, text));
      } catch (error) {
        broken = true;
        checks.failed(title, title, error instanceof Error ? error.message : String(error));
        throw error;
      }
    },
  });
  return [
    ...run.steps.map((step) => guarded(step, false)),
    ...(options.keep ? [keepUp(run)] : []),
    ...run.lastSteps.map((step) => guarded(step, true)),
  ];
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
