import type { Problems } from './problems';
import { readRecord } from './read-object';

/** A header of answers: its name as written, and its value. */
export type Header = readonly [name: string, value: string];

/** A name of a header (RFC 9110, section 5.1), less the characters that nobody uses in one. */
const NAME = /^[a-z0-9][a-z0-9_-]{0,63}$/i;

/** Printable ASCII. A `$` would be the beginning of a variable to nginx, which knows no way to write the sign itself. */
const VALUE = /^[\x21-\x23\x25-\x7e]([\x20-\x23\x25-\x7e]{0,1022}[\x21-\x23\x25-\x7e])?$/;

/** Headers that carry the message itself, or that another prop is there for; with the reason. */
const NOT_TO_SET: Readonly<Record<string, string>> = {
  ...Object.fromEntries(
    [
      ...['connection', 'content-encoding', 'content-length', 'content-range', 'content-type', 'date', 'keep-alive'],
      ...['location', 'server', 'set-cookie', 'status', 'te', 'trailer', 'transfer-encoding', 'upgrade'],
    ].map((name) => [name, 'it belongs to the single answer, not to all of them']),
  ),
  'x-request-id': 'the gateway sets it on every answer',
  'retry-after': 'the gateway sets it where it refuses',
};

/** The headers to add to every answer, in the order of `value`. */
export function readHeaders(at: string, value: unknown, problems: Problems): readonly Header[] | undefined {
  if (value === undefined) return undefined;
  const rule = "must hold at least one header, such as { 'X-Frame-Options': 'DENY' }";
  const entries = readRecord(at, value, rule, problems);
  if (entries === undefined) return undefined;
  const seen = new Set<string>();
  return entries.flatMap(([name, text]): readonly Header[] => {
    const where = `${at}[${JSON.stringify(name)}]`;
    if (!checkName(where, name, problems)) return [];
    const lower = name.toLowerCase();
    const reason = Object.hasOwn(NOT_TO_SET, lower) ? NOT_TO_SET[lower] : undefined;
    if (reason !== undefined) problems.add(where, `must be left out: ${reason}`);
    if (seen.has(name.toLowerCase())) problems.add(where, 'must not be listed twice');
    seen.add(name.toLowerCase());
    if (typeof text === 'string' && VALUE.test(text)) return [[name, text]];
    problems.add(where, 'must be 1-1024 printable ASCII characters other than $, without a blank at either end', text);
    return [];
  });
}

/** A header cannot be added and hidden at the same place. */
export function checkBoth(
  at: string,
  headers: readonly Header[] = [],
  hidden: readonly string[] = [],
  problems: Problems,
): void {
  const added = headers.map(([name]) => name.toLowerCase());
  for (const [i, name] of hidden.entries()) {
    if (added.includes(name.toLowerCase()))
      problems.add(
        `${at}.hideHeaders[${i}]`,
        'must not be in headers too, which stand in place of what targets send',
        name,
      );
  }
}

/** The names of headers that clients should not get. */
export function readHiddenHeaders(at: string, value: unknown, problems: Problems): readonly string[] | undefined {
  if (value === undefined) return undefined;
  if (!Array.isArray(value) || value.length === 0) {
    problems.add(at, "must hold at least one name of a header, such as ['X-Application-Version']", value);
    return undefined;
  }
  return value.filter((name, i) => checkName(`${at}[${i}]`, name, problems));
}

function checkName(at: string, name: unknown, problems: Problems): boolean {
  if (typeof name === 'string' && NAME.test(name)) return true;
  problems.add(at, 'must be the name of a header: letters, digits, - and _, at most 64', name);
  return false;
}
