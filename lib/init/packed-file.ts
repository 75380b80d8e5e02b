import { readFileSync } from 'node:fs';
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
