import { readFile, stat } from 'node:fs/promises';
import { listed, named, stacksOf } from '../assembly';
import { parseTemplate } from './parse-template';
import type { Template } from './template';

/**
 * The template to compare a stack with, from a file or from the folder of a cloud assembly such as cdk.out.
 * @param stack the stack's path in the app; a folder must have a stack of this name
 * @throws Error if there is no such file, or no such stack in the folder
 */
export async function readAgainst(path: string, stack: string): Promise<Template> {
  const found = await stat(path).catch(() => undefined);
  if (found === undefined)
    throw new Error(`--against must be deployed, a template or a folder such as cdk.out, got: ${path}`);
  const file = found.isDirectory() ? templateIn(path, stack) : path;
  return parseTemplate(await readFile(file, 'utf8'), file);
}

function templateIn(folder: string, stack: string): string {
  const stacks = stacksOf(folder);
  const [found] = named(stacks, stack);
  if (found === undefined) throw new Error(`${folder} must have the stack ${stack}, but has: ${listed(stacks)}`);
  return found.templateFile;
}
