import type { Problems } from './problems';

/**
 * A whole number within bounds, both included. Anything else is reported to `problems`, and the result is undefined.
 */
export function readWhole(
  at: string,
  value: unknown,
  bounds: { readonly from: number; readonly to: number },
  problems: Problems,
): number | undefined {
  if (typeof value === 'number' && Number.isInteger(value) && value >= bounds.from && value <= bounds.to) return value;
  problems.add(at, `must be a whole number of ${bounds.from}-${bounds.to}`, value);
  return undefined;
}
