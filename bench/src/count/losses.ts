import { isDeepStrictEqual } from 'node:util';
import { type Counted, countOf } from './result';
import type { LoadName } from './section';

/** A count of ours that grew since the committed run. */
export interface CountLoss {
  readonly section: string;
  readonly load: LoadName;
  /** Its title. */
  readonly subject: string;
  /** Medians, in instructions. */
  readonly committed: number;
  readonly counted: number;
}

/** Boots of the same kernel and packages differ by less than this fraction, if the subject and those before it are the same. */
const NOISE = 0.01;
/** Which of 64 answers comes first is not the same in each boot: 1.1 % more was seen of nothing. */
const NOISE_AT_ONCE = 0.03;

const noiseOf = (load: LoadName) => (load.endsWith('-64') ? NOISE_AT_ONCE : NOISE);

/** Whether counts of the two can be compared: another kernel or another nginx costs something else. */
export function comparable(result: Counted, committed: Counted): boolean {
  return result.kernel === committed.kernel && isDeepStrictEqual(result.versions, committed.versions);
}

/** What of ours takes more than 1 % more instructions than in the committed run, in every batch; 3 % with 64 at once. Empty if the two cannot be compared. */
export function countLosses(result: Counted, committed: Counted): readonly CountLoss[] {
  if (!comparable(result, committed)) return [];
  return result.sections.flatMap(({ name: section, prices, subjects }) =>
    subjects
      .filter(({ ours }) => ours === true || prices === true)
      .flatMap(({ name, title, instructions }) =>
        (Object.keys(instructions) as LoadName[]).flatMap((load) => {
          const before = countOf(committed, section, name, load);
          const now = countOf(result, section, name, load);
          if (before === undefined || now === undefined || now.lowest <= before.median * (1 + noiseOf(load))) return [];
          return [{ section, load, subject: title, committed: before.median, counted: now.median }];
        }),
      ),
  );
}
