import { createReadStream } from 'node:fs';
import { readdir } from 'node:fs/promises';
import path from 'node:path';
import { createInterface } from 'node:readline';

/** Folders that programs make. Git is not asked, so that a tarball of the project can be tested too. */
const MADE = new Set(['node_modules', '.git', 'cdk.out', '.rehearsal', '.bench', 'coverage', '.reference']);

/** All files of the project, as paths relative to it, sorted. */
export async function projectFiles(root: string): Promise<string[]> {
  const found: string[] = [];
  const walk = async (folder: string) => {
    for (const entry of await readdir(path.join(root, folder), { withFileTypes: true })) {
      const name = path.join(folder, entry.name);
      if (entry.isDirectory() && !MADE.has(entry.name)) await walk(name);
      else if (entry.isFile()) found.push(name);
    }
  };
  await walk('');
  return found.sort();
}

/** Shell files: by their ending, or by their first line if they have none. */
export async function shellFiles(root: string): Promise<string[]> {
  const all = await projectFiles(root);
  const isShell = await Promise.all(
    all.map(async (file) => {
      const extension = path.extname(file);
      if (extension !== '') return extension === '.sh';
      return /^#!.*\b(ba|da)?sh\b/.test(await firstLine(path.join(root, file)));
    }),
  );
  return all.filter((_, index) => isShell[index]);
}

async function firstLine(file: string): Promise<string> {
  for await (const line of createInterface(createReadStream(file, { encoding: 'latin1', end: 127 }))) return line;
  return '';
}
