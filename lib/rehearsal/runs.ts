import type { Engine } from '../forward/forward';
import { type CaseGroup, groupCases, type NamedCase } from './cases';
import { appSource, type Context, type StackSource, versionsSource } from './stack-source';

/** The stack that bin/app.ts ships. */
const SHIPPED = 'Portway';

/** A gateway to be, with the cases that it takes. */
export interface PlannedRun {
  /** Unique in the rehearsal; names the run's folder. */
  readonly name: string;
  readonly source: StackSource;
  readonly context: Context;
  readonly cases: readonly NamedCase[];
}

export interface RunOptions {
  /** A stack of the app. Default: the shipped one, once for each engine. */
  readonly stack?: string | undefined;
  /** Command of the app. Default: what cdk.json says. */
  readonly app?: string | undefined;
  readonly engines: readonly Engine[];
  /** Given to every synth, as for `-c`. */
  readonly context: Context;
}

/** One run for each group of cases that can share a gateway; cases for any stack get one for each stack that is rehearsed. */
export function planRuns(cases: readonly NamedCase[], options: RunOptions): readonly PlannedRun[] {
  const names = new Set<string>();
  const unique = (name: string): string => {
    const free = names.has(name) ? `${name}-${[...names].filter((one) => one.startsWith(name)).length + 1}` : name;
    names.add(free);
    return free;
  };
  return groupCases(cases).flatMap((group) =>
    stacksOf(group, options).map(({ name, ...stack }) => ({ name: unique(name), ...stack, cases: group.cases })),
  );
}

function stacksOf(
  { versions, cases }: CaseGroup,
  { stack, app, engines, context }: RunOptions,
): readonly Omit<PlannedRun, 'cases'>[] {
  if (versions !== undefined) return [{ name: cases[0]?.name ?? '', source: versionsSource(versions), context }];
  if (stack !== undefined) return [{ name: stack, source: appSource(stack, app), context }];
  return engines.map((engine) => ({ name: engine, source: appSource(SHIPPED, app), context: { ...context, engine } }));
}
