import { type Engine, Forward } from '../../lib/forward/forward';
import type { Version } from './case';
import { type CaseGroup, DEFAULT_CASES, groupCases, type NamedCase } from './cases';
import { appSource, type Context, type StackSource, versionsSource } from './stack-source';

/** The stack that bin/app.ts ships. */
const SHIPPED = 'Portway';

/** What stands for the shipped stack where a case is not about one engine: a gateway with both, so that it is gone through once. */
const BOTH_ENGINES: Readonly<Record<string, Version>> = {
  both: {
    forwards: {
      web: Forward.http({ listen: 80, to: 8080 }),
      secure: Forward.tcp({ listen: 443, to: 8443, engine: 'iptables' }),
      raw: Forward.tcp({ listen: 8000, to: 8080, engine: 'iptables' }),
    },
  },
};

/** A gateway to be, with the cases that it takes. */
export interface PlannedRun {
  /** Unique in the rehearsal; names the run's folder. */
  readonly name: string;
  readonly source: StackSource;
  readonly context: Context;
  readonly cases: readonly NamedCase[];
}

export interface RunOptions {
  /** A stack of the app. Default: the shipped one, once for each engine, and beyond the default cases one with both. */
  readonly stack?: string | undefined;
  /** Command of the app. Default: what cdk.json says. */
  readonly app?: string | undefined;
  readonly engines: readonly Engine[];
  /** Given to every synth, as for `-c`. */
  readonly context: Context;
}

/**
 * One run for each group of cases that can share a gateway; cases for any stack get one for each stack that is rehearsed. Those with
 * the most steps come first: no long one is left over for the end, when nothing else runs beside it.
 */
export function planRuns(cases: readonly NamedCase[], options: RunOptions): readonly PlannedRun[] {
  const names = new Set<string>();
  const unique = (name: string): string => {
    const free = names.has(name) ? `${name}-${[...names].filter((one) => one.startsWith(name)).length + 1}` : name;
    names.add(free);
    return free;
  };
  return groupCases(cases)
    .flatMap((group) => stacksOf(group, options))
    .map(({ name, ...run }) => ({ name: unique(name), ...run }))
    .sort((a, b) => steps(b) - steps(a));
}

function steps({ cases }: PlannedRun): number {
  return cases.reduce((sum, one) => sum + one.case.steps.length, 0);
}

/** What a machine has for a rehearsal. */
export interface Machine {
  readonly cpus: number;
  /** Processes that want to run, on average of the last minute. */
  readonly load: number;
  /** Free, in bytes. */
  readonly memory: number;
}

/** A VM with its QEMU takes about this much memory, in bytes. */
const MEMORY_PER_VM = 1.6 * 2 ** 30;

/**
 * How many runs go side by side: two at most, since each VM keeps a processor busy, and one on a machine that is very busy with
 * something else, such as another rehearsal: all of them would be late.
 */
export function atOnce(runs: readonly PlannedRun[], { cpus, load, memory }: Machine): 1 | 2 {
  // While an instance is replaced, there are two.
  const vms = runs.map(({ cases }) => (cases.some((one) => replaces(one)) ? 2 : 1)).sort((a, b) => b - a);
  const needed = ((vms[0] ?? 0) + (vms[1] ?? 0)) * MEMORY_PER_VM;
  return cpus > 1 && load <= 3 * cpus && memory > needed ? 2 : 1;
}

function replaces({ case: { versions = {} } }: NamedCase): boolean {
  return Object.values(versions).some(({ onChange }) => onChange === 'replace');
}

function stacksOf({ versions, cases }: CaseGroup, { stack, app, engines, context }: RunOptions): readonly PlannedRun[] {
  if (versions !== undefined) return [{ name: cases[0]?.name ?? '', source: versionsSource(versions), context, cases }];
  if (stack !== undefined) return [{ name: stack, source: appSource(stack, app), context, cases }];
  const shared =
    app === undefined && engines.length > 1 ? cases.filter(({ name }) => !DEFAULT_CASES.includes(name)) : [];
  const own = cases.filter((one) => !shared.includes(one));
  const each = engines.map((engine) => ({
    name: engine,
    source: appSource(SHIPPED, app),
    context: { ...context, engine },
    cases: own,
  }));
  const both = { name: 'both-engines', source: versionsSource(BOTH_ENGINES), context, cases: shared };
  return [...each, both].filter((run) => run.cases.length > 0);
}
