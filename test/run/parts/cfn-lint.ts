import { readdir, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { REPLACING } from '../../../lib/plan/change/replacing';
import { canonicalTemplates, typescript } from '../canonical-templates';
import { failed, PASSED, type Part } from '../part';
import { checkersPython } from '../python';
import { PYTHON_TOOLS } from '../tools';
import { findings } from './cdk';

/**
 * Checks the templates against CloudFormation's own schemas in every region (accepted findings: .cfnlintrc.yaml), the
 * documented policy of a deployer against the permissions that these schemas list, and the properties that a host's
 * proof covers against those that replace a resource according to the schemas.
 */
export const cfnLint: Part = {
  name: 'cfn-lint',
  groups: ['templates'],
  about:
    "canonical templates and a company's against AWS's schemas and the CDK's validation; the deployer's documented policy",
  tools: PYTHON_TOOLS,
  limitMinutes: 10,
  async run(context) {
    const { root, folder, command } = context;
    // A gateway beside a company's other resources. Their own validation and rights are none of this part's business.
    const company = path.join(folder, 'company');
    const [templates, code] = await Promise.all([
      canonicalTemplates(context),
      command(...typescript(root, 'synth-company.ts', company)),
    ]);
    if (code !== 0) return failed('synth of the company app failed');
    const written = (await readdir(templates)).map((name) => path.join(templates, name));
    const files = written.filter((name) => name.endsWith('.template.json'));
    const notes = await validationNotes(files);
    const others = ['Data', 'Edge'].map((stack) => path.join(company, `${stack}.template.json`));
    // Not the script `cfn-lint`: it contains the path of the folder in which the environment was built.
    const main = 'import sys; from cfnlint.runner import main; sys.exit(main())';
    const args = ['--regions', 'ALL_REGIONS', '--format', 'parseable', '--template', ...files, ...others];
    const interpreter = await checkersPython(context);
    const policies = ['deployer-policy', 'deployer-monitoring-policy', 'deployer-fleet-policy'].map((name) =>
      path.join(root, 'docs', 'operations', `${name}.json`),
    );
    const policyCheck = path.join(root, 'test', 'run', 'deployer_policy.py');
    const replacing = path.join(folder, 'replacing.json');
    await writeFile(replacing, JSON.stringify(REPLACING));
    const replacingCheck = path.join(root, 'test', 'run', 'final_properties.py');
    const checks: readonly (readonly [string, readonly string[]])[] = [
      ['cfn-lint has findings', ['-c', main, ...args]],
      [
        "the deployer's policies in docs/operations are not what the templates' resources need",
        [policyCheck, '--policies', ...policies, '--templates', ...files],
      ],
      ['lib/plan/change/replacing.ts does not list what the schemas say', [replacingCheck, replacing]],
    ];
    const check = async ([note, words]: (typeof checks)[number]) =>
      (await command(interpreter, ['-I', ...words])) === 0 ? [] : [note];
    notes.push(...(await Promise.all(checks.map(check))).flat());
    return notes.length === 0 ? PASSED : failed(...notes);
  },
};

/** What the CDK's own validation, which each synth runs, found in the stacks of these templates. */
async function validationNotes(templates: readonly string[]): Promise<string[]> {
  const notes: string[] = [];
  for (const template of templates) {
    const report = await readFile(template.replace('.template.', '.validation.'), 'utf8').catch(() => undefined);
    const stack = path.basename(template, '.template.json');
    if (report === undefined) notes.push(`${stack}: the CDK did not validate it`);
    else notes.push(...findings(JSON.parse(report)).map((finding) => `${stack}: ${finding}`));
  }
  return notes;
}
