import path from 'node:path';
import { projectFiles } from '../files';
import { failed, PASSED, type Part } from '../part';
import { checkersPython } from '../python';
import { PYTHON_TOOLS } from '../tools';

/** The Python files: the lab's services, and what the local AWS endpoint lacks. */
export const python: Part = {
  name: 'python',
  groups: ['static', 'lint'],
  about: 'all Python files: ruff',
  tools: PYTHON_TOOLS,
  limitMinutes: 5,
  async run(context) {
    const { root, command } = context;
    const files = (await projectFiles(root)).filter((file) => file.endsWith('.py'));
    if (files.length === 0) return failed('there is no Python file to check');
    const interpreter = await checkersPython(context);
    const ruff = (verb: string, ...flags: string[]) => {
      const config = path.join(root, 'test', 'run', 'ruff.toml');
      return command(interpreter, ['-m', 'ruff', verb, '--no-cache', '--config', config, ...flags, ...files]);
    };
    const notes: string[] = [];
    if ((await ruff('check')) !== 0) notes.push('ruff has findings');
    if ((await ruff('format', '--diff')) !== 0)
      notes.push('ruff would format files: ruff format --config test/run/ruff.toml');
    return notes.length === 0 ? PASSED : failed(...notes);
  },
};
