import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { pageOf } from './pages';

/** The pages by subject, in reading order. A folder stands for its pages: README.md first, then the others by name. */
export const SUBJECTS: readonly { readonly title: string; readonly files: readonly string[] }[] = [
  {
    title: 'Start',
    files: ['README.md', 'docs/README.md', 'docs/features.md', 'docs/comparison.md', 'docs/limits.md'],
  },
  {
    title: 'Use it',
    files: ['docs/options.md', 'examples/README.md', 'docs/recipes/', 'docs/in-your-app.md', 'docs/import.md'],
  },
  {
    title: 'Operate',
    files: [
      'docs/operations/',
      'docs/monitoring/',
      'docs/fleet.md',
      'docs/capacity.md',
      'docs/operating-systems.md',
      'docs/rehearsal.md',
    ],
  },
  {
    title: 'Understand',
    files: [
      ...['docs/how-it-works.md', 'docs/packets.md', 'docs/nat.md', 'docs/delivery.md', 'docs/tls.md'],
      ...['docs/applications.md', 'docs/performance.md'],
    ],
  },
  {
    title: 'Contribute',
    files: [
      'CONTRIBUTING.md',
      'docs/contributing/',
      'docs/tests.md',
      'SECURITY.md',
      'CODE_OF_CONDUCT.md',
      'CHANGELOG.md',
    ],
  },
  { title: 'Decisions', files: ['docs/decisions/'] },
];

/** What the sidebar shows: a group of links. */
export interface Group {
  readonly text: string;
  readonly collapsed?: boolean;
  readonly items: { readonly text: string; readonly link: string }[];
}

/**
 * The sidebar, with each page by its own heading.
 *
 * @param files the project's Markdown files
 * @throws Error for a page without a heading
 */
export function sidebar(root: string, files: readonly string[]): Group[] {
  return SUBJECTS.map(({ title, files: wanted }) => ({
    text: title,
    ...(title === 'Decisions' ? { collapsed: true } : {}),
    items: wanted
      .flatMap((one) => pagesOf(one, files))
      .map((file) => ({
        text: heading(readFileSync(join(root, file), 'utf8'), file),
        link: `/${pageOf(file).replace(/(^|\/)index\.md$/, '$1')}`,
      })),
  }));
}

/** The pages that an entry stands for. */
export function pagesOf(entry: string, files: readonly string[]): readonly string[] {
  if (!entry.endsWith('/')) return [entry];
  const own = files.filter((file) => file.startsWith(entry)).toSorted();
  return [...own.filter((file) => file.endsWith('/README.md')), ...own.filter((file) => !file.endsWith('/README.md'))];
}

function heading(text: string, file: string): string {
  const found = /^# (.+)$/m.exec(text)?.[1];
  if (found === undefined) throw new Error(`${file} must begin with a heading, since the sidebar shows it`);
  return found;
}
