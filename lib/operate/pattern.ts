import { textOf } from '../plan/change/template';

/** A placeholder in a line of the template: matches any text, including none. */
export const UNKNOWN = '\u0000';

/** A text of the template by lines; {@link UNKNOWN} stands for values known only at deploy time. */
export function linesOf(value: unknown): readonly string[] {
  return textOf(value, () => UNKNOWN).split('\n');
}

/** Whether a line is as the template has it. */
export function lineMatches(must: string, is: string): boolean {
  return must === is || (must.includes(UNKNOWN) && hasParts(must.split(UNKNOWN), is));
}

/** Whether all lines are as the template has them. */
export function linesMatch(must: readonly string[], is: readonly string[]): boolean {
  return must.length === is.length && must.every((line, i) => lineMatches(line, is[i] ?? ''));
}

/** Whether the line consists of these parts in order, with any text between them. */
function hasParts([first = '', ...rest]: readonly string[], line: string): boolean {
  if (!line.startsWith(first)) return false;
  let at = first.length;
  for (const part of rest.slice(0, -1)) {
    const next = line.indexOf(part, at);
    if (next < 0) return false;
    at = next + part.length;
  }
  const last = rest.at(-1) ?? '';
  return line.length - last.length >= at && line.endsWith(last);
}
