import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { listed, missingLookups, named, stacksOf } from './assembly';
import type { Plan } from './plan';
import { printPlan } from './print';
import { synthesize } from './synthesize';

export interface PlanOptions {
  readonly stack?: string | undefined;
  /** `key=value`, as for cdk deploy. */
  readonly context: readonly string[];
  readonly json?: boolean;
  /** The command of the CDK app. Default: the one in cdk.json. */
  readonly app?: string;
}

/** `portway plan`. @returns the exit code */
export async function planCommand(options: PlanOptions): Promise<number> {
  const outdir = await mkdtemp(join(tmpdir(), 'portway-plan-'));
  try {
    await synthesize(options, outdir);
    const plans = await readPlans(outdir, options.stack);
    for (const key of missingLookups(outdir))
      process.stderr.write(`portway: not looked up yet, using a dummy value (run cdk synth once): ${key}\n`);
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
