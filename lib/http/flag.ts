import type { Problems } from '../forward/problems';

/** A prop that is true or false. Undefined if it is unset, or neither. */
export function readFlag(at: string, value: unknown, problems: Problems): boolean | undefined {
  if (value === undefined || typeof value === 'boolean') return value;
  problems.add(at, 'must be true or false', value);
  return undefined;
}

/** An object without its undefined values, which would hide inherited ones. */
export function set<T extends object>(values: T): { [K in keyof T]?: Exclude<T[K], undefined> } {
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined)) as never;
}
