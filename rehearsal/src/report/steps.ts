import type { StepRecord } from './record';

/** Reports something that the user may want to know while a step runs. */
export type Note = (text: string) => void;

interface Entry {
  readonly title: string;
  begin?: number;
  end?: number;
  result?: 'passed' | 'failed';
}

/** Records when steps began, how long they took and how they ended. */
export class Steps {
  readonly #entries: Entry[] = [];
  readonly #now: () => number;
  #closed = false;

  /** @param now seconds since the rehearsal began */
  constructor(now: () => number) {
    this.#now = now;
  }

  /** Adds a step. @returns the function that does the work and records its times; it passes a failure on */
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

  /** From now on, whatever still runs counts as cut short, however it ends. */
  close(): void {
    this.#closed = true;
  }

  /** The steps so far: one that still runs counts as cut short, one that was never started as skipped. */
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
