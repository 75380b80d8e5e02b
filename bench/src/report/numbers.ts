import type { Spread } from './statistics';

/** A number with as many digits as readers can use: 12,345 or 0.93. */
export function number(value: number): string {
  if (Number.isInteger(value) || Math.abs(value) >= 100) return Math.round(value).toLocaleString('en');
  return value.toFixed(2);
}

/** The median, with the lowest and the highest value. */
export function range({ median, lowest, highest }: Spread): string {
  return `${number(median)} (${number(lowest)} to ${number(highest)})`;
}
