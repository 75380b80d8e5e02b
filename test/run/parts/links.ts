import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { projectFiles } from '../files';
import { brokenLinks, linksOf } from '../links';
import type { Part } from '../part';
import { failed, PASSED } from '../part';

/** Every relative link in the project's own documents leads somewhere. */
export const links: Part = {
  name: 'links',
  groups: ['lint'],
  about: 'relative links in the documents lead somewhere',
  limitMinutes: 2,
  async run({ root, write }) {
    const files = await projectFiles(root);
    const documents = files.filter((file) => file.endsWith('.md'));
    const markdown = new Map(
      await Promise.all(documents.map(async (file) => [file, await readFile(path.join(root, file), 'utf8')] as const)),
    );
    if (markdown.size === 0) return failed('there is no Markdown file to check');
    const count = [...markdown.values()].reduce((sum, text) => sum + linksOf(text).length, 0);
    write(`${markdown.size} documents, ${count} links`);
    const broken = brokenLinks({ files: new Set(files), markdown });
    for (const { file, line, link, why } of broken) write(`${file}:${line}: ${link}: ${why}`);
    return broken.length === 0 ? PASSED : failed(`${broken.length} links lead nowhere`);
  },
};
