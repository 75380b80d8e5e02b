import { type Spread, spread } from '../report/statistics';
import type { LoadName } from './section';

/** What was counted: every batch, so that any figure can be computed from it again. It is written as JSON. */
export interface Counted {
  /** The version of this format. Other versions are not supported. */
  readonly format: 1;
  /** ISO 8601. */
  readonly date: string;
  /** The release of the kernel that was booted, without its architecture. */
  readonly kernel: string;
  /** How often the machine was booted. */
  readonly boots: number;
  /** Debian packages by name. */
  readonly versions: Readonly<Record<string, string>>;
  readonly sections: readonly CountedSection[];
}

export interface CountedSection {
  readonly name: string;
  readonly title: string;
  /** The name of the subject that ours is also compared with. */
  readonly peer: string;
  /** The first one is the reference. */
  readonly subjects: readonly CountedSubject[];
  /** See Section. */
  readonly prices?: boolean;
}

export interface CountedSubject {
  readonly name: string;
  readonly title: string;
  readonly ours?: boolean;
  /** Instructions of all sides for one request, connection or datagram; a number for each batch. */
  readonly instructions: Readonly<Partial<Record<LoadName, readonly number[]>>>;
  /** Of a first boot. */
  readonly boot?: CountedBoot;
}

export interface CountedBoot {
  /** Instructions of each step by the name of what begins it, in order; a number for each boot. */
  readonly steps: Readonly<Record<string, readonly number[]>>;
  /** Seconds of a boot of the same host in a machine that does not count. Undefined: there was none. */
  readonly seconds?: number;
}

/** @returns undefined if it was not counted */
export function countOf(result: Counted, section: string, subject: string, load: LoadName): Spread | undefined {
  const found = result.sections.find(({ name }) => name === section)?.subjects.find(({ name }) => name === subject);
  return spread(found?.instructions[load] ?? []);
}
