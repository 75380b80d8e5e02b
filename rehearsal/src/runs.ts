import { type Engine, Forward } from '../../lib/forward/forward';
import type { Version } from './case';
import { type CaseGroup, DEFAULT_CASES, groupCases, type NamedCase } from './cases';
import { appSource, type Context, fleetSource, type StackSource, versionsSource } from './stack-source';

/** The stack that bin/app.ts ships. */
const SHIPPED = 'Portway';

/** Replaces the shipped stack in cases that are not about one engine: a gateway with both, so they run once. */
const BOTH_ENGINES: Readonly<Record<string, Version>> = {
  both: {
    forwards: {
      web: Forward.http({ listen: 80, to: 8080 }),
      secure: Forward.tcp({ listen: 443, to: 8443, engine: 'iptables' }),
      raw: Forward.tcp({ listen: 8000, to: 8080, engine: 'iptables' }),
    },
  },
};

/** A planned gateway and its cases. */
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
  /** The CDK app's command. Default: the one in cdk.json. */
  readonly app?: string | undefined;
  readonly engines: readonly Engine[];
  /** Context for every synth, as for `-c`. */
  readonly context: Context;
}

/**
 * Plans one run for each group of cases that can share a gateway. Cases for any stack run once for each rehearsed stack. Runs with
 * the most steps come first, so that no long one runs alone at the end.
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

/** A machine's resources for a rehearsal. */
export interface Machine {
  readonly cpus: number;
  /** The load average of the last minute. */
  readonly load: number;
  /** Free, in bytes. */
  readonly memory: number;
}

/** Memory that one VM with its QEMU takes, in bytes. */
const MEMORY_PER_VM = 1.6 * 2 ** 30;

/**
 * How many runs go side by side: at most two, since each VM keeps a processor busy. Only one on a machine that is already busy, for
 * example with another rehearsal, since all of them would miss their limits.
 */
export function atOnce(runs: readonly PlannedRun[], { cpus, load, memory }: Machine): 1 | 2 {
  const vms = runs.map(({ cases }) => Math.max(...cases.map(mostVms))).sort((a, b) => b - a);
  const needed = ((vms[0] ?? 0) + (vms[1] ?? 0)) * MEMORY_PER_VM;
  return cpus > 1 && load <= 3 * cpus && memory > needed ? 2 : 1;
}

/** How many machines a case runs at once: a replacement two instances for a while, a fleet as many as it may have. */
function mostVms({ case: { versions = {}, fleet = {} } }: NamedCase): number {
  const hosts = Object.values(fleet).map(({ capacity }) => capacity.max);
  return Math.max(Object.values(versions).some(({ onChange }) => onChange === 'replace') ? 2 : 1, ...hosts);
}

function stacksOf(
  { versions, fleet, cases }: CaseGroup,
  { stack, app, engines, context }: RunOptions,
): readonly PlannedRun[] {
  if (fleet !== undefined) return [{ name: cases[0]?.name ?? '', source: fleetSource(fleet), context, cases }];
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
