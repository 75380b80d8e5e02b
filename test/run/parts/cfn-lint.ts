import { readdir } from 'node:fs/promises';
import path from 'node:path';
import { failed, PASSED, type Part } from '../part';
import { checkersPython } from '../python';
import { PYTHON_TOOLS } from '../tools';

/**
 * The templates against CloudFormation's own schemas, in every region (accepted findings: .cfnlintrc.yaml), and the documented
 * policy of a deployer against the permissions that the same schemas list.
 */
export const cfnLint: Part = {
  name: 'cfn-lint',
  groups: ['templates'],
  about: "canonical templates, and the deployer's documented policy, against AWS's resource schemas",
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
    const args = ['--regions', 'ALL_REGIONS', '--format', 'parseable', '--template', ...files];
    const interpreter = await checkersPython(context);
    const policy = path.join(root, 'docs', 'operations', 'deployer-policy.json');
    const policyCheck = path.join(root, 'test', 'run', 'deployer_policy.py');
    const notes: string[] = [];
    if ((await command(interpreter, ['-I', '-c', main, ...args])) !== 0) notes.push('cfn-lint has findings');
    if ((await command(interpreter, ['-I', policyCheck, policy, ...files])) !== 0) {
      notes.push("docs/operations/deployer-policy.json is not what the templates' resources need");
    }
    return notes.length === 0 ? PASSED : failed(...notes);
  },
};
