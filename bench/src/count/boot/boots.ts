import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Cleanup } from '../../../../rehearsal/src/cleanup';
import { ensureVmImage, type VmImage } from '../../../../rehearsal/src/image/image';
import { ensureCountImage } from '../image';
import type { Counted, CountedSubject } from '../result';
import { type BootHost, HOSTS } from './hosts';
import { BOOT } from './section';
import type { Mark } from './watch';

export interface BootsOptions {
  /** How often each host is booted and counted. */
  readonly boots: number;
  /** Whether each is booted once more, for the seconds. */
  readonly timed: boolean;
  readonly report: (line: string) => void;
  readonly signal?: AbortSignal;
}

/** Counts the instructions of first boots in the rehearsal's machine and lab. @throws Error if a host did not answer */
export async function countBoots({ boots, timed, report, signal }: BootsOptions): Promise<Counted> {
  const date = new Date().toISOString();
  // Both images are of the same packages of Debian 13.
  const { release, versions } = await ensureCountImage();
  const image = await ensureVmImage();
  const subjects: CountedSubject[] = [];
  for (const host of HOSTS) {
    const counted: (readonly Mark[])[] = [];
    for (let boot = 1; boot <= boots; boot++) {
      report(`${BOOT.title}, ${host.title}: boot ${boot} of ${boots}`);
      counted.push(await bootOnce(host, image, true, signal));
    }
    if (timed) report(`${BOOT.title}, ${host.title}: the seconds`);
    const seconds = timed ? endOf(host, await bootOnce(host, image, false, signal)).seconds : undefined;
    subjects.push(bootSubject(host, counted, seconds));
  }
  const { name, title, peer } = BOOT;
  return { format: 1, date, kernel: release, boots, versions, sections: [{ name, title, peer, subjects }] };
}

async function bootOnce(
  host: BootHost,
  image: VmImage,
  counted: boolean,
  signal?: AbortSignal,
): Promise<readonly Mark[]> {
  signal?.throwIfAborted();
  const cleanup = new Cleanup();
  const parent = await mkdtemp(join(tmpdir(), 'portway-boot-'));
  const end = () => void cleanup.run();
  signal?.addEventListener('abort', end, { once: true });
  try {
    const folder = join(parent, 'lab');
    return await host.boot({ image, id: `boot-${process.pid}`, folder, cleanup, counted });
  } finally {
    signal?.removeEventListener('abort', end);
    await cleanup.run();
    await rm(parent, { recursive: true, force: true });
  }
}

/** What was counted of a host, from the marks of its boots. @throws Error if a boot has not come to its end */
export function bootSubject(
  host: Pick<BootHost, 'name' | 'title' | 'ours' | 'at'>,
  boots: readonly (readonly Mark[])[],
  seconds?: number,
): CountedSubject {
  const { name, title, ours } = host;
  const steps: Record<string, number[]> = {};
  for (const marks of boots) {
    let begin: Pick<Mark, 'name' | 'instructions'> = { name: 'power-on', instructions: 0 };
    for (const mark of marks.slice(0, marks.indexOf(endOf(host, marks)) + 1)) {
      // An answer of the image's own application is no step.
      if (mark.name === 'answer' && host.at !== 'answer') continue;
      steps[begin.name] = [...(steps[begin.name] ?? []), mark.instructions - begin.instructions];
      begin = mark;
    }
  }
  return {
    name,
    title,
    ...(ours === undefined ? {} : { ours }),
    instructions: { boot: boots.map((marks) => endOf(host, marks).instructions) },
    boot: { steps, ...(seconds === undefined ? {} : { seconds }) },
  };
}

function endOf({ title, at }: Pick<BootHost, 'title' | 'at'>, marks: readonly Mark[]): Mark {
  const end = marks.find(({ name }) => name === at);
  if (end === undefined) throw new Error(`${title}: the boot has no moment "${at}"`);
  return end;
}
