import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { attachCustomSynthesis, Stack } from 'aws-cdk-lib';
import type { Construct } from 'constructs';
import { makePlan, type PlanProps } from '../plan/make-plan';

/**
 * Writes two files next to the template: `<stack>.rules.txt`, or `<stack>.<suffix>.rules.txt` of a PortGateway, for reviewers, with the host's rules in plain text even if user-data
 * compresses them, and `<stack>.plan.json` for programs, with the whole plan.
 */
export function writeReview(scope: Construct, props: PlanProps, suffix = ''): void {
  const stack = Stack.of(scope);
  const name = suffix === '' ? stack.artifactId : `${stack.artifactId}.${suffix}`;
  attachCustomSynthesis(scope, {
    onSynthesize: ({ outdir }) => {
      const plan = stack.resolve(makePlan(props));
      const rules = props.content.files.filter((f) => f.origin === 'rules').map((f) => `# ---- ${f.path}\n${f.text}`);
      writeFileSync(join(outdir, `${name}.rules.txt`), rules.join('\n'));
      writeFileSync(join(outdir, `${name}.plan.json`), `${JSON.stringify(plan, null, 2)}\n`);
    },
  });
}
