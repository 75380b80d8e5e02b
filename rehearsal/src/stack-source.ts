import { readFile, rm } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { listed, named, stacksOf } from '../../lib/plan/assembly';
import type { Plan } from '../../lib/plan/plan';
import type { CdkRun } from './aws/cdk';
import type { FleetVersion, Version } from './case';
import { ONE_MORE, oneMore } from './one-more';
import { useStored } from './stored-template';

/** The project's root: where cdk.json is. */
const ROOT = resolve(__dirname, '../..');

/** Values as for the CDK CLI's `-c`. */
export type Context = Readonly<Record<string, string>>;

/** Where a run's stack comes from. */
export interface StackSource {
  /** Its name in the CDK, as on the command line of `cdk deploy`. */
  readonly stack: string;
  /** The names of its contents. The first one is deployed first. */
  readonly versions: readonly [string, ...string[]];
  /** Whether its account must be bootstrapped. */
  readonly bootstrap: boolean;
  /** Writes the cloud assembly of a version into a folder. `cdk` runs the real CLI. */
  synth(version: string, context: Context, outdir: string, cdk: (args: readonly string[]) => CdkRun): Promise<void>;
}

/** A synthesized stack. */
export interface Assembly {
  readonly version: string;
  readonly folder: string;
  /** Its name in CloudFormation. */
  readonly stackName: string;
  readonly plan: Plan;
}

/**
 * A stack of a CDK app, unchanged: its version `app`. The shipped app has a second one, `one more`, if a forward can be added to it.
 * @param app the app's command. Default: the one in cdk.json
 */
export function appSource(stack: string, app?: string): StackSource {
  const more = app === undefined ? oneMore() : undefined;
  return {
    stack,
    versions: more === undefined ? ['app'] : ['app', ONE_MORE],
    bootstrap: true,
    async synth(version, context, outdir, cdk) {
      const values = Object.entries(context).flatMap(([name, value]) => ['-c', `${name}=${value}`]);
      const command = version === ONE_MORE && more !== undefined ? await more.write(dirname(outdir)) : app;
      const own = command === undefined ? [] : ['--app', command];
      await cdk(['synth', stack, '--quiet', '--output', outdir, ...own, ...values]).finished;
    },
  };
}

/** A case's own stack: synthesized in this process, for accounts that were never bootstrapped. */
export function versionsSource(versions: Readonly<Record<string, Version>>): StackSource {
  const [first, ...rest] = Object.keys(versions);
  if (first === undefined) throw new Error('a case with versions must have one, got none');
  // With the content of both engines in it, a template is too large to be sent without a bucket.
  const bootstrap = Object.values(versions).some(({ onChange = 'live' }) => onChange === 'live');
  return {
    stack: 'Portway',
    versions: [first, ...rest],
    bootstrap,
    async synth(version, context, outdir) {
      const { storedTemplate, ...props } = chosen(versions, version);
      const app = await caseApp(outdir, { ...(bootstrap ? {} : { bootstrapless: 'true' }), ...context });
      const { PortwayStack } = await import('../../lib/portway-stack.js');
      const { contextProps } = await import('../../lib/context.js');
      new PortwayStack(app, 'Portway', { ...props, ...contextProps(app.node) });
      app.synth();
      if (storedTemplate !== undefined) await useStored(storedTemplate, join(outdir, 'Portway.template.json'));
    },
  };
}

/** A case's own fleet, for a bootstrapped account: its template is sent through a bucket. */
export function fleetSource(versions: Readonly<Record<string, FleetVersion>>): StackSource {
  const [first, ...rest] = Object.keys(versions);
  if (first === undefined) throw new Error('a case with a fleet must have a version of it, got none');
  return {
    stack: 'Fleet',
    versions: [first, ...rest],
    bootstrap: true,
    // The rehearsal's engine is that of the shipped stack; a case names its own.
    async synth(version, { engine: _, ...context }, outdir) {
      const { bootMinutes, ...props } = chosen(versions, version);
      const app = await caseApp(outdir, context);
      const { Duration } = await import('aws-cdk-lib');
      const { PortwayFleet } = await import('../../lib/portway-fleet.js');
      const { contextProps } = await import('../../lib/context.js');
      const signalTimeout = Duration.minutes(bootMinutes);
      new PortwayFleet(app, 'Fleet', { ...props, signalTimeout, ...contextProps(app.node) });
      app.synth();
    },
  };
}

function chosen<T>(versions: Readonly<Record<string, T>>, version: string): T {
  const content = versions[version];
  if (content === undefined)
    throw new Error(`a version of the case must be one of ${Object.keys(versions).join(', ')}, got: ${version}`);
  return content;
}

/** The CDK app of a case's own stack. */
async function caseApp(outdir: string, context: Context) {
  // The CDK takes a second to load, and listing cases does not need it.
  const { App } = await import('aws-cdk-lib');
  const settings = JSON.parse(await readFile(join(ROOT, 'cdk.json'), 'utf8')) as { context?: object };
  // The CDK's own validation is for templates that go to AWS, and takes seconds. The tests' part `cdk` runs it.
  const quick = { '@aws-cdk/core:validateAgainstDefaultRules': false };
  return new App({ outdir, context: { ...settings.context, ...quick, ...context } });
}

/** Synthesizes a version of a stack into a folder, which is emptied first, and reads the result. */
export async function assemble(
  source: StackSource,
  { version, context, folder, cdk }: { version: string; context: Context; folder: string; cdk: CdkCall },
): Promise<Assembly> {
  await rm(folder, { recursive: true, force: true });
  await source.synth(version, context, folder, cdk);
  const stacks = stacksOf(folder);
  const [stack] = named(stacks, source.stack);
  const plan = await readFile(stack?.planFile ?? '', 'utf8').catch(() => undefined);
  if (stack === undefined || plan === undefined)
    throw new Error(
      `the stack to rehearse must be a PortwayStack of the app (${listed(stacks)}), got: ${source.stack}`,
    );
  return { version, folder, stackName: stack.stackName, plan: JSON.parse(plan) as Plan };
}

type CdkCall = (args: readonly string[]) => CdkRun;
