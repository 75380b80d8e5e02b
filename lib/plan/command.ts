import { readFile } from 'node:fs/promises';
import { concerning } from './annotations';
import { gatewaysNamed, stacksOf } from './assembly';
import type { Plan } from './plan';
import { printPlan } from './print';
import { plannedTraffic, type StatedTraffic } from './traffic';
import { tellOfApp } from './with-app';

export interface PlanOptions {
  readonly stack?: string | undefined;
  /** `key=value`, as for cdk deploy. */
  readonly context: readonly string[];
  readonly json?: boolean;
  /** What it is to cost. */
  readonly traffic?: StatedTraffic;
  /** The command of the CDK app. Default: the one in cdk.json. */
  readonly app?: string;
}

/** `portway plan`. @returns the exit code */
export function planCommand(options: PlanOptions): Promise<number> {
  return tellOfApp(options, async (outdir) => {
    const read = await readPlans(outdir, options.stack);
    const plans = options.traffic === undefined ? read : withTraffic(read, options.traffic);
    if (options.json) return JSON.stringify(plans, null, 2);
    return Object.entries(plans)
      .map(([stack, plan]) => printPlan(stack, plan))
      .join('\n\n');
  });
}

function withTraffic(plans: Readonly<Record<string, Plan>>, stated: StatedTraffic): Record<string, Plan> {
  const entries = Object.entries(plans);
  return Object.fromEntries(
    entries.map(([path, plan]) => [path, { ...plan, traffic: plannedTraffic(stated, plan.fleet !== undefined) }]),
  );
}

async function readPlans(outdir: string, wanted: string | undefined): Promise<Record<string, Plan>> {
  const plans: Record<string, Plan> = {};
  for (const { path, planFile, stack } of gatewaysNamed(stacksOf(outdir), wanted)) {
    const plan = JSON.parse(await readFile(planFile, 'utf8')) as Plan;
    plans[path] = { ...plan, ...concerning(path, stack.annotations) };
  }
  return plans;
}
