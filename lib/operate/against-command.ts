import { readFile } from 'node:fs/promises';
import { isDeepStrictEqual } from 'node:util';
import { gatewaysNamed, type SynthesizedGateway, type SynthesizedStack, stacksOf } from '../plan/assembly';
import { readAgainst } from '../plan/change/against-file';
import type { Change } from '../plan/change/change';
import { type Comparison, compareTemplates } from '../plan/change/comparison';
import { associationsIn, withoutOtherGateways } from '../plan/change/one-gateway';
import { parseTemplate } from '../plan/change/parse-template';
import { printComparison } from '../plan/change/print';
import type { Template } from '../plan/change/template';
import type { PlanOptions } from '../plan/command';
import type { Plan } from '../plan/plan';
import { tellOfApp } from '../plan/with-app';
import { withClients } from './clients';
import { readStack } from './cloudformation';

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
    const read = new Map<SynthesizedStack, Against>();
    for (const gateway of gatewaysNamed(stacksOf(outdir), options.stack)) {
      const { path, stack } = gateway;
      const against = read.get(stack) ?? (await readWhat(options.against, stack));
      read.set(stack, against);
      const comparison = await compare(gateway, against);
      found[path] = comparison ?? null;
      const title = `${path === stack.name ? 'Stack' : 'Gateway'} ${path}`;
      texts.push(
        comparison === undefined
          ? `${title} is not ${against.name}: cdk deploy creates all of it, with a new address.`
          : printComparison(title, against.name, comparison),
      );
    }
    return options.json ? JSON.stringify(found, null, 2) : texts.join('\n\n');
  });
}

async function readWhat(against: string, stack: SynthesizedStack): Promise<Against> {
  if (against !== 'deployed') return { template: await readAgainst(against, stack.name), name: against };
  const deployed = await withClients(stack.region, ({ formation }) => readStack(formation, stack.stackName));
  if (deployed === undefined) return { template: undefined, name: 'deployed' };
  const { template, status, tags } = deployed;
  return {
    template,
    tags,
    name: /^(CREATE|UPDATE)_COMPLETE$/.test(status) ? 'what is deployed' : `what is deployed (${status})`,
  };
}

/** Undefined: the gateway is not there yet. */
async function compare(
  { planFile, stack }: SynthesizedGateway,
  { template, tags }: Against,
): Promise<Comparison | undefined> {
  if (template === undefined) return undefined;
  const after = parseTemplate(await readFile(stack.templateFile, 'utf8'), stack.templateFile);
  const { association } = JSON.parse(await readFile(planFile, 'utf8')) as Plan;
  const [was, is] = [associationsIn(template), associationsIn(after)];
  if (is.length > 1 && !was.includes(association)) return undefined;
  const all = [...new Set([...was, ...is])];
  const [old, now] = [template, after].map((one) => withoutOtherGateways(one, association, all));
  const comparison = compareTemplates(old as Template, now as Template, association);
  const gone = was.filter((id) => all.length > 1 && !is.includes(id));
  const rows = [...gone.map(removedGateway), ...stackTags(tags, stack.tags)];
  return { ...comparison, changes: [...comparison.changes, ...rows] };
}

function removedGateway(association: string): Change {
  return { what: 'another gateway', how: [`removed, with its address: ${association}`], host: 'nothing' };
}

function stackTags(was: Against['tags'], is: SynthesizedStack['tags']): readonly Change[] {
  if (was === undefined || isDeepStrictEqual(was, is)) return [];
  const how = [`${JSON.stringify(was)} -> ${JSON.stringify(is)}, unless cdk deploy is given --tags`];
  return [{ what: 'tags of the stack', how, host: 'nothing' }];
}
