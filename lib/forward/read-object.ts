import type { Problems } from './problems';

/**
 * What a prop holds that takes an object of named parts; anything else goes to `problems` and is undefined. A part that is not
 * known is told too: passed over in silence, it would be one that a team believes in.
 */
export function readObject<K extends string>(
  at: string,
  value: unknown,
  { parts, example }: { readonly parts: readonly K[]; readonly example: string },
  problems: Problems,
): Partial<Record<K, unknown>> | undefined {
  if (value === undefined) return undefined;
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    problems.add(at, `must be an object such as ${example}`, value);
    return undefined;
  }
  for (const part of Object.keys(value)) {
    if (!parts.includes(part as K)) problems.add(`${at}.${part}`, `must be one of ${parts.join(', ')}`);
  }
  return value as Partial<Record<K, unknown>>;
}
