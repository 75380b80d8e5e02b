import { isDeepStrictEqual } from 'node:util';
import type { Result } from '../result';

/**
 * What is committed after a run: the run, and of the committed one the scenarios that the run left out, in the order of `names`. A run of
 * all of them stands alone.
 * @throws Error when they cannot stand side by side, since machine, packages or pace differ
 */
export function merged(committed: Result | undefined, run: Result, names: readonly string[]): Result {
  const others = (committed?.scenarios ?? []).filter(
    ({ name }) => names.includes(name) && !run.scenarios.some((s) => s.name === name),
  );
  if (committed === undefined || others.length === 0) return run;
  for (const what of ['machine', 'versions', 'pace'] as const) {
    if (!isDeepStrictEqual(run[what], committed[what]))
      throw new Error(
        `--record of some scenarios must have the same ${what} as the committed run (${JSON.stringify(committed[what])}), got: ${JSON.stringify(run[what])}; record all of them`,
      );
  }
  const place = ({ name }: { readonly name: string }) => names.indexOf(name);
  return { ...run, scenarios: [...others, ...run.scenarios].sort((a, b) => place(a) - place(b)) };
}
