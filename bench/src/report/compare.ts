import type { Figure } from '../model';
import type { LoadResult, Result, ScenarioResult } from '../result';
import { ratioSpread, type Spread } from './statistics';

/** A ratio of Portway's that is worse than in the committed run, in every round. */
export interface Loss {
  readonly scenario: string;
  readonly load: string;
  readonly figure: string;
  readonly contender: string;
  readonly against: string;
  readonly before: Spread;
  readonly now: Spread;
}

/** The smallest difference of medians that is reported: less does not matter, however certain it is. */
const RELEVANT = 0.02;

/**
 * What got worse since the committed run, relative to the other contenders of the same run: machines and days differ,
 * ratios much less. It counts as lost only if every round now is worse than every round then.
 */
export function losses(now: Result, before: Result): readonly Loss[] {
  return now.scenarios.flatMap((scenario) => {
    const then = before.scenarios.find(({ name }) => name === scenario.name);
    if (then === undefined) return [];
    return scenario.loads.flatMap((load) => {
      const committed = then.loads.find(({ name }) => name === load.name);
      return committed === undefined ? [] : lossesOf(scenario, load, committed);
    });
  });
}

/** How many ratios could be compared. */
export function comparisons(now: Result, before: Result): number {
  return now.scenarios.reduce((sum, scenario) => {
    const then = before.scenarios.find(({ name }) => name === scenario.name);
    return (
      sum +
      scenario.loads.reduce((all, load) => {
        const committed = then?.loads.find(({ name }) => name === load.name);
        return committed === undefined ? all : all + pairs(scenario, load, committed).length;
      }, 0)
    );
  }, 0);
}

type Pair = Omit<Loss, 'scenario' | 'load'> & { readonly better: Figure['better'] };

function pairs(scenario: ScenarioResult, load: LoadResult, committed: LoadResult): readonly Pair[] {
  return scenario.contenders
    .filter(({ ours }) => ours)
    .flatMap((own) =>
      scenario.contenders
        .filter((other) => other !== own)
        .flatMap((other) =>
          load.figures.flatMap(({ name: figure, better, aside }) => {
            if (aside) return [];
            const before = ratioSpread(committed, own.name, other.name, figure);
            const now = ratioSpread(load, own.name, other.name, figure);
            if (before === undefined || now === undefined) return [];
            return [{ figure, better, contender: own.name, against: other.name, before, now }];
          }),
        ),
    );
}

function lossesOf(scenario: ScenarioResult, load: LoadResult, committed: LoadResult): readonly Loss[] {
  return pairs(scenario, load, committed)
    .filter(({ better, before, now }) => {
      if (better === 'higher') return now.highest < before.lowest && now.median < before.median * (1 - RELEVANT);
      return now.lowest > before.highest && now.median > before.median * (1 + RELEVANT);
    })
    .map(({ better: _, ...pair }) => ({ scenario: scenario.name, load: load.name, ...pair }));
}
