import type { Problems } from './problems';

/** A whole number within bounds, both included. Undefined if it is unset or, which is reported, anything else. */
export function readWhole(
  at: string,
  value: unknown,
  bounds: { readonly from: number; readonly to: number; readonly required?: true },
  problems: Problems,
): number | undefined {
  if (value === undefined && bounds.required !== true) return undefined;
  if (typeof value === 'number' && Number.isInteger(value) && value >= bounds.from && value <= bounds.to) return value;
  problems.add(at, `must be a whole number of ${bounds.from}-${bounds.to}`, value);
  return undefined;
}

/** `true` or `false`. Undefined if it is unset or, which is reported, anything else. */
export function readFlag(at: string, value: unknown, problems: Problems): boolean | undefined {
  if (value === undefined || typeof value === 'boolean') return value;
  problems.add(at, 'must be true or false', value);
  return undefined;
}

/**
 * One of a few words. Undefined if it is unset or, which is reported, anything else.
 * @param where ends the rule, such as " for HTTP"
 */
export function readOneOf<T extends string>(
  at: string,
  value: unknown,
  known: readonly T[],
  problems: Problems,
  where = '',
): T | undefined {
  const found = known.find((one) => one === value);
  if (found === undefined && value !== undefined)
    problems.add(at, `must be ${known.slice(0, -1).join(', ')} or ${known.at(-1)}${where}`, value);
  return found;
}
