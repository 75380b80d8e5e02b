/** One thing to undo: its name for messages, and how to undo it. */
interface Step {
  name: string;
  undo: () => unknown | Promise<unknown>;
}

/** Exit codes of a process that a signal ended, as shells count them: 128 + the signal's number. */
const EXIT_CODES = { SIGHUP: 129, SIGINT: 130, SIGTERM: 143 } as const;
type EndSignal = keyof typeof EXIT_CODES;

/**
 * Everything that a run has to undo, in reverse order: at the end, after an error, and on Ctrl-C.
 *
 * Each step has its own time limit. A failed step does not stop the others; its message is collected and returned.
 */
export class Cleanup {
  readonly #steps: Step[] = [];
  readonly #stepLimitMs: number;
  #running: Promise<string[]> | undefined;

  /** @param options.stepLimitMs longest time for one step, in milliseconds. Default: 15,000 */
  constructor(options: { stepLimitMs?: number } = {}) {
    this.#stepLimitMs = options.stepLimitMs ?? 15_000;
  }

  /** Whether the cleanup has begun. Nothing new may be started then. */
  get started(): boolean {
    return this.#running !== undefined;
  }

  /**
   * Adds a step. The last one added runs first.
   *
   * @returns a function that removes the step again, if there is nothing left to undo
   * @throws Error if the cleanup has begun, so that nothing is made that nobody would undo
   */
  add(name: string, undo: Step['undo']): () => void {
    if (this.started) throw new Error(`the run is being ended, no more can be started: ${name}`);
    const step = { name, undo };
    this.#steps.push(step);
    return () => {
      const index = this.#steps.indexOf(step);
      if (index >= 0) this.#steps.splice(index, 1);
    };
  }

  /** Undoes everything, once. Later calls get the same result: the messages of the steps that failed. */
  run(): Promise<string[]> {
    this.#running ??= this.#undoAll();
    return this.#running;
  }

  async #undoAll(): Promise<string[]> {
    const errors: string[] = [];
    for (let step = this.#steps.pop(); step; step = this.#steps.pop()) {
      try {
        await withLimit(step.undo, this.#stepLimitMs);
      } catch (error) {
        errors.push(`${step.name}: ${error instanceof Error ? error.message : String(error)}`);
      }
    }
    return errors;
  }

  /**
   * Undoes everything when the process is asked to end, then ends it with the signal's exit code. A second signal does
   * not cut this short: each step has a limit, so it ends by itself.
   *
   * @param onSignal called once, before the cleanup starts (to print a line)
   * @param atEnd called after the cleanup, before the process ends, with the messages of the steps that failed
   * @returns a function that removes the handlers
   */
  onSignals(
    onSignal: (signal: EndSignal) => void = () => {},
    atEnd: (errors: string[]) => Promise<void> = async () => {},
  ): () => void {
    const handler = (signal: EndSignal) => {
      if (this.started) return;
      onSignal(signal);
      void this.run().then(async (errors) => {
        for (const error of errors) process.stderr.write(`cleaning up: ${error}\n`);
        await atEnd(errors).catch((error: unknown) => process.stderr.write(`${error}\n`));
        process.exit(EXIT_CODES[signal]);
      });
    };
    const signals = Object.keys(EXIT_CODES) as EndSignal[];
    for (const signal of signals) process.on(signal, handler);
    return () => {
      for (const signal of signals) process.off(signal, handler);
    };
  }
}

async function withLimit(undo: Step['undo'], limitMs: number): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(new Error(`not done after ${limitMs / 1000} s`)), limitMs);
  });
  try {
    await Promise.race([Promise.resolve().then(undo), late]);
  } finally {
    clearTimeout(timer);
  }
}
