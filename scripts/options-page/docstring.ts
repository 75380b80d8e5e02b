import type { JSDoc, JSDocableNode } from 'ts-morph';

/** What the docstring of a prop says. */
export interface Docstring {
  readonly text: string;
  /** `@default`. */
  readonly standard?: string;
  /** `@refused`: what the stack's checks reject, besides values of the wrong type or out of range. */
  readonly refused?: string;
  /** `@see` tags: pages of this project (`docs/tls.md#hsts`) and URLs. */
  readonly see: readonly string[];
}

export function readDocstring(node: JSDocableNode): Docstring | undefined {
  const doc = node.getJsDocs().at(-1);
  if (doc === undefined) return undefined;
  const [standard] = tags(doc, 'default');
  const [refused] = tags(doc, 'refused');
  return {
    text: oneLine(doc.getDescription()),
    ...(standard === undefined ? {} : { standard }),
    ...(refused === undefined ? {} : { refused }),
    see: tags(doc, 'see'),
  };
}

/** The table on the page for a prop, or for the props of a type. */
export function readCategory(node: JSDocableNode): string | undefined {
  return node.getJsDocs().flatMap((doc) => tags(doc, 'category'))[0];
}

function tags(doc: JSDoc, name: string): string[] {
  return doc
    .getTags()
    .filter((tag) => tag.getTagName() === name)
    .map((tag) =>
      oneLine(
        tag
          .getText()
          .replace(/^@\w+/, '')
          .replaceAll(/^\s*\*(?!\*)/gm, ''),
      ),
    );
}

/** List items become sentences of the paragraph. */
function oneLine(text: string): string {
  return text
    .replaceAll(/^\s*- /gm, '')
    .replaceAll(/\s+/g, ' ')
    .trim();
}
