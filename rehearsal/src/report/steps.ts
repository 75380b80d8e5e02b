import type { StepRecord } from './record';

/** Tells what the user may want to know while a step runs. */
export type Note = (text: string) => void;

interface Entry {
  readonly title: string;
  begin?: number;
  end?: number;
  result?: 'passed' | 'failed';
}

/** Writes down when steps began, how long they took and how they ended. */
export class Steps {
  readonly #entries: Entry[] = [];
  readonly #now: () => number;
  #closed = false;

  /** @param now seconds since the rehearsal began */
  constructor(now: () => number) {
    this.#now = now;
  }

  /** Makes a step known. @returns what does the work, and writes its times down; a failure is passed on */
  add(title: string, work: (note: Note) => Promise<void>): (note: Note) => Promise<void> {
    const entry: Entry = { title };
    this.#entries.push(entry);
    return async (note) => {
      entry.begin = this.#now();
      let result: Entry['result'] = 'failed';
      try {
        await work(note);
        result = 'passed';
      } finally {
        if (!this.#closed) Object.assign(entry, { result, end: this.#now() });
      }
    };
  }

  /** From now on, whatever still runs is cut short, however it ends. */
  close(): void {
    this.#closed = true;
  }

  /** As far as it went: a step that still runs was cut short, one that was never started is skipped. */
  get all(): readonly StepRecord[] {
    return this.#entries.map(({ title, begin, end, result }) => ({
      title,
      ...(begin === undefined ? {} : { begin: tenths(begin) }),
      ...(begin === undefined || end === undefined ? {} : { seconds: tenths(end - begin) }),
      result: result ?? (begin === undefined ? 'skipped' : 'cut short'),
    }));
  }
}

function tenths(seconds: number): number {
  return Math.round(seconds * 10) / 10;
}
