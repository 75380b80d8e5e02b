import type { ChildProcess } from 'node:child_process';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { open } from 'node:fs/promises';
import { systemPath } from '../../rehearsal/src/apt';
import type { CommandOptions } from './part';

/** How long a part may take to clean up (a VM, namespaces) after it was asked to end, before it is killed. */
const GRACE_SECONDS = 60;

/**
 * Runs a program without stdin, with its output in a log file, and in a process group of its own, so that all of it can
 * be ended.
 * @returns its exit code; 128 + n if signal n ended it, 127 if there is no such program
 */
export async function runCommand(
  program: string,
  args: readonly string[],
  o: CommandOptions & { log: string; cwd: string; signal: AbortSignal },
): Promise<number> {
  const log = await open(o.log, 'a');
  const out = o.stdoutFile === undefined ? log : await open(o.stdoutFile, 'w');
  try {
    await log.write(`$ ${[program, ...args].join(' ')}\n`);
    o.signal.throwIfAborted();
    const child = spawn(program, [...args], {
      cwd: o.cwd,
      env: { ...process.env, PATH: systemPath(), NO_COLOR: '1', FORCE_COLOR: undefined, ...o.env },
      stdio: ['ignore', out.fd, log.fd],
      // In a process group of its own: npm and npx put processes between this one and the one that matters.
      detached: true,
    });
    const stop = endWhenAborted(child, o.signal);
    try {
      const [code, signalName] = await Promise.race([
        once(child, 'exit') as Promise<[number | null, NodeJS.Signals | null]>,
        once(child, 'error').then(async ([error]) => {
          await log.write(`${program}: ${(error as Error).message}\n`);
          return [127, null] as [number | null, NodeJS.Signals | null];
        }),
      ]);
      if (signalName !== null) await log.write(`${program} was ended by ${signalName}\n`);
      return code ?? 128 + (signalName === 'SIGKILL' ? 9 : 15);
    } finally {
      stop();
    }
  } finally {
    await log.close();
    if (out !== log) await out.close();
  }
}

function endWhenAborted(child: ChildProcess, signal: AbortSignal): () => void {
  let timer: NodeJS.Timeout | undefined;
  const send = (name: NodeJS.Signals) => {
    try {
      if (child.pid !== undefined) process.kill(-child.pid, name);
    } catch {
      // it has ended by itself
    }
  };
  const end = () => {
    send('SIGTERM');
    timer = setTimeout(() => send('SIGKILL'), GRACE_SECONDS * 1000);
  };
  signal.addEventListener('abort', end, { once: true });
  return () => {
    signal.removeEventListener('abort', end);
    clearTimeout(timer);
  };
}
