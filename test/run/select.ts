import type { Part } from './part';

/**
 * The parts that `--only` and `--skip` leave, in their own order. Nightly parts must be named, unless all are `listed`.
 * @throws if a name is neither a part nor a group, or if nothing is left
 */
export function select(
  parts: readonly Part[],
  only: readonly string[],
  skip: readonly string[],
  listed = false,
): Part[] {
  const names = new Set(parts.flatMap((part) => [part.name, ...(part.groups ?? [])]));
  const unknown = [...only, ...skip].filter((name) => !names.has(name));
  if (unknown.length > 0) {
    throw new Error(`--only and --skip must name parts (${[...names].join(', ')}), got: ${unknown.join(', ')}`);
  }
  const matches = (part: Part, wanted: readonly string[]) =>
    wanted.some((name) => name === part.name || part.groups?.includes(name));
  const wanted = (part: Part) => (only.length === 0 ? listed || part.nightly !== true : matches(part, only));
  const selected = parts.filter((part) => wanted(part) && !matches(part, skip));
  if (selected.length === 0) throw new Error('--only and --skip together leave no part to run');
  return selected;
}

/** Splits `a,b c`, as given to --only. */
export function namesOf(value: string, previous: readonly string[] = []): string[] {
  return [...previous, ...value.split(/[,\s]+/).filter(Boolean)];
}
