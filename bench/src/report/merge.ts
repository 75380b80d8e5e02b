import { isDeepStrictEqual } from 'node:util';
import type { Result } from '../result';

/**
 * What is committed after a run: the run itself, and the committed results of scenarios that it left out, in the order
 * of `names`. A run of all scenarios replaces everything.
 * @throws Error if the two do not go together, since machine, packages or pace differ
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
