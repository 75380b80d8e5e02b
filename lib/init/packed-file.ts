import { existsSync, readFileSync } from 'node:fs';
import { join, relative, resolve } from 'node:path';

/** What is installed where nobody knows better: `npm pack` makes it, since the package is not published yet. */
const ANYWHERE = './portway-*.tgz';

/**
 * The package's file, as a path that npm takes in the folder of a new app: the one that this command was installed from.
 *
 * @param from a folder of the running package
 */
export function packedFile(folder: string, from = __dirname): string {
  // The first folder of that name: pnpm has another one further down.
  const app = /^(.*?)[\\/]node_modules[\\/]/.exec(from)?.[1];
  if (app === undefined) return ANYWHERE;
  const file = /^file:(.*\.tgz)$/.exec(wanted(app) ?? '')?.[1];
  if (file === undefined) return ANYWHERE;
  const path = relative(resolve(folder), resolve(app, file));
  return shellWord(path.startsWith('.') ? path : `./${path}`);
}

/**
 * The command that makes the package's file in the folder of a new app. Undefined if this command is installed, so that
 * the file is there already.
 *
 * @param from a folder of the running package: in a clone of the repository, that of this file
 */
export function packCommand(folder: string, from = __dirname): string | undefined {
  const clone = join(from, '..', '..');
  if (!existsSync(join(clone, 'bin', 'portway.ts'))) return undefined;
  const what = relative('.', clone);
  // npm takes a bare name for a package of the registry.
  const words = [what === '' ? '' : shellWord(/^[./]/.test(what) ? what : `./${what}`)];
  if (resolve(folder) !== resolve('.')) words.push('--pack-destination', shellWord(folder));
  return ['npm pack', ...words].filter((word) => word !== '').join(' ');
}

function shellWord(path: string): string {
  return /^[\w@%+=:,./-]+$/.test(path) ? path : `'${path.replaceAll("'", "'\\''")}'`;
}

/** What the app's package.json says of Portway. */
function wanted(app: string): string | undefined {
  try {
    const { dependencies = {}, devDependencies = {} } = JSON.parse(readFileSync(join(app, 'package.json'), 'utf8'));
    return { ...devDependencies, ...dependencies }.portway;
  } catch {
    return undefined;
  }
}
