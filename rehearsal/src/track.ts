import type { ListrTask } from 'listr2';
import type { NamedCase } from './cases';
import { Checks } from './checks';
import type { Cleanup } from './cleanup';
import type { GatewayRun, Step } from './gateway-run';
import { stepTask } from './progress';
import type { CaseRecord } from './report/record';
import { Steps } from './report/steps';

/** The part of a gateway's run that a track needs. */
export type Gateway = Pick<GatewayRun, 'firstSteps' | 'lastSteps' | 'stageOf' | 'unusable' | 'changed'>;

/** A gateway's part of a rehearsal: its steps as tasks for the screen, and their record. */
export class Track {
  readonly checks: Checks;
  readonly steps: Steps;
  readonly #cases: readonly NamedCase[];
  readonly #results = new Map<string, CaseRecord['result']>();
  /** What ended the run before its cases. */
  #broken = false;
  #failed: string | undefined;
  #closed = false;

  /** @param now seconds since the rehearsal began */
  constructor(
    readonly name: string,
    cases: readonly NamedCase[],
    now: () => number,
  ) {
    this.#cases = cases;
    this.checks = new Checks(now);
    this.steps = new Steps(now);
  }

  /** The cases, and their results so far. */
  get cases(): readonly CaseRecord[] {
    return this.#cases.map(({ name, case: { about } }) => ({
      name,
      about,
      result: this.#results.get(name) ?? 'not run',
    }));
  }

  /** The run is ending: from now on, results say nothing about the gateway. */
  close(): void {
    this.#closed = true;
    this.checks.close();
    this.steps.close();
  }

  /** All steps of a run, in order. `last` runs between the cases and the end. */
  tasks(run: Gateway, cleanup: Cleanup, last: readonly ListrTask[]): ListrTask[] {
    return [
      ...run.firstSteps.map((step) => this.#always(step, cleanup, () => this.#broken)),
      ...this.#cases.map((one) => this.#caseTask(one, run, cleanup)),
      ...last,
      ...run.lastSteps.map((step) => this.#always(step, cleanup, () => false)),
    ];
  }

  #always(step: Step, cleanup: Cleanup, skip: () => boolean): ListrTask {
    const fail = () => {
      this.#broken = true;
    };
    return this.#shown(step, { phase: step.title, cleanup, fail, skip });
  }

  /** A failed step ends its case. The next case runs if the gateway is still in order. */
  #caseTask({ name, case: { steps, takesAny, leavesChanged } }: NamedCase, run: Gateway, cleanup: Cleanup): ListrTask {
    const fail = () => {
      this.#failed = name;
      this.#results.set(name, 'failed');
    };
    const tasks = steps.map((step) => {
      const work = { title: step.title, run: (note: (text: string) => void) => step.run(run.stageOf(name), note) };
      const skip = () => this.#results.get(name) === 'failed';
      return this.#shown(work, { phase: name, cleanup, fail, skip });
    });
    return {
      title: name,
      task: async (_, task) => {
        if (cleanup.started) return task.skip(`${name}: the run is being ended`);
        const reason = await this.#whyNot(run, takesAny);
        if (reason !== undefined) {
          this.checks.skipped(name, 'the case is run', reason);
          return task.skip(`${name}: not run, ${reason}`);
        }
        this.#results.set(name, 'cut short');
        const judge: ListrTask = {
          title: 'all is as it was',
          task: async () => {
            if (this.#results.get(name) !== 'failed' && !this.#closed)
              this.#judge(name, leavesChanged ? undefined : run.changed);
          },
        };
        return task.newListr([...tasks, judge], { concurrent: false, exitOnError: false });
      },
    };
  }

  async #whyNot(run: Gateway, takesAny = false): Promise<string | undefined> {
    if (this.#broken) return 'the gateway never came up';
    return this.#failed === undefined ? undefined : run.unusable(takesAny);
  }

  /** A case passed if none of its checks failed and the next case can use the gateway. */
  #judge(name: string, reason: string | undefined): void {
    if (reason !== undefined) this.checks.failed(name, 'the case leaves the gateway as it found it', reason);
    const failed = this.checks.all.some((check) => check.phase === name && check.result === 'failed');
    if (failed) this.#failed = name;
    this.#results.set(name, failed ? 'failed' : 'passed');
  }

  /** A step for the screen. Records its times. */
  #shown({ title, run }: Step, { phase, cleanup, fail, skip }: ShownOptions): ListrTask {
    const full = phase === title ? title : `${phase}: ${title}`;
    const work = this.steps.add(full, async (tell) => {
      try {
        await run(tell);
      } catch (error) {
        if (!this.#closed) fail();
        this.checks.failed(phase, title, error instanceof Error ? error.message : String(error));
        throw error;
      }
    });
    return { ...stepTask(title, work), skip: () => skip() || cleanup.started };
  }
}

interface ShownOptions {
  readonly phase: string;
  readonly cleanup: Cleanup;
  fail(): void;
  skip(): boolean;
}
