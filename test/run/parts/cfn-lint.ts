import { readdir } from 'node:fs/promises';
import path from 'node:path';
import { failed, PASSED, type Part } from '../part';
import { checkersPython } from '../python';
import { PYTHON_TOOLS } from '../tools';

/** The templates against CloudFormation's own schemas, in every region. Accepted findings: .cfnlintrc.yaml. */
export const cfnLint: Part = {
  name: 'cfn-lint',
  groups: ['templates'],
  about: 'templates of the canonical stacks against the resource schemas (cfn-lint)',
  tools: PYTHON_TOOLS,
  limitMinutes: 10,
  async run(context) {
    const { root, folder, command, write } = context;
    const templates = path.join(folder, 'templates');
    const script = path.join(root, 'test', 'run', 'synth-canonical.ts');
    if ((await command(process.execPath, ['--import', 'tsx', script, templates])) !== 0) return failed('synth failed');
    const files = (await readdir(templates)).map((name) => path.join(templates, name));
    if (files.length === 0) return failed('there is no template to check');
    write(`${files.length} templates`);
    // Not the script `cfn-lint`: it carries the path of the folder in which the environment was built.
    const main = 'import sys; from cfnlint.runner import main; sys.exit(main())';
    const args = ['-I', '-c', main, '--regions', 'ALL_REGIONS', '--format', 'parseable', '--template', ...files];
    return (await command(await checkersPython(context), args)) === 0 ? PASSED : failed('cfn-lint has findings');
  },
};
