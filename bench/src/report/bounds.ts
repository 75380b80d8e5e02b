import type { Bound } from '../model';
import type { LoadResult, Result } from '../result';
import { figureSpread, ratioSpread, type Spread } from './statistics';

/** A bound and what was measured for it. */
export interface Verdict {
  readonly bound: Bound;
  readonly measured: Spread;
  /** The number that was compared with the bound. */
  readonly value: number;
  readonly holds: boolean;
}

/** All bounds of what was measured. Bounds of contenders that did not take part are left out. */
export function verdicts(result: Result): readonly Verdict[] {
  return result.scenarios.flatMap(({ loads }) =>
    loads.flatMap((load) => load.bounds.flatMap((b) => judge(load, b) ?? [])),
  );
}

function judge(load: LoadResult, bound: Bound): Verdict | undefined {
  const { contender, against, figure, atLeast = -Infinity, atMost = Infinity, every } = bound;
  const measured =
    against === undefined ? figureSpread(load, contender, figure) : ratioSpread(load, contender, against, figure);
  if (measured === undefined) return undefined;
  const worst = bound.atMost === undefined ? measured.lowest : measured.highest;
  const value = every ? worst : measured.median;
  return { bound, measured, value, holds: value >= atLeast && value <= atMost };
}
