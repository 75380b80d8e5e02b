import type { Remark } from '../../../lib/import/imported';
import { type Answer, differences } from './import-answers';
import type { Asked } from './import-asks';

type Answers = readonly (Answer | undefined)[];

/** Where the answers of the original and of the forwards, and the importer's remarks, do not agree. All are empty if they do. */
export interface Verdict {
  readonly differsUnsaid: readonly string[];
  readonly saidToDiffer: readonly string[];
  readonly notNamed: readonly string[];
  readonly namedInVain: readonly string[];
}

export const AGREED: Verdict = { differsUnsaid: [], saidToDiffer: [], notNamed: [], namedInVain: [] };

export function judge(asked: Asked, remarks: readonly Remark[], original: Answers, ours: Answers): Verdict {
  const found = asked.asks.map(({ words, because }, i) => ({
    ask: words.join(' '),
    because,
    differs: differences(original[i], ours[i], words[0] ?? ''),
  }));
  const differing = found.filter(({ differs }) => differs.length > 0);
  // Of what is asked several times, not each answer must differ.
  const asDifferent = new Set(differing.map(({ ask }) => ask));
  const names = [...new Set(asked.asks.flatMap(({ because }) => because))];
  return {
    differsUnsaid: differing
      .filter(({ because }) => because.length === 0)
      .map(({ ask, differs }) => `${ask}: ${differs.join('; ')}`),
    saidToDiffer: found.filter(({ because, ask }) => because.length > 0 && !asDifferent.has(ask)).map(({ ask }) => ask),
    notNamed: names.filter((words) => !remarks.some((remark) => isAbout(words, remark))),
    namedInVain: remarks
      .filter((remark) => remark.fate !== 'own')
      .filter((remark) => ![...names, ...asked.hidden].some((words) => isAbout(words, remark)))
      .map(({ fate, text, why }) => `${fate} ${text}: ${why}`),
  };
}

/** Whether a comment's words are the beginning of a remark: of the directive, or of the directive and what is said of it. */
function isAbout(words: string, { text, why }: Remark): boolean {
  return `${text}: ${why}`.startsWith(words);
}
