import Table from 'cli-table3';

/** Blanks between columns. */
const GAP = 2;

/**
 * A table for terminals: a rule below the header, none between rows. A column is as wide as its longest line, and at most as
 * `widths` says, where its cells wrap.
 */
export function plainTable(
  head: readonly string[],
  rows: readonly (readonly string[])[],
  widths?: readonly number[],
): string {
  const longest = (i: number) =>
    Math.max(...[head, ...rows].flatMap((row) => (row[i] ?? '').split('\n').map((line) => line.length)));
  const table = new Table({
    head: [...head],
    style: { head: [], border: [], 'padding-left': 0, 'padding-right': GAP },
    chars: {
      ...{
        top: '',
        'top-mid': '',
        'top-left': '',
        'top-right': '',
        bottom: '',
        'bottom-mid': '',
        'bottom-left': '',
        'bottom-right': '',
      },
      ...{ left: '', 'left-mid': '', mid: '', 'mid-mid': '', right: '', 'right-mid': '', middle: '' },
    },
    ...(widths === undefined
      ? {}
      : { colWidths: widths.map((most, i) => Math.min(most, longest(i) + GAP)), wordWrap: true }),
  });
  table.push(
    head.map((title) => '-'.repeat(title.length)),
    ...rows.map((row) => [...row]),
  );
  return table
    .toString()
    .split('\n')
    .map((line) => line.trimEnd())
    .join('\n');
}
