import type { Problems } from './problems';

/** A whole number within its bounds, both included; anything else goes to `problems` and is undefined. */
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
