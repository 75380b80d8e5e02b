import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, fstatSync, mkdirSync, openSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import type { Endpoint } from './endpoint';
import { essentialLines } from './failure';
import { ACCOUNT, REGION } from './settings';

/** The project's root: where cdk.json and node_modules are. */
const ROOT = resolve(__dirname, '../../..');
const SHORT_POLLS = join(__dirname, 'short-polls.cjs');

export interface CdkOptions {
  readonly endpoint: Endpoint;
  /**
   * The run's own folder. Templates are synthesized to `<folder>/cdk.out`, so two runs never meet. Default: the
   * arguments say where templates go, or contain a ready `--app`.
   */
  readonly folder?: string;
  /** The file that the CLI's output is appended to. */
  readonly log: string;
  /** A ready cloud assembly (which saves a second synth), or a command. Default: the one in cdk.json. */
  readonly app?: string;
}

/** A running CLI. */
export interface CdkRun {
  /** Resolves when the CLI succeeds. Rejects with CdkError otherwise. */
  readonly finished: Promise<void>;
  /** Stops the CLI and its app. The stack operation continues in the endpoint, as on AWS. */
  kill(): Promise<void>;
}

/**
 * The CLI failed. The message has its essential lines; for a failed deploy, the failed resources with their full
 * reasons.
 */
export class CdkError extends Error {
  override readonly name = 'CdkError';
  constructor(
    readonly args: readonly string[],
    readonly lines: readonly string[],
    readonly log: string,
  ) {
    super(`cdk ${args.join(' ')} failed:\n${lines.map((line) => `  ${line}`).join('\n')}\n  (log: ${log})`);
  }
}

/**
 * Runs the real CDK CLI of this project against an endpoint, in an environment without any of the user's AWS settings.
 * Telemetry, notices and the version check are off: nothing leaves the machine.
 * @example cdk(['deploy', 'Portway', '--require-approval', 'never'], { endpoint, folder, log, app: `${folder}/cdk.out`
 * })
 */
export function cdk(args: readonly string[], options: CdkOptions): CdkRun {
  mkdirSync(dirname(options.log), { recursive: true });
  const log = openSync(options.log, 'a');
  // The file may hold earlier runs, whose failures do not count.
  const written = fstatSync(log).size;
  // Without the type check: many deploys follow one another here.
  const common = ['--build', '', '--no-notices', '--no-version-reporting', '--progress', 'events'];
  // If the app is already a folder, there is nothing to write.
  const output = options.folder === undefined ? [] : ['--output', join(options.folder, 'cdk.out')];
  const app = options.app === undefined ? output : ['--app', options.app];
  // Node's own spawn: nano-spawn always adds the user's environment, which must not get in here.
  const cli = ['--require', SHORT_POLLS, require.resolve('aws-cdk/bin/cdk')];
  const child = spawn(process.execPath, [...cli, ...args, ...common, ...app], {
    cwd: ROOT,
    env: options.endpoint.env,
    stdio: ['ignore', log, log],
    // In a process group of its own: kill() reaches the CLI and its app, and Ctrl-C reaches neither before the cleanup.
    detached: true,
  });
  closeSync(log);
  const ended = once(child, 'close') as Promise<[number | null]>;
  let stopped = false;
  const finished = ended.then(async ([code]) => {
    if (code === 0) return;
    if (stopped) throw new CdkError(args, ['stopped before it ended'], options.log);
    throw new CdkError(args, essentialLines((await readFile(options.log)).subarray(written).toString()), options.log);
  });
  // A caller may look at the result only later, or never after kill().
  finished.catch(() => undefined);
  return {
    finished,
    async kill() {
      if (child.pid !== undefined && child.exitCode === null && child.signalCode === null) {
        stopped = true;
        process.kill(-child.pid, 'SIGTERM');
      }
      await ended.catch(() => undefined);
    },
  };
}

/** The arguments that bootstrap the local account. */
export const BOOTSTRAP = ['bootstrap', `aws://${ACCOUNT}/${REGION}`] as const;
