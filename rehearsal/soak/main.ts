import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Command, InvalidArgumentError } from 'commander';
import fc from 'fast-check';
import { plainTable } from '../../lib/plan/table';
import { leftovers, MARK } from './leftovers';

const program = new Command('soak')
  .description(
    'Rehearses again and again, interrupted or not, and looks for what is left behind. Options after -- are for the rehearsal.',
  )
  .option('--runs <n>', 'runs that are let come to their end, after the interrupted ones', count, 20)
  .option('--interruptions <n>', 'runs that are interrupted at a random second', count, 10)
  .option('--within <seconds>', 'the latest second of an interruption', count, 160)
  .option('--seed <n>', 'the seed of an earlier run, for the same seconds', count, Date.now() % 2 ** 31)
  .argument('[options...]', 'options of portway rehearse')
  .parse();

/** Seconds that an interrupted run may take to end. */
const END_LIMIT = 60;

interface Ended {
  readonly code: number | null;
  readonly seconds: number;
  readonly left: readonly string[];
  readonly verdict: string;
}

/** Runs a rehearsal, and presses Ctrl-C after so many seconds, when it is to be interrupted. */
async function run(options: readonly string[], interruptAt?: number): Promise<Ended> {
  const mark = randomBytes(6).toString('hex');
  const temporary = await mkdtemp(join(tmpdir(), 'soak-'));
  try {
    const begin = Date.now();
    const child = spawn(process.execPath, ['bin/portway.js', 'rehearse', ...options], {
      env: { ...process.env, TMPDIR: temporary, [MARK]: mark },
      stdio: ['ignore', 'pipe', 'pipe'],
      // A group of its own, which gets the signal as that of a terminal does.
      detached: true,
    });
    let said = '';
    for (const stream of [child.stdout, child.stderr]) stream.on('data', (data: Buffer) => (said += data.toString()));
    const ended = once(child, 'close') as Promise<[number | null, NodeJS.Signals | null]>;
    let late = '';
    if (interruptAt !== undefined) {
      await Promise.race([ended, sleep(interruptAt * 1000, undefined, { ref: false })]);
      if (child.exitCode === null && child.pid !== undefined) {
        process.kill(-child.pid, 'SIGINT');
        const intime = await Promise.race([ended, sleep(END_LIMIT * 1000, undefined, { ref: false })]);
        if (intime === undefined) {
          late = `did not end within ${END_LIMIT} s; `;
          process.kill(-child.pid, 'SIGKILL');
        }
      }
    }
    const [code, signal] = await ended;
    const seconds = (Date.now() - begin) / 1000;
    const id = /Logs: \S*\.rehearsal\/([a-z0-9-]+)/.exec(said)?.[1];
    const left = await leftovers({ mark, temporary, id });
    // Ended by the signal, or just before it, or while it was being loaded and had done nothing; a run that failed at the same
    // moment is no clean-up's fault, but is told.
    const wanted = code === 0 || (interruptAt !== undefined && (code === 130 || signal === 'SIGINT'));
    const problem = `${late}${wanted ? '' : `exit code ${code}: ${said.trim().split('\n').slice(-3).join(' | ')}`}`;
    return { code, seconds, left, verdict: problem === '' && left.length === 0 ? 'ok' : problem || 'left something' };
  } finally {
    await rm(temporary, { recursive: true, force: true });
  }
}

async function main(): Promise<void> {
  const { runs, interruptions, within, seed } =
    program.opts<Record<'runs' | 'interruptions' | 'within' | 'seed', number>>();
  process.stdout.write(`seed ${seed}\n`);
  // One in each of so many equal parts; fast-check alone would prefer the first seconds.
  const parts = fc.sample(fc.noBias(fc.integer({ min: 0, max: 999 })), { numRuns: interruptions, seed });
  const moments = parts.map((part, index) => Math.ceil(((index + part / 1000) * within) / interruptions));
  const rows: string[][] = [];
  for (const moment of [...moments, ...Array.from({ length: runs }, () => undefined)]) {
    const { code, seconds, left, verdict } = await run(program.args, moment);
    rows.push([
      moment === undefined ? 'to its end' : `interrupted at ${moment} s`,
      seconds.toFixed(0),
      `${code}`,
      verdict,
      left.join('\n'),
    ]);
    process.stdout.write(`${rows.at(-1)?.join('  ')}\n`);
  }
  const bad = rows.filter(([, , , verdict]) => verdict !== 'ok').length;
  process.stdout.write(
    `${plainTable(['run', 'seconds', 'exit code', 'verdict', 'left'], rows, [24, 10, 12, 50, 60])}\n`,
  );
  process.stdout.write(`${rows.length - bad} passed, ${bad} failed, 0 skipped\n`);
  process.exitCode = bad === 0 && rows.length > 0 ? 0 : 1;
}

function count(text: string): number {
  if (!/^\d+$/.test(text)) throw new InvalidArgumentError('must be a whole number');
  return Number(text);
}

void main();
