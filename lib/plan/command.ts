import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Plan } from './plan';
import { printPlan } from './print';
import { synthesize } from './synthesize';

export interface PlanOptions {
  readonly stack?: string | undefined;
  /** `key=value`, as for cdk deploy. */
  readonly context: readonly string[];
  readonly json?: boolean;
  /** The CDK app. Default: what cdk.json says. */
  readonly app?: string;
}

/** `portway plan`. @returns the process's exit code */
export async function planCommand(options: PlanOptions): Promise<number> {
  const outdir = await mkdtemp(join(tmpdir(), 'portway-plan-'));
  try {
    await synthesize(options, outdir);
    const plans = await readPlans(outdir, options.stack);
    const text = options.json
      ? JSON.stringify(plans, null, 2)
      : Object.entries(plans)
          .map(([stack, plan]) => printPlan(stack, plan))
          .join('\n\n');
    process.stdout.write(`${text}\n`);
    return 0;
  } catch (error) {
    process.stderr.write(`${error instanceof Error ? error.message : error}\n`);
    return 1;
  } finally {
    await rm(outdir, { recursive: true, force: true });
  }
}

async function readPlans(outdir: string, wanted: string | undefined): Promise<Record<string, Plan>> {
  const manifest = JSON.parse(await readFile(join(outdir, 'manifest.json'), 'utf8')) as {
    artifacts?: Record<string, { type: string }>;
  };
  const stacks = Object.entries(manifest.artifacts ?? {}).filter(([, { type }]) => type === 'aws:cloudformation:stack');
  const plans: Record<string, Plan> = {};
  for (const [stack] of stacks) {
    if (wanted !== undefined && stack !== wanted) continue;
    const text = await readFile(join(outdir, `${stack}.plan.json`), 'utf8').catch(() => undefined);
    if (text !== undefined) plans[stack] = JSON.parse(text) as Plan;
  }
  if (Object.keys(plans).length > 0) return plans;
  const names = stacks.map(([stack]) => stack).join(', ') || 'none';
  throw new Error(
    wanted === undefined
      ? `the app must have a PortwayStack, its stacks are: ${names}`
      : `stack must be a PortwayStack of the app (${names}), got: ${wanted}`,
  );
}
