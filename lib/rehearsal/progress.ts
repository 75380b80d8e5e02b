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
  /** Run the tasks side by side. Default: one after another. */
  readonly concurrent?: boolean;
  /** Stop at the first task that fails. Default: true. */
  readonly exitOnError?: boolean;
}

/**
 * Runs tasks and shows each with its time: as a live list in a terminal, as one line an event elsewhere (CI, a file).
 */
export function showing(
  tasks: ListrTask[],
  { quiet, concurrent = false, exitOnError = true }: ProgressOptions,
): Listr<object, 'default' | 'silent', 'simple'> {
  return new Listr<object, 'default' | 'silent', 'simple'>(tasks, {
    concurrent,
    exitOnError,
    // Ctrl-C is the clean-up's.
    registerSignalListeners: false,
    renderer: quiet ? 'silent' : 'default',
    fallbackRenderer: 'simple',
    rendererOptions: { collapseSubtasks: false, collapseErrors: false, showErrorMessage: true, timer: PRESET_TIMER },
    fallbackRendererOptions: { timestamp: PRESET_TIMESTAMP, timer: PRESET_TIMER },
  });
}

/** Adds a word to a running task: what it waits for, or a figure that it found. */
export function note(
  task: ListrTaskWrapper<object, typeof DefaultRenderer, typeof SimpleRenderer>,
  text: string,
): void {
  task.output = text;
}
