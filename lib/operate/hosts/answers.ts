import { execFile } from 'node:child_process';
import { atOnce } from '../at-once';
import type { RunningHost } from '../running-hosts';
import { targetOf, wordsOf } from '../ssh/command';
import { missingProgram, reasonOf } from '../ssh/run';
import type { Words } from '../ssh/ways';
import type { StackHosts } from '../stack-hosts';

/** What a host's command printed with `--json`, or why there is no such answer. */
export type Answer<T> = { readonly host: RunningHost } & ({ readonly said: T } | { readonly trouble: string });

/**
 * Hosts that are asked at a time. Each takes an ssh here, and through an endpoint or Session Manager a process of the AWS CLI with
 * some 100 MB.
 */
export const AT_ONCE = 10;

/** A host that does not answer within this time, besides that of its command, is not waited for. In seconds. */
const PATIENCE = 45;

/**
 * How ssh asks nobody anything. A host of a fleet is new at its first look, so its key is taken then; another key under the same
 * instance id is refused.
 */
const ALONE: Words = [
  ...['-o', 'BatchMode=yes', '-o', 'StrictHostKeyChecking=accept-new', '-o', 'ConnectTimeout=20'],
  ...['-o', 'ServerAliveInterval=10', '-o', 'LogLevel=ERROR'],
];

export interface Question {
  /** The command of the host, such as `['status']`. */
  readonly command: Words;
  /** How long it works, in seconds. */
  readonly seconds: number;
  readonly identity: string | undefined;
}

/**
 * Runs a command of `portway` on hosts, by the way that the stack has, some hosts at a time.
 * @returns an answer for each, in the same order
 * @throws Error if nobody can run a command on these hosts, or a program is missing here
 */
export async function answersOf<T>(
  hosts: StackHosts,
  running: readonly RunningHost[],
  question: Question,
): Promise<readonly Answer<T>[]> {
  const { command, identity, seconds } = question;
  const words = (host: RunningHost) =>
    wordsOf(targetOf(hosts, host), { identity, command: ['sudo', 'portway', ...command, '--json'] }, ALONE);
  const missing = missingProgram(running.flatMap(words));
  if (missing !== undefined) throw new Error(missing);
  return atOnce(AT_ONCE, running, async (host) => ({ host, ...(await answerOf<T>(words(host), seconds + PATIENCE)) }));
}

type Told<T> = { readonly said: T } | { readonly trouble: string };

function answerOf<T>([program = '', ...args]: Words, seconds: number): Promise<Told<T>> {
  const options = { timeout: seconds * 1000, killSignal: 'SIGKILL', maxBuffer: 2 ** 26 } as const;
  return new Promise((resolve) => {
    const child = execFile(program, args, options, (error, stdout, stderr) => {
      // A host that is not as deployed answers, and ends with 1.
      const said = parsed<T>(stdout);
      if (said !== undefined) return resolve({ said });
      if (error?.killed) return resolve({ trouble: `no answer within ${seconds} s` });
      const words = reasonOf(stderr) ?? lastLine(stderr) ?? lastLine(stdout) ?? error?.message ?? 'it said nothing';
      resolve({ trouble: words });
    });
    child.stdin?.end();
  });
}

/** Undefined: it is no object in JSON. */
function parsed<T>(text: string): T | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null ? (value as T) : undefined;
  } catch {
    return undefined;
  }
}

function lastLine(text: string): string | undefined {
  return text
    .split('\n')
    .map((line) => line.trim())
    .findLast(Boolean);
}
