import { readdirSync, readFileSync } from 'node:fs';
import { join, relative } from 'node:path';

const FOLDER = join(__dirname, 'corpus');

/** A configuration as somebody might have it, and its path in the folder. */
export interface Sample {
  readonly name: string;
  readonly path: string;
  readonly text: string;
}

/** All of them. A folder is one configuration, whose main file is `nginx.conf`. */
export function samples(): readonly Sample[] {
  return readdirSync(FOLDER, { withFileTypes: true, recursive: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .filter((path) => relative(FOLDER, path).split('/').length === 2 || path.endsWith('/nginx.conf'))
    .toSorted()
    .map((path) => ({ name: nameOf(path), path, text: readFileSync(path, 'utf8') }));
}

function nameOf(path: string): string {
  return relative(FOLDER, path)
    .replace(/\/nginx\.conf$/, '')
    .replace(/\.\w+$/, '')
    .replaceAll('/', '-');
}
