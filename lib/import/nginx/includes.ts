import { readdirSync, readFileSync, statSync } from 'node:fs';
import { basename, dirname, isAbsolute, join, relative, sep } from 'node:path';
import { ImportError } from '../imported';
import type { Ledger } from '../ledger';
import { type Directive, readDirectives } from './directives';

/** Files that come with nginx's packages, and say nothing about forwards. */
const PACKAGED =
  /^(mime\.types|koi-|win-utf|(fastcgi|uwsgi|scgi|proxy)(_params|\.conf|-php\.conf)?$|options-ssl-nginx|ssl-dhparams)|modules/;

const MOST_FILES = 2000;

/**
 * The directives of a file and of those that it includes. A relative path counts from the folder of `main`, as in nginx,
 * or from one of the two above, for a single file of sites-available. A path in /etc/nginx that is not there is looked for in
 * these folders too, for configurations that were copied.
 * @throws ImportError if a file cannot be read as nginx.conf
 */
export function readWithIncludes(main: string, text: string, ledger: Ledger): readonly Directive[] {
  const base = dirname(main);
  let files = 1;
  const expand = (directives: readonly Directive[], within: readonly string[]): readonly Directive[] =>
    directives.flatMap((one) => {
      if (one.body !== undefined) return [{ ...one, body: expand(one.body, within) }];
      if (one.name !== 'include' || one.args.length !== 1) return [one];
      const [pattern = ''] = one.args;
      const found = filesOf(pattern, base);
      if (found.length === 0) {
        if (PACKAGED.test(basename(pattern)) || pattern.includes('modules'))
          ledger.remark('own', one, "comes with nginx's packages, or certbot");
        else if (/[*?[]/.test(pattern)) ledger.remark('own', one, 'no file matches');
        else ledger.remark('lost', one, 'the file cannot be found');
        return [one];
      }
      ledger.take(one);
      return found.flatMap((file) => {
        if (within.includes(file)) throw new ImportError(one, 'a file includes itself');
        files += 1;
        if (files > MOST_FILES) throw new ImportError(one, `more than ${MOST_FILES} files are included`);
        return expand(readDirectives(readFileSync(file, 'utf8'), nameOf(file, main)), [...within, file]);
      });
    });
  return expand(readDirectives(text, main), [main]);
}

/** An included file as messages name it: beside the main file, as that one was named. */
function nameOf(file: string, main: string): string {
  const path = relative(dirname(main), file);
  return path.startsWith(`..${sep}`) ? file : join(dirname(main), path);
}

function filesOf(pattern: string, base: string): readonly string[] {
  const places = isAbsolute(pattern)
    ? [
        pattern,
        ...(pattern.startsWith(HOME) ? around(base).map((folder) => join(folder, pattern.slice(HOME.length))) : []),
      ]
    : around(base).map((folder) => join(folder, pattern));
  for (const place of places) {
    const found = glob(place).filter(isFile);
    if (found.length > 0) return found;
  }
  return [];
}

const HOME = '/etc/nginx/';

/** A file of sites-available stands one folder below nginx.conf, from whose folder paths count. */
function around(base: string): readonly string[] {
  return [base, join(base, '..'), join(base, '..', '..')];
}

/** The paths that match, in the order of their names. `*`, `?` and `[…]` stand for characters of one name. */
function glob(pattern: string): readonly string[] {
  const [root, ...names] = isAbsolute(pattern) ? ['/', ...pattern.split('/').slice(1)] : ['.', ...pattern.split('/')];
  return names.reduce<readonly string[]>(
    (folders, name) => {
      if (!/[*?[]/.test(name)) return folders.map((folder) => join(folder, name));
      const matches = matcher(name);
      return folders.flatMap((folder) =>
        list(folder)
          .filter((entry) => matches.test(entry) && (name.startsWith('.') || !entry.startsWith('.')))
          .toSorted()
          .map((entry) => join(folder, entry)),
      );
    },
    [root ?? '.'],
  );
}

function matcher(name: string): RegExp {
  const text = name
    .replaceAll(/[.+^${}()|\\]/g, '\\$&')
    .replaceAll('*', '.*')
    .replaceAll('?', '.');
  try {
    return new RegExp(`^${text.replaceAll('[!', '[^')}$`);
  } catch {
    // A lone bracket is no pattern.
    return new RegExp(`^${text.replaceAll(/[[\]]/g, '\\$&')}$`);
  }
}

function list(folder: string): readonly string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}

function isFile(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isFile() === true;
}
