import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, createWriteStream, openSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Cleanup } from '../cleanup';

/** A process of the lab that runs until it is stopped. */
export interface Daemon {
  readonly child: ChildProcess;
  /** Resolves when the process has ended, for whatever reason. */
  readonly exited: Promise<void>;
  /** Ends the process and everything that it started: asks first, and kills after a second. */
  stop(): Promise<void>;
}

export interface DaemonOptions {
  /** File that its output is appended to. */
  log: string;
  /** Standard input and output as pipes, for a process that reads commands. Its errors still go to the log. */
  pipes?: boolean;
}

/**
 * Starts a process in a process group of its own, so that Ctrl-C in the terminal reaches only the run itself, which
 * then ends its processes in the right order. If the run itself is killed, the kernel ends the process too.
 */
export function startDaemon(
  name: string,
  command: [string, ...string[]],
  cleanup: Cleanup,
  options: DaemonOptions,
): Daemon {
  const log = openSync(options.log, 'a');
  const first = options.pipes ? 'pipe' : 'ignore';
  const child = spawn('setpriv', ['--pdeathsig', 'KILL', '--', ...command], {
    detached: true,
    stdio: [first, options.pipes ? 'pipe' : log, log],
  });
  closeSync(log);
  const exited = new Promise<void>((resolve) => {
    child.once('exit', () => resolve());
    child.once('error', (error) => {
      createWriteStream(options.log, { flags: 'a' }).end(`${name}: ${error.message}\n`);
      resolve();
    });
  });
  const stop = async () => {
    if (child.pid === undefined || child.exitCode !== null || child.signalCode !== null) return;
    killGroup(child.pid, 'SIGTERM');
    await Promise.race([exited, sleep(1000, undefined, { ref: false })]);
    killGroup(child.pid, 'SIGKILL');
    await exited;
  };
  const forget = cleanup.add(`stop ${name}`, stop);
  void exited.then(forget);
  return { child, exited, stop };
}

function killGroup(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(-pid, signal);
  } catch {
    // The group is gone already, as intended.
  }
}
