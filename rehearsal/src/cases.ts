import { existsSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import type { RehearsalCase } from './case';

/** The cases: one folder each, with a case.ts. */
export const CASES = resolve(__dirname, '../cases');

/** The cases of a rehearsal without `--case`, in this order. */
export const DEFAULT_CASES: readonly string[] = ['first-boot', 'reboot', 'change'];

export interface NamedCase {
  /** Its folder's name. */
  readonly name: string;
  readonly case: RehearsalCase;
}

/**
 * All cases of a folder: the default ones first, then by name. @throws Error naming a file that does not define a case
 */
export async function loadCases(folder = CASES): Promise<readonly NamedCase[]> {
  const entries = await readdir(folder, { withFileTypes: true });
  const names = entries
    .filter((entry) => entry.isDirectory() && existsSync(join(folder, entry.name, 'case.ts')))
    .map(({ name }) => name)
    .sort();
  const first = DEFAULT_CASES.filter((name) => names.includes(name));
  return [...first, ...names.filter((name) => !first.includes(name))].map((name) => load(folder, name));
}

function load(folder: string, name: string): NamedCase {
  const file = join(folder, name, 'case.ts');
  const { default: found } = require(file) as { default?: Partial<RehearsalCase> };
  if (typeof found?.about !== 'string' || !Array.isArray(found.steps) || found.steps.length === 0)
    throw new Error(`${file} must have a RehearsalCase with about and steps as its default export`);
  return { name, case: found as RehearsalCase };
}

/**
 * The named cases, in the order of `all`. The name `all` selects every case; no name selects the default ones.
 * @throws Error naming unknown cases, with the known ones
 */
export function chooseCases(all: readonly NamedCase[], names: readonly string[]): readonly NamedCase[] {
  const wanted = names.length === 0 ? DEFAULT_CASES : names;
  const unknown = wanted.filter((name) => name !== 'all' && !all.some((one) => one.name === name));
  if (unknown.length > 0)
    throw new Error(
      `--case must be all, or one of ${all.map(({ name }) => name).join(', ')}, got: ${unknown.join(', ')}`,
    );
  return wanted.includes('all') ? all : all.filter(({ name }) => wanted.includes(name));
}

/** Cases that can share one gateway. */
export interface CaseGroup {
  /** Undefined: for any stack. */
  readonly versions: RehearsalCase['versions'];
  /** Set where they are about a fleet. */
  readonly fleet: RehearsalCase['fleet'];
  readonly cases: readonly NamedCase[];
}

/**
 * Groups cases with the same stack, so that they share a boot. A case that leaves the gateway changed runs after those that do
 * not. Each gateway has at most one such case, followed by any number with `takesAny`.
 */
export function groupCases(cases: readonly NamedCase[]): readonly CaseGroup[] {
  const stacks: (Pick<CaseGroup, 'versions' | 'fleet'> & { cases: NamedCase[] })[] = [];
  for (const one of cases) {
    const { versions, fleet } = one.case;
    const same = stacks.find((stack) => isDeepStrictEqual([stack.versions, stack.fleet], [versions, fleet]));
    if (same) same.cases.push(one);
    else stacks.push({ versions, fleet, cases: [one] });
  }
  return stacks.flatMap(({ versions, fleet, cases: own }) => {
    const changing = own.filter(({ case: { leavesChanged } }) => leavesChanged);
    const [last = [], ...others] = changing.filter(({ case: { takesAny } }) => !takesAny).map((one) => [one]);
    const first = [
      ...own.filter(({ case: { leavesChanged } }) => !leavesChanged),
      ...last,
      ...changing.filter(({ case: { takesAny } }) => takesAny),
    ];
    return [first, ...others].map((together) => ({ versions, fleet, cases: together }));
  });
}
