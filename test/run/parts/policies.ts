import { readdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import { ensurePython } from '../../../rehearsal/src/aws/python';
import { canonicalTemplates } from '../canonical-templates';
import { failed, PASSED, type Part } from '../part';
import { checkovFindings, explained, guardFindings, type PolicyFinding, unexplained } from '../policies';
import { PYTHON_TOOLS } from '../tools';

/**
 * Checks the canonical templates against rule sets that companies use. docs/operations/policies.md explains findings
 * that are right as they are.
 */
export const policies: Part = {
  name: 'policies',
  groups: ['templates', 'security'],
  about: 'canonical templates against checkov and AWS Control Tower’s rules for CloudFormation Guard',
  tools: PYTHON_TOOLS,
  limitMinutes: 10,
  async run(context) {
    const { root, folder, command, report } = context;
    const templates = await canonicalTemplates(context);
    const written = (await readdir(templates)).filter((name) => name.endsWith('.template.json'));
    const files = written.map((name) => path.join(templates, name));

    const findings: PolicyFinding[] = [];
    // The exit codes also say that there are findings. Without a report, there was no check.
    const read = async (name: string, parse: (json: string) => readonly PolicyFinding[]) => {
      const text = await readFile(path.join(folder, name), 'utf8').catch(() => '');
      findings.push(...parse(text));
    };
    const { python } = await ensurePython({
      name: 'checkov',
      requirements: path.join(root, 'test', 'run', 'requirements-checkov.txt'),
      onInstall: () => report('installing checkov into a private Python environment (some 40 seconds, 300 MB)'),
    });
    const main = 'import sys; from checkov.main import Checkov; sys.exit(Checkov().run())';
    const checkov = ['--quiet', '--compact', '--framework', 'cloudformation', '--output', 'json', '--skip-download'];
    const guard = path.dirname(require.resolve('@cdklabs/cdk-validator-cfnguard/package.json'));
    const architecture = process.arch === 'arm64' ? 'aarch64' : 'x86_64';
    const rules = path.join(guard, 'rules', 'control-tower', 'cfn-guard');
    const options = ['--output-format', 'json', '--structured', '--show-summary', 'none'];
    await Promise.all([
      command(python, ['-I', '-c', main, ...checkov, '--file', ...files], {
        stdoutFile: path.join(folder, 'checkov.json'),
      }),
      command(
        path.join(guard, 'bin', 'ubuntu', architecture, 'cfn-guard'),
        ['validate', '--rules', rules, ...files.flatMap((file) => ['--data', file]), ...options],
        { stdoutFile: path.join(folder, 'guard.json') },
      ),
    ]);
    await read('checkov.json', checkovFindings);
    await read('guard.json', guardFindings);
    // Each of them finds something in a gateway, which is open to the world. If not, the check did not work.
    for (const tool of ['checkov', 'guard'])
      if (!findings.some((finding) => finding.tool === tool)) return failed(`${tool} found nothing: did it run?`);
    const page = await readFile(path.join(root, 'docs', 'operations', 'policies.md'), 'utf8');
    const notes = unexplained(findings, explained(page));
    return notes.length === 0 ? PASSED : failed(...notes);
  },
};
