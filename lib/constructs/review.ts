import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { attachCustomSynthesis, Stack } from 'aws-cdk-lib';
import type { Construct } from 'constructs';
import { makePlan, type PlanProps } from '../plan/plan';

/**
 * Writes what a reviewer reads next to the template: `<stack>.rules.txt` with the rules as the host gets them, in plain text also
 * where user-data carries them compressed, and `<stack>.plan.json` with all of the plan for programs.
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
