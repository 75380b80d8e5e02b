import { type CountImage, ensureCountImage } from './image';
import { key, withJob } from './job';
import { runMachine } from './machine';
import type { Counted, CountedSection } from './result';
import { LOADS, type LoadName, type Section } from './section';

/** A batch that waited for longer than this fraction of its time says nothing: something in it waits for a timer. */
const IDLE = 0.05;

/** How often a boot is begun before its failure is the run's: stock nginx now and then leaves a request by HTTP/3 without an answer. */
const TRIES = 3;

export interface CountOptions {
  readonly section: Section;
  /** How often the machine is booted. */
  readonly boots: number;
  readonly report: (line: string) => void;
  readonly signal?: AbortSignal;
}

/** Counts the instructions of each subject of a section, in a machine that is booted for it. @throws Error if a subject could not be counted */
export async function count({ section, boots, report, signal }: CountOptions): Promise<Counted> {
  const date = new Date().toISOString();
  const image = await ensureCountImage(section.architecture);
  const samples = new Samples();
  await withJob([section], async (archive) => {
    for (let boot = 1; boot <= boots; boot++) {
      signal?.throwIfAborted();
      report(`${section.title}: boot ${boot} of ${boots}`);
      samples.add(await counting(image, archive, report, signal));
    }
  });
  return {
    format: 1,
    date,
    kernel: image.release,
    boots,
    versions: image.versions,
    sections: [counted(section, samples)],
  };
}

/** What one boot counts. */
async function counting(
  image: CountImage,
  archive: string,
  report: (line: string) => void,
  signal: AbortSignal | undefined,
): Promise<Samples> {
  for (let tries = 1; ; tries++) {
    const samples = new Samples();
    try {
      await runMachine(image, archive, (line) => samples.read(line, report), signal);
      return samples;
    } catch (error) {
      if (tries === TRIES || signal?.aborted) throw error;
      report(`  begun again after: ${error instanceof Error ? error.message : error}`);
    }
  }
}

function counted({ name, title, peer, loads, subjects, prices }: Section, samples: Samples): CountedSection {
  return {
    name,
    title,
    peer,
    ...(prices ? { prices } : {}),
    subjects: subjects.map((subject) => ({
      name: subject.name,
      title: subject.title,
      ...(subject.ours === undefined ? {} : { ours: subject.ours }),
      instructions: Object.fromEntries(loads.map((load) => [load, samples.of(key(name, subject.name), load)])),
    })),
  };
}

/** Reads what guest/run.sh prints. */
export class Samples {
  readonly #counts = new Map<string, number[]>();
  #subject = '';

  /** @throws Error if a subject could not be measured, or was idle */
  read(line: string, report: (line: string) => void): void {
    const [word, ...rest] = line.split(' ');
    if (word === 'subject') {
      this.#subject = rest.join(' ');
      report(`  ${this.#subject}`);
    } else if (word === 'sample') {
      const [load = '', all = '', idle = ''] = rest;
      this.#add(load, Number(all), Number(idle));
    } else {
      throw new Error(`${this.#subject} could not be counted: ${line}`);
    }
  }

  /** Takes over those of another boot. */
  add(other: Samples): void {
    for (const [name, counts] of other.#counts) this.#counts.set(name, [...(this.#counts.get(name) ?? []), ...counts]);
  }

  #add(load: string, all: number, idle: number): void {
    const what = `${this.#subject}, ${load in LOADS ? LOADS[load as LoadName].title : load}`;
    if (!(all > 0 && idle >= 0)) throw new Error(`${what}: not a sample: ${all}, ${idle}`);
    if (idle > IDLE * all) throw new Error(`${what}: ${Math.round((100 * idle) / all)} % of the time was idle`);
    const name = `${this.#subject} ${load}`;
    this.#counts.set(name, [...(this.#counts.get(name) ?? []), all - idle]);
  }

  /** @throws Error if there is none */
  of(subject: string, load: LoadName): readonly number[] {
    const found = this.#counts.get(`${subject} ${load}`);
    if (found === undefined) throw new Error(`${subject}, ${LOADS[load].title}: was not counted`);
    return found;
  }
}
