/** A line of nginx.conf, or a block of them. Lines carry their own semicolon or `#`; an empty one is a blank line. */
export type Line = string | Block;

export interface Block {
  readonly head: string;
  readonly lines: readonly Line[];
}

export function block(head: string, lines: readonly Line[]): Block {
  return { head, lines };
}

/** The lines as text, two spaces a level since user-data counts bytes, ending in a line feed. */
export function renderLines(lines: readonly Line[]): string {
  return `${flatten(lines, '').join('\n')}\n`;
}

function flatten(lines: readonly Line[], indent: string): readonly string[] {
  return lines.flatMap((line) => {
    if (typeof line === 'string') return [line === '' ? '' : indent + line];
    return [`${indent}${line.head} {`, ...flatten(line.lines, `${indent}  `), `${indent}}`];
  });
}
