import { readdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import { type Finding, judge } from '../gixy';
import { failed, PASSED, type Part } from '../part';
import { checkersPython } from '../python';
import { PYTHON_TOOLS } from '../tools';

/**
 * Checks the canonical nginx.conf files with a public analyser. Findings that are right as they are: test/run/gixy.ts.
 */
export const gixy: Part = {
  name: 'gixy',
  groups: ['lint', 'security'],
  about: "canonical nginx.conf's: gixy, for what lets clients in where they should not be",
  tools: PYTHON_TOOLS,
  limitMinutes: 5,
  async run(context) {
    const { root, folder, command, write } = context;
    const stacks = path.join(root, 'test', 'snapshots', 'expected');
    const all = await readdir(stacks, { recursive: true });
    const files = all.filter((file) => path.basename(file) === 'nginx.conf').map((file) => path.join(stacks, file));
    if (files.length === 0) return failed('there is no nginx.conf to check');
    write(`${files.length} configurations`);
    const report = path.join(folder, 'gixy.json');
    const main = 'import sys; from gixy.cli.main import main; sys.exit(main())';
    // Without includes, which would be the files of the test machine.
    const args = ['--format', 'json', '--output', report, '--disable-includes', ...files];
    await command(await checkersPython(context), ['-I', '-c', main, ...args]);
    // The exit code also says that there are findings. Without a report, there was no check.
    const text = await readFile(report, 'utf8').catch(() => undefined);
    if (text === undefined) return failed('gixy wrote no report');
    const notes = judge(JSON.parse(text) as readonly Finding[]);
    return notes.length === 0 ? PASSED : failed(...notes);
  },
};
