import { existsSync } from 'node:fs';
import { readdir, rename } from 'node:fs/promises';
import path from 'node:path';
import type { PartContext } from './part';

/**
 * The folder with the canonical stacks' templates, `NAME.template.json`, and what the CDK's own validation found in them.
 * The first part of a run that needs them makes them.
 * @throws Error if there are none
 */
export async function canonicalTemplates({ root, folder, command, write }: PartContext): Promise<string> {
  const templates = path.join(path.dirname(folder), 'templates');
  if (!existsSync(templates)) {
    const made = path.join(folder, 'templates');
    if ((await command(...typescript(root, 'synth-canonical.ts', made))) !== 0) throw new Error('synth failed');
    await rename(made, templates);
  }
  const { length } = (await readdir(templates)).filter((name) => name.endsWith('.template.json'));
  if (length === 0) throw new Error('there is no template to check');
  write(`${length} templates in ${templates}`);
  return templates;
}

/** Runs a program of this folder. */
export function typescript(root: string, file: string, ...words: string[]): [string, string[]] {
  const loader = path.join(root, 'bin', 'typescript.js');
  return [process.execPath, ['--require', loader, path.join(root, 'test', 'run', file), ...words]];
}
