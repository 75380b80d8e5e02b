import { headingId } from '../../site/headings';

/** A link in a Markdown file that leads nowhere. */
export interface BrokenLink {
  readonly file: string;
  readonly line: number;
  readonly link: string;
  readonly why: string;
}

/** The project as the check sees it: the names of all files, and the text of the Markdown files. */
export interface MarkdownTree {
  readonly files: ReadonlySet<string>;
  readonly markdown: ReadonlyMap<string, string>;
}

/**
 * Relative links whose file or heading does not exist. Links to other sites are not checked: tests need no internet.
 */
export function brokenLinks(tree: MarkdownTree): BrokenLink[] {
  const folders = new Set([...tree.files].flatMap((file) => parentsOf(file)));
  return [...tree.markdown].flatMap(([file, text]) =>
    linksOf(text).flatMap(({ line, link }) => {
      const why = whyBroken(file, link, tree, folders);
      return why === undefined ? [] : [{ file, line, link, why }];
    }),
  );
}

function whyBroken(file: string, link: string, tree: MarkdownTree, folders: ReadonlySet<string>): string | undefined {
  if (/^[a-z][a-z0-9+.-]*:/i.test(link) || link.startsWith('//')) return undefined;
  const [target = '', heading] = decodeURIComponent(link).split('#', 2);
  const resolved = target === '' ? file : join(file, target);
  if (resolved === undefined) return 'it leads out of the project';
  if (!tree.files.has(resolved) && !folders.has(resolved)) return `there is no ${resolved}`;
  const text = tree.markdown.get(resolved);
  if (heading === undefined || text === undefined) return undefined;
  return headingIds(text).has(heading) ? undefined : `${resolved} has no heading #${heading}`;
}

/** Inline links, images and reference definitions, outside of code. */
export function linksOf(text: string): { line: number; link: string }[] {
  const found: { line: number; link: string }[] = [];
  for (const [index, raw] of proseLines(text).entries()) {
    const line = raw.replace(/(`+)(?!`).*?\1(?!`)/g, '');
    for (const match of line.matchAll(/\]\(<?([^)<>\s]+)>?(?:\s+"[^"]*")?\)|^\s{0,3}\[[^\]]+\]:\s*<?([^\s>]+)/g)) {
      found.push({ line: index + 1, link: match[1] ?? match[2] ?? '' });
    }
  }
  return found;
}

/** The ids that GitHub gives to headings: lower case, no punctuation, hyphens for spaces, repeated ones numbered. */
export function headingIds(text: string): Set<string> {
  const ids = new Set<string>();
  for (const line of proseLines(text)) {
    const title = /^#{1,6}\s+(.*?)\s*#*$/.exec(line)?.[1];
    if (title === undefined) continue;
    const plain = title.replace(/\[([^\]]*)\]\([^)]*\)/g, '$1').replace(/[`*]/g, '');
    const id = headingId(plain);
    let unique = id;
    for (let n = 1; ids.has(unique); n++) unique = `${id}-${n}`;
    ids.add(unique);
  }
  return ids;
}

/** The lines, with fenced code blanked. */
function proseLines(text: string): string[] {
  let fence: string | undefined;
  return text.split('\n').map((line) => {
    const marker = /^\s{0,3}(```+|~~~+)/.exec(line)?.[1];
    if (fence !== undefined) {
      if (marker?.startsWith(fence)) fence = undefined;
      return '';
    }
    fence = marker;
    return marker === undefined ? line : '';
  });
}

function parentsOf(file: string): string[] {
  const pieces = file.split('/').slice(0, -1);
  return pieces.map((_, index) => pieces.slice(0, index + 1).join('/')).concat('');
}

/** The project path of a link in `file`; undefined if it leaves the project. */
function join(file: string, target: string): string | undefined {
  const pieces = target.startsWith('/') ? [] : file.split('/').slice(0, -1);
  for (const piece of target.split('/')) {
    if (piece === '' || piece === '.') continue;
    if (piece !== '..') pieces.push(piece);
    else if (pieces.pop() === undefined) return undefined;
  }
  return pieces.join('/');
}
