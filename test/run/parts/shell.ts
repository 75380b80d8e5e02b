import { shellFiles } from '../files';
import { failed, PASSED, type Part } from '../part';
import { SHELL_TOOLS } from '../tools';

/** The scripts that run on the host, and those around the project. */
export const shell: Part = {
  name: 'shell',
  groups: ['static', 'lint'],
  about: 'all shell files: shellcheck and shfmt',
  tools: SHELL_TOOLS,
  limitMinutes: 5,
  async run({ root, command, write }) {
    const files = await shellFiles(root);
    if (files.length === 0) return failed('there is no shell file to check');
    write(`${files.length} files: ${files.join(' ')}`);
    const notes: string[] = [];
    if ((await command('shellcheck', ['--color=never', ...files])) !== 0) notes.push('shellcheck has findings');
    if ((await command('shfmt', ['-d', ...files])) !== 0) notes.push('shfmt would change files: shfmt -w FILE');
    return notes.length === 0 ? PASSED : failed(...notes);
  },
};
