import { readFile } from 'node:fs/promises';
import { listed, named, stacksOf } from './assembly';
import type { Plan } from './plan';
import { printPlan } from './print';
import { tellOfApp } from './with-app';

export interface PlanOptions {
  readonly stack?: string | undefined;
  /** `key=value`, as for cdk deploy. */
  readonly context: readonly string[];
  readonly json?: boolean;
  /** The command of the CDK app. Default: the one in cdk.json. */
  readonly app?: string;
}

/** `portway plan`. @returns the exit code */
export function planCommand(options: PlanOptions): Promise<number> {
  return tellOfApp(options, async (outdir) => {
    const plans = await readPlans(outdir, options.stack);
    if (options.json) return JSON.stringify(plans, null, 2);
    return Object.entries(plans)
      .map(([stack, plan]) => printPlan(stack, plan))
      .join('\n\n');
  });
}

async function readPlans(outdir: string, wanted: string | undefined): Promise<Record<string, Plan>> {
  const stacks = stacksOf(outdir);
  const all = (some: typeof stacks) => some.flatMap(({ gateways }) => [...gateways]);
  const chosen = wanted === undefined ? stacks : named(stacks, wanted);
  // A stack's name means all of its gateways.
  const files = chosen.length > 0 ? all(chosen) : all(stacks).filter(([path]) => path === wanted);
  const plans: Record<string, Plan> = {};
  for (const [path, file] of files) plans[path] = JSON.parse(await readFile(file, 'utf8')) as Plan;
  if (Object.keys(plans).length > 0) return plans;
  throw new Error(
    wanted === undefined
      ? `the app must have a PortwayStack or a PortGateway, its stacks are: ${listed(stacks)}`
      : `stack must be one of the app with a gateway (${listed(stacks)}), got: ${wanted}`,
  );
}
