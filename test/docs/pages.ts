import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

export const ROOT = join(__dirname, '..', '..');

/** A fenced block of a page. */
export interface CodeBlock {
  readonly page: string;
  /** The fence's line, counted from 1. */
  readonly line: number;
  /** The word behind the fence, such as `ts`; empty for commands and output. */
  readonly language: string;
  readonly text: string;
}

/** The project's Markdown files, by their paths. */
export function pages(): readonly string[] {
  const listed = execFileSync('git', ['ls-files', '-z', '--cached', '--others', '--exclude-standard', '*.md'], {
    cwd: ROOT,
    encoding: 'utf8',
  });
  return listed.split('\0').filter((page) => page !== '');
}

export function readPage(page: string): string {
  return readFileSync(join(ROOT, page), 'utf8');
}

/** The fenced blocks of a page, also those inside lists, whose indentation is removed. */
export function codeBlocks(page: string): readonly CodeBlock[] {
  const text = readPage(page);
  return [...text.matchAll(/^( *)```(\w*)\n([\s\S]*?)\n?^ *```$/gm)].map((match) => ({
    page,
    line: text.slice(0, match.index).split('\n').length,
    language: match[2] ?? '',
    text: (match[3] ?? '').replaceAll(new RegExp(`^${match[1]}`, 'gm'), ''),
  }));
}
