import { wordsOf } from '../../../lib/import/rules/words';

/**
 * A request or connection that a configuration of test/host/import is compared by. A comment of the configuration says it:
 * `#= ASK` is answered alike by the forwards, `#! DIRECTIVE | ASK` is not, and the importer says so of the directive (of several: `ONE & OTHER`).
 * `*3` at its end: three times.
 */
export interface Ask {
  readonly words: readonly string[];
  /** How the directives or rules begin that the importer names. Empty: both answer alike. */
  readonly because: readonly string[];
}

/** What the comments of a configuration say. */
export interface Asked {
  readonly asks: readonly Ask[];
  /** `#? DIRECTIVE: REASON`: how remarks begin that no request can show. */
  readonly hidden: readonly string[];
}

export function readAsks(text: string): Asked {
  const lines = text.split('\n');
  const asks = lines.flatMap((line): readonly Ask[] => {
    const match = /^#(?:=|! (.*?) \|) (.*)$/.exec(line);
    if (match === null) return [];
    const [, because, ask = ''] = match;
    const words = wordsOf(ask);
    const times = /^\*(\d+)$/.exec(words.at(-1) ?? '')?.[1];
    const one = { words: times === undefined ? words : words.slice(0, -1), because: because?.split(' & ') ?? [] };
    return Array.from({ length: Number(times ?? 1) }, () => one);
  });
  return { asks, hidden: lines.flatMap((line) => /^#\? ([^:]*):/.exec(line)?.[1] ?? []) };
}
