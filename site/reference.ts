import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Group } from './sidebar';

/** Where TypeDoc lays its pages (`npm run reference`). */
const FOLDER = join(import.meta.dirname, '.reference');

/** The kinds of TypeDoc's pages, by the beginning of their file names, in the sidebar's order. */
const KINDS = { Class: 'Classes', Function: 'Functions', Interface: 'Interfaces', TypeAlias: 'Types' } as const;

/** The pages of the API reference: file name without its ending, and text. */
export function referencePages(): readonly { readonly page: string; readonly text: string }[] {
  const files = readdirSync(FOLDER).filter((file) => file.endsWith('.md'));
  if (files.length < 20) throw new Error(`the API reference has ${files.length} pages: run npm run reference`);
  return files.map((file) => ({ page: file.replace(/\.md$/, ''), text: readFileSync(join(FOLDER, file), 'utf8') }));
}

/** The sidebar of the API reference. */
export function referenceSidebar(): Group[] {
  const pages = referencePages().map(({ page }) => page);
  return Object.entries(KINDS).map(([kind, text]) => ({
    text,
    items: pages
      .filter((page) => page.startsWith(`${kind}.`))
      .map((page) => ({ text: page.slice(kind.length + 1), link: `/reference/${page}` })),
  }));
}
