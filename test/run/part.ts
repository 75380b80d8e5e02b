import type { Tools } from '../../rehearsal/src/apt';
import { needsLinuxRoot } from '../host/support/needs';

/** A single test that was not run, and why. */
export interface Skip {
  readonly name: string;
  readonly reason: string;
}

/** What a part found. A part that does not count single tests counts as one test. */
export interface Outcome {
  readonly passed: number;
  readonly failed: number;
  readonly skips: readonly Skip[];
  /** Lines that are printed under the part, above the end of its log. */
  readonly notes?: readonly string[];
  /** Tests that failed beside others, and then passed alone. They count as passed, and the summary names them. */
  readonly passedOnlyAlone?: readonly string[];
}

export interface CommandOptions {
  /** Variables to set or, if undefined, to remove. */
  readonly env?: Readonly<Record<string, string | undefined>>;
  /** Default: the project's folder. */
  readonly cwd?: string;
  /** Standard output goes to this file instead of the log. */
  readonly stdoutFile?: string;
}

/** What a part can use while it runs. */
export interface PartContext {
  /** The project's folder. */
  readonly root: string;
  /** A folder of the part's own, which is kept after the run. */
  readonly folder: string;
  /** Runs a program without stdin; all of its output goes to the part's log. Resolves with its exit code. */
  command(program: string, args: readonly string[], options?: CommandOptions): Promise<number>;
  /** Writes a line to the part's log. */
  write(line: string): void;
  /** Prints a line for the user, about slow steps. */
  report(line: string): void;
}

/** One part of `npm test`. */
export interface Part {
  /** As in `--only NAME`. */
  readonly name: string;
  /** Further names under which `--only` finds it, together with others. */
  readonly groups?: readonly string[];
  /** It runs only if asked for by its name or group, since it is too slow for every run. */
  readonly nightly?: true;
  /** What it checks, in a few words. */
  readonly about: string;
  /** Programs that it needs. They are installed if possible; else the part is skipped, with the command to run. */
  readonly tools?: Tools;
  /** After this many minutes it is ended and counts as failed. */
  readonly limitMinutes: number;
  /** Why it cannot run here at all (not Linux, not root); undefined if it can. */
  impossible?(): string | undefined;
  run(context: PartContext): Promise<Outcome>;
}

export const PASSED: Outcome = { passed: 1, failed: 0, skips: [] };

/** One failed test, with notes for the reader. */
export function failed(...notes: string[]): Outcome {
  return { passed: 0, failed: 1, skips: [], notes };
}

/** The outcome of a part that is a single command. */
export function byExitCode(code: number): Outcome {
  return code === 0 ? PASSED : failed();
}

/** Why a part that boots the lab's VM cannot run here. */
export function needsVm(architecture: string = process.arch): string | undefined {
  if (architecture !== 'x64') return `needs an x86_64 machine (the VM is one), got: ${architecture}`;
  return needsLinuxRoot();
}
