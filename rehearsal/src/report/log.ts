import { stripVTControlCharacters } from 'node:util';

/** Longest text of one file in a report, in characters. */
const LONGEST = 60_000;

/**
 * The end of a log for readers: without colours and other control characters, and with only the last state of lines
 * that are rewritten again and again (a progress bar).
 */
export function tail(log: string, lines: number): string {
  const all = stripVTControlCharacters(log)
    .split('\n')
    .map((line) => line.replace(/\r+$/, '').replace(/^.*\r/, ''))
    // biome-ignore lint/suspicious/noControlCharactersInRegex: those are what is meant
    .map((line) => line.replace(/[\u0000-\u0008\u000b-\u001f\u007f-\u009f]/g, '\u00b7'));
  while (all.at(-1) === '') all.pop();
  const last = all.slice(-lines).join('\n').slice(-LONGEST);
  const left = all.length - lines;
  return left > 0 ? `(${left} earlier lines are left out)\n${last}` : last;
}
