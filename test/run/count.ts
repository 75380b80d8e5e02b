import type { Outcome, Skip } from './part';

/** A part that has ended. */
export interface PartResult {
  readonly name: string;
  readonly outcome: Outcome;
  readonly seconds: number;
  /** The file with its output; undefined if it never started. */
  readonly log?: string;
}

export interface Counts {
  readonly passed: number;
  readonly failed: number;
  readonly skipped: number;
}

/**
 * What a part's outcome counts as. A part that ran nothing has failed: that is what a wrong path or a filter without
 * matches looks like, and it must not look like success.
 */
export function judged(outcome: Outcome): Outcome {
  if (outcome.passed + outcome.failed + outcome.skips.length > 0) return outcome;
  return { ...outcome, failed: 1, notes: [...(outcome.notes ?? []), 'it ran no test at all'] };
}

export function totals(results: readonly PartResult[]): Counts {
  const sum = (of: (outcome: Outcome) => number) => results.reduce((total, { outcome }) => total + of(outcome), 0);
  return { passed: sum((o) => o.passed), failed: sum((o) => o.failed), skipped: sum((o) => o.skips.length) };
}

/** The very last line of a run. */
export function closingLine({ passed, failed, skipped }: Counts): string {
  return `${passed} passed, ${failed} failed, ${skipped} skipped`;
}

/** 0 only when something passed and nothing failed. */
export function exitCode(counts: Counts): number {
  return counts.failed === 0 && counts.passed > 0 ? 0 : 1;
}

/** Skips grouped by reason: the reason, and the names of the tests. */
export function skipsByReason(results: readonly PartResult[]): Map<string, string[]> {
  const byReason = new Map<string, string[]>();
  for (const { name: part, outcome } of results) {
    for (const { name, reason } of outcome.skips satisfies readonly Skip[]) {
      const full = name === part ? part : `${part}: ${name}`;
      byReason.set(reason, [...(byReason.get(reason) ?? []), full]);
    }
  }
  return byReason;
}
