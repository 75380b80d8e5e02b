/** Lines that are in one text and not in the other, in their order. */
export interface LineChanges {
  readonly gone: readonly string[];
  readonly come: readonly string[];
}

/** The most lines shown of each side. */
const SHOWN = 6;

/** Compares lines as a multiset: moved lines are no change. */
export function compareLines(before: readonly string[], after: readonly string[]): LineChanges {
  return { gone: without(before, after), come: without(after, before) };
}

/**
 * A file's changed lines as text, each with its sign; the first of many. Comments are left out.
 */
export function showFile(path: string, before: readonly string[], after: readonly string[]): readonly string[] {
  const name = path.replace(/.*\//, '');
  const { gone, come } = compareLines(before, after);
  const [old, now] = [told(gone), told(come)];
  if (old.length + now.length === 0) return [];
  if (told(after).length === 0) return [`no more in ${name}`];
  if (told(before).length === 0) return [`new in ${name}`];
  return [`${name}:`, ...shown('-', old), ...shown('+', now)];
}

/** Changed lines as text, each with its sign; the first of many. */
export function showLines({ gone, come }: LineChanges): readonly string[] {
  return [...shown('-', told(gone)), ...shown('+', told(come))];
}

/** Lines of brackets and comments, and what each table and each set has. */
const FRAME = /^([\s{}]*|#( .*)?|\*\w+|COMMIT|(type|flags) .*|auto-merge|counter|elements = \{)$/;

function told(lines: readonly string[]): readonly string[] {
  return lines.map((line) => line.trim()).filter((line) => !FRAME.test(line));
}

function shown(sign: string, lines: readonly string[]): readonly string[] {
  const first = lines.slice(0, SHOWN).map((line) => `${sign} ${line}`);
  return lines.length > SHOWN ? [...first, `${sign} and ${lines.length - SHOWN} more lines`] : first;
}

function without(lines: readonly string[], others: readonly string[]): readonly string[] {
  const left = new Map<string, number>();
  for (const line of others) left.set(line, (left.get(line) ?? 0) + 1);
  return lines.filter((line) => {
    const count = left.get(line) ?? 0;
    left.set(line, count - 1);
    return count <= 0;
  });
}
