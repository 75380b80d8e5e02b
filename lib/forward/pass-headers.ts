import { BLANKED } from '../nginx/blanked-headers';
import type { Problems } from './problems';

/** The names of blanked headers that reach the targets after all. */
export function readPassedHeaders(at: string, value: unknown, problems: Problems): readonly string[] | undefined {
  if (value === undefined) return undefined;
  if (!Array.isArray(value) || value.length === 0) {
    problems.add(at, "must hold at least one name of a header, such as ['X-HTTP-Method-Override']", value);
    return undefined;
  }
  const known = new Map(BLANKED.map((name) => [name.toLowerCase(), name]));
  return value.flatMap((name: unknown, i) => {
    const header = typeof name === 'string' ? known.get(name.toLowerCase()) : undefined;
    if (header === undefined)
      problems.add(`${at}[${i}]`, `must be a header that is otherwise taken out: ${BLANKED.join(', ')}`, name);
    return header ?? [];
  });
}

/** Answers to requests with such a header would be given to requests without it: it is not in a cache's key. */
export function checkPassedBesideCache(at: string, passed: readonly string[] | undefined, problems: Problems): void {
  if (passed === undefined) return;
  problems.add(
    `${at}.passHeaders`,
    'must be left out where answers are kept, which could be made for one client and given to others: write cache: false there',
    passed,
  );
}
