import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { attachCustomSynthesis, Stack } from 'aws-cdk-lib';
import type { Construct } from 'constructs';
import { makePlan, type PlanProps } from '../plan/plan';

/**
 * Writes two files next to the template: `<stack>.rules.txt` for reviewers, with the host's rules in plain text even if user-data
 * compresses them, and `<stack>.plan.json` for programs, with the whole plan.
 */
export function writeReview(scope: Construct, props: PlanProps): void {
  const stack = Stack.of(scope);
  attachCustomSynthesis(scope, {
    onSynthesize: ({ outdir }) => {
      const plan = stack.resolve(makePlan(props));
      const rules = props.content.files.filter((f) => f.origin === 'rules').map((f) => `# ---- ${f.path}\n${f.text}`);
      writeFileSync(join(outdir, `${stack.artifactId}.rules.txt`), rules.join('\n'));
      writeFileSync(join(outdir, `${stack.artifactId}.plan.json`), `${JSON.stringify(plan, null, 2)}\n`);
    },
  });
}
