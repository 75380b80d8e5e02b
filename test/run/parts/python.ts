import path from 'node:path';
import { projectFiles } from '../files';
import { failed, PASSED, type Part } from '../part';
import { checkersPython } from '../python';
import { PYTHON_TOOLS } from '../tools';

/** The oldest Python of a host: Amazon Linux 2023's. */
const OLDEST = '3.9';

/** Where the host's package is imported from. */
const PACKAGE = 'assets/usr/local/lib/portway';

/** Python programs without a file extension. */
const PROGRAMS = ['assets/usr/local/bin/portway'];

/** The Python files: what runs on the host, the lab's services, and the additions to the local AWS endpoint. */
export const python: Part = {
  name: 'python',
  groups: ['static', 'lint'],
  about: `all Python files: ruff; those of the host: mypy, and nothing newer than Python ${OLDEST}`,
  tools: PYTHON_TOOLS,
  limitMinutes: 5,
  async run(context) {
    const { root, command } = context;
    const all = await projectFiles(root);
    const files = all.filter((file) => file.endsWith('.py') || PROGRAMS.includes(file));
    if (files.length === 0) return failed('there is no Python file to check');
    const interpreter = await checkersPython(context);
    const ruff = (verb: string, ...flags: string[]) => {
      const config = path.join(root, 'test', 'run', 'ruff.toml');
      return command(interpreter, ['-m', 'ruff', verb, '--no-cache', '--config', config, ...flags, ...files]);
    };
    // Not its console script: that contains the path of the folder in which the environment was built.
    const vermin = 'import sys; from vermin import main; sys.exit(main())';
    const assets = files.filter((file) => file.startsWith(`assets${path.sep}`));
    const target = [`--target=${OLDEST}-`, '--violations', '--no-tips'];
    const notes: string[] = [];
    if (assets.length === 0) notes.push('assets/ has no Python file');
    else if ((await command(interpreter, ['-I', '-c', vermin, ...target, ...assets])) !== 0)
      notes.push(`a file of assets/ needs a newer Python than ${OLDEST}, which Amazon Linux 2023 has`);
    const cache = ['--cache-dir', path.join(context.folder, 'mypy')];
    const mypy = ['-m', 'mypy', '--strict', '--python-version', OLDEST, ...cache];
    const modules = { cwd: path.join(root, PACKAGE) };
    if (
      (await command(
        interpreter,
        [...mypy, 'portway', 'fetch.py', 'live.py', ...PROGRAMS.map((file) => path.join(root, file))],
        modules,
      )) !== 0
    )
      notes.push('mypy has findings');
    if ((await ruff('check')) !== 0) notes.push('ruff has findings');
    if ((await ruff('format', '--diff')) !== 0)
      notes.push('ruff would format files: ruff format --config test/run/ruff.toml');
    return notes.length === 0 ? PASSED : failed(...notes);
  },
};
