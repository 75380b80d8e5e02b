import { readFile } from 'node:fs/promises';
import { isDeepStrictEqual } from 'node:util';
import { gatewaysNamed, type SynthesizedStack, stacksOf } from '../plan/assembly';
import { readAgainst } from '../plan/change/against-file';
import { type Comparison, compareTemplates } from '../plan/change/comparison';
import { printComparison } from '../plan/change/print';
import { parseTemplate, type Template } from '../plan/change/template';
import type { PlanOptions } from '../plan/command';
import type { Plan } from '../plan/plan';
import { tellOfApp } from '../plan/with-app';
import { cloudFormation, readStack } from './cloudformation';

export interface AgainstOptions extends PlanOptions {
  /** `deployed`, a template, or a folder such as cdk.out. */
  readonly against: string;
}

/** What the app is compared with. */
interface Against {
  /** Undefined: the stack is not deployed. */
  readonly template: Template | undefined;
  readonly name: string;
  /** The stack's tags; undefined where they are not known. */
  readonly tags?: Readonly<Record<string, string>>;
}

/** `portway plan --against`. @returns the exit code: 0 told, 1 could not be told */
export function againstCommand(options: AgainstOptions): Promise<number> {
  return tellOfApp(options, async (outdir) => {
    const found: Record<string, Comparison | null> = {};
    const texts: string[] = [];
    for (const stack of portwayStacks(outdir, options.stack)) {
      const { template, name, tags } = await readWhat(options.against, stack);
      const comparison = template === undefined ? undefined : await compare(stack, template, tags);
      found[stack.name] = comparison ?? null;
      texts.push(
        comparison === undefined
          ? `Stack ${stack.name} is not ${name}: cdk deploy creates all of it, with a new address.`
          : printComparison(stack.name, name, comparison),
      );
    }
    return options.json ? JSON.stringify(found, null, 2) : texts.join('\n\n');
  });
}

function portwayStacks(outdir: string, wanted: string | undefined): readonly SynthesizedStack[] {
  const found = [...new Set(gatewaysNamed(stacksOf(outdir), wanted).map(({ stack }) => stack))];
  const several = found.find(({ gateways }) => gateways.size > 1);
  if (several !== undefined)
    throw new Error(
      `--against must be used with one gateway in a stack, but ${several.name} has several (${[...several.gateways.keys()].join(', ')}): look at cdk diff`,
    );
  return found;
}

async function readWhat(against: string, stack: SynthesizedStack): Promise<Against> {
  if (against !== 'deployed') return { template: await readAgainst(against, stack.name), name: against };
  const client = await cloudFormation(stack.region);
  try {
    const deployed = await readStack(client, stack.stackName);
    if (deployed === undefined) return { template: undefined, name: 'deployed' };
    const { template, status, tags } = deployed;
    return {
      template,
      tags,
      name: /^(CREATE|UPDATE)_COMPLETE$/.test(status) ? 'what is deployed' : `what is deployed (${status})`,
    };
  } finally {
    client.destroy();
  }
}

async function compare(stack: SynthesizedStack, before: Template, tags: Against['tags']): Promise<Comparison> {
  const after = parseTemplate(await readFile(stack.templateFile, 'utf8'), stack.templateFile);
  const [planFile = ''] = stack.gateways.values();
  const { association } = JSON.parse(await readFile(planFile, 'utf8')) as Plan;
  const comparison = compareTemplates(before, after, association);
  if (tags === undefined || isDeepStrictEqual(tags, stack.tags)) return comparison;
  const how = [`${JSON.stringify(tags)} -> ${JSON.stringify(stack.tags)}, unless cdk deploy is given --tags`];
  return { ...comparison, changes: [...comparison.changes, { what: 'tags of the stack', how, host: 'nothing' }] };
}
