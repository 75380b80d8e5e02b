import { posix } from 'node:path';

/** Folders with no pages for readers. They are not searched for Markdown either. */
export const NO_PAGES = ['assets', 'bench', 'bin', 'cdk.out', 'coverage', 'lib', 'rehearsal', 'scripts', 'test'];

/** Documents at the top of the project that are pages, and their place in the site. */
const AT_THE_TOP: Readonly<Record<string, string>> = {
  'README.md': 'index.md',
  'README.ko.md': 'ko/index.md',
  'docs/README.md': 'documents.md',
  'CHANGELOG.md': 'changelog.md',
  'CONTRIBUTING.md': 'contribute.md',
  'SECURITY.md': 'security.md',
  'CODE_OF_CONDUCT.md': 'code-of-conduct.md',
};

/**
 * Where a Markdown file of the project stands in the site: `docs/nat.md` is `nat.md`, a folder's `README.md` is its `index.md`.
 *
 * @param file relative to the project, with slashes
 */
export function pageOf(file: string): string {
  const top = AT_THE_TOP[file];
  if (top !== undefined) return top;
  return file.replace(/^(docs|site)\//, '').replace(/(^|\/)README\.md$/, '$1index.md');
}

/** What becomes of a link: an address, or undefined where the site has nothing that it could lead to. */
export type Address = string | undefined;

/**
 * The address in the site of what a page links to. Documents link to files beside them, as GitHub shows them: other documents are
 * pages of the site; any other file stands in the repository.
 *
 * @param page the file with the link, relative to the project
 * @param repository the repository's web address, if it is known
 */
export function addressOf(page: string, link: string, repository: string | undefined): Address {
  if (/^[a-z][a-z0-9+.-]*:|^\/\//i.test(link) || link.startsWith('#')) return link;
  const [target = '', heading] = link.split('#', 2);
  const file = target.startsWith('/') ? target.slice(1) : posix.join(posix.dirname(page), target);
  const anchor = heading === undefined ? '' : `#${heading}`;
  if (file.endsWith('.md')) return `/${pageOf(file).replace(/(^|\/)index\.md$/, '$1')}${anchor}`;
  return repository === undefined ? undefined : `${repository}/blob/HEAD/${file.replace(/\/$/, '')}${anchor}`;
}
