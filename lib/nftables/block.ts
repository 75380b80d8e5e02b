/** One entry of a set, with the comment that `nft list` shows beside it. */
export interface Element {
  readonly key: string;
  readonly comment?: string;
}

export interface SetProps {
  /** The type of its elements, such as `inet_proto . inet_service`. */
  readonly type: string;
  /** Further lines, such as `flags interval`. */
  readonly lines?: readonly string[];
  /** Default: none, and nothing about them is written: packets add them. */
  readonly elements?: readonly Element[];
}

/** A named set of a table, with one element a line, so that a changed element is a changed line. */
export function renderSet(name: string, { type, lines = [], elements }: SetProps): string {
  const head = [`type ${type}`, ...lines].map((line) => `    ${line}`);
  const entries = elements?.map(
    ({ key, comment }) => `      ${key}${comment === undefined ? '' : ` comment "${comment}"`},`,
  );
  const listed = entries === undefined ? [] : ['    elements = {', ...entries, '    }'];
  return [`  set ${name} {`, ...head, ...listed, '  }', ''].join('\n');
}

/** A chain; `why` is a comment of one or more lines before it. */
export function renderChain(name: string, lines: readonly string[], why: readonly string[] = []): string {
  return [
    ...why.map((line) => `  # ${line}`),
    `  chain ${name} {`,
    ...lines.map((line) => `    ${line}`),
    '  }',
    '',
  ].join('\n');
}
