import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { RehearsalReport } from '../src/report/record';

/** One way to boot: a checkout of this repository, and what its rehearsal is told. */
export interface Way {
  readonly name: string;
  /** The folder of the checkout. */
  readonly folder: string;
  readonly engine: string;
  readonly onChange: string;
}

/** A first boot. Seconds since power-on, but for `processor`. */
export interface Boot {
  /** When the address arrived, which waits for the host's report: from then on strangers are forwarded. */
  readonly forwards: number;
  /** When the deploy ended. */
  readonly deployed: number;
  /** Seconds of processor time that the machine took until then. They depend less on what else this computer does. */
  readonly processor: number;
}

/** Ticks of processor time in a second. */
const TICKS = 100;

/** Rehearses a first boot. @throws Error with the rehearsal's last words if it failed */
export async function boot({ folder, engine, onChange }: Way): Promise<Boot> {
  const words = ['rehearse', '--json', '--engine', engine, '--case', 'first-boot', '-c', `onChange=${onChange}`];
  const child = spawn(process.execPath, ['bin/portway.js', ...words], {
    cwd: folder,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let json = '';
  let said = '';
  child.stdout.on('data', (data: Buffer) => (json += data.toString()));
  child.stderr.on('data', (data: Buffer) => (said += data.toString()));
  const samples: (readonly [time: number, seconds: number])[] = [];
  const ended = once(child, 'close') as Promise<[number | null]>;
  let running = true;
  void ended.then(() => (running = false));
  while (running) {
    samples.push([Date.now(), await processorOf(join(folder, '.rehearsal'))]);
    await Promise.race([ended, sleep(500, undefined, { ref: false })]);
  }
  const [code] = await ended;
  if (code !== 0) throw new Error(`the rehearsal failed: ${said.trim().split('\n').slice(-5).join(' | ')}`);
  return bootOf(JSON.parse(json) as RehearsalReport, samples);
}

/** What a report says of its first boot. `samples`: the machine's processor time until then, by time. */
export function bootOf(
  { began, runs }: Pick<RehearsalReport, 'began' | 'runs'>,
  samples: readonly (readonly [time: number, seconds: number])[],
): Boot {
  const { events, steps } = runs[0] ?? { events: [], steps: [] };
  const on = events.find(({ what }) => what === 'launched')?.at;
  const address = events.find(({ what }) => what === 'address')?.at;
  const step = steps.find(({ title }) => title.startsWith('first boot'));
  if (on === undefined || address === undefined || step?.begin === undefined || step.seconds === undefined)
    throw new Error('the report has no first boot');
  const end = step.begin + step.seconds;
  const then = Date.parse(began) + end * 1000;
  const processor = samples.filter(([time]) => time <= then).at(-1)?.[1] ?? 0;
  return { forwards: address - on, deployed: end - on, processor };
}

/** Seconds of processor time of the machine whose files are below a folder; 0 if there is none. */
async function processorOf(folder: string): Promise<number> {
  for (const pid of (await readdir('/proc')).filter((name) => /^\d+$/.test(name))) {
    const read = (file: string) => readFile(`/proc/${pid}/${file}`, 'utf8').catch(() => '');
    const command = await read('cmdline');
    if (!/^\S*qemu-system-/.test(command) || !command.includes(folder)) continue;
    const [user = '', system = ''] = (await read('stat')).split(') ')[1]?.split(' ').slice(11, 13) ?? [];
    return (Number(user) + Number(system)) / TICKS;
  }
  return 0;
}
