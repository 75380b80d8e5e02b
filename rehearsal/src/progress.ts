import {
  type DefaultRenderer,
  Listr,
  type ListrTask,
  type ListrTaskWrapper,
  PRESET_TIMER,
  PRESET_TIMESTAMP,
  type SimpleRenderer,
} from 'listr2';

export interface ProgressOptions {
  /** Show nothing. */
  readonly quiet: boolean;
  /** How many tasks run side by side. Default: one after another. */
  readonly concurrent?: number;
  /** Stop at the first task that fails. Default: true. */
  readonly exitOnError?: boolean;
}

/**
 * Runs tasks and shows each with its time: as a live list in a terminal, as one line an event elsewhere (CI, a file).
 */
export function showing(
  tasks: ListrTask[],
  { quiet, concurrent = 1, exitOnError = true }: ProgressOptions,
): Listr<object, 'default' | 'silent', 'simple'> {
  return new Listr<object, 'default' | 'silent', 'simple'>(tasks, {
    concurrent,
    exitOnError,
    // The cleanup handles Ctrl-C.
    registerSignalListeners: false,
    renderer: quiet ? 'silent' : 'default',
    fallbackRenderer: 'simple',
    rendererOptions: { collapseSubtasks: false, collapseErrors: false, showErrorMessage: true, timer: PRESET_TIMER },
    fallbackRendererOptions: { timestamp: PRESET_TIMESTAMP, timer: PRESET_TIMER },
  });
}

type Task = ListrTaskWrapper<object, typeof DefaultRenderer, typeof SimpleRenderer>;

/**
 * A step as a task. Its notes stay on the screen, and in a terminal a running step shows its seconds.
 * @param terminal Default: whether standard output is one. Elsewhere, each change of a title would be a new line
 */
export function stepTask(
  title: string,
  run: (note: (text: string) => void) => Promise<void>,
  terminal = process.stdout.isTTY === true,
): ListrTask<object, typeof DefaultRenderer, typeof SimpleRenderer> {
  return {
    title,
    rendererOptions: { persistentOutput: true },
    task: async (_, task) => {
      const begin = Date.now();
      const clock = setInterval(() => {
        if (terminal) task.title = `${title} (${Math.round((Date.now() - begin) / 1000)} s)`;
      }, 1000);
      try {
        await run((text) => note(task, text));
      } finally {
        clearInterval(clock);
        if (terminal) task.title = title;
      }
    },
  };
}

/** Adds a word to a running task: what it waits for, or a figure that it found. */
function note(task: Task, text: string): void {
  task.output = text;
}
