/** A line of nginx.conf, or a block of lines. Lines include their semicolon or `#`. An empty string is a blank line. */
export type Line = string | Block;

export interface Block {
  readonly head: string;
  readonly lines: readonly Line[];
}

export function block(head: string, lines: readonly Line[]): Block {
  return { head, lines };
}

/** The lines as text, ending in a line feed. Indented by two spaces, since user-data is small. */
export function renderLines(lines: readonly Line[]): string {
  return `${flatten(lines, '').join('\n')}\n`;
}

function flatten(lines: readonly Line[], indent: string): readonly string[] {
  return lines.flatMap((line) => {
    if (typeof line === 'string') return [line === '' ? '' : indent + line];
    return [`${indent}${line.head} {`, ...flatten(line.lines, `${indent}  `), `${indent}}`];
  });
}
