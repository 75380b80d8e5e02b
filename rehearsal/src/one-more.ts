import { readFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';

const ROOT = resolve(__dirname, '../..');

/** The version of the shipped app with one forward more. */
export const ONE_MORE = 'one more';

/** The port of that forward. It leads to the application on 8080. */
export const MORE_PORT = 8081;

/** Where the shipped app gives its stack the forwards, and what an edit would make of it. */
const FORWARDS = '...fromContext, forwards }';
const EDITED = `...fromContext, forwards: { ...forwards, more: fromContext.engine === 'iptables' ? Forward.tcp({ listen: ${MORE_PORT}, to: 8080 }) : Forward.http({ listen: ${MORE_PORT}, to: 8080 }) } }`;

/** A copy of the shipped app, edited as a user would. */
export interface EditedApp {
  /** Writes it into a folder of the project. @returns the app's command, for the CDK CLI */
  write(folder: string): Promise<string>;
}

/**
 * The shipped app with a forward added. Undefined if a team has rewritten bin/app.ts, so that the place is not found or its
 * command is another one.
 * @param root the project's folder
 */
export function oneMore(root = ROOT): EditedApp | undefined {
  const app = readFileSync(join(root, 'bin', 'app.ts'), 'utf8');
  const { app: command } = JSON.parse(readFileSync(join(root, 'cdk.json'), 'utf8')) as { app: string };
  if (app.split(FORWARDS).length !== 2 || !command.includes('bin/app.ts')) return undefined;
  const lib = JSON.stringify(join(root, 'lib'));
  const edited = app.replace(FORWARDS, EDITED).replace("'../lib'", lib);
  return {
    async write(folder) {
      const file = join(folder, 'one-more.ts');
      await writeFile(file, edited);
      return command.replace('bin/app.ts', file);
    },
  };
}
