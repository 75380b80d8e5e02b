import { readdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { CloudAssembly, type CloudFormationStackArtifact } from 'aws-cdk-lib/cx-api';
import { annotationsOf, type PlannedAnnotation } from './annotations';

/** A stack of a synthesized app, in a stage or outside. */
export interface SynthesizedStack {
  /** Its construct path, as `cdk deploy` takes it: `Portway`, or `Prod/Gateway` in a stage. */
  readonly name: string;
  /** Its name in CloudFormation. */
  readonly stackName: string;
  /** Undefined: the region of the AWS settings. */
  readonly region: string | undefined;
  readonly templateFile: string;
  /** The stack's own tags. Those of `cdk deploy --tags` are not known here. */
  readonly tags: Readonly<Record<string, string>>;
  /** A PortwayStack writes its plan here; other stacks have no such file. */
  readonly planFile: string;
  /** The parameter with the version of the account's bootstrap, and the least version. Undefined: it needs none. */
  readonly bootstrap: { readonly parameter: string; readonly version: number } | undefined;
  /** The plan files of all its gateways, by path: the stack's for a PortwayStack, such as `Team/Gateway` for a PortGateway. */
  readonly gateways: ReadonlyMap<string, string>;
  readonly annotations: readonly PlannedAnnotation[];
}

/** All stacks of a cloud assembly, including those in stages. */
export function stacksOf(folder: string): readonly SynthesizedStack[] {
  return new CloudAssembly(folder).stacksRecursively.map((stack) => ({
    name: stack.hierarchicalId,
    stackName: stack.stackName,
    region: knownRegion(stack),
    templateFile: stack.templateFullPath,
    tags: stack.tags,
    planFile: join(dirname(stack.templateFullPath), `${stack.id}${PLAN}`),
    bootstrap: bootstrapOf(stack),
    gateways: gatewaysOf(stack),
    annotations: annotationsOf(stack),
  }));
}

function bootstrapOf(stack: CloudFormationStackArtifact): SynthesizedStack['bootstrap'] {
  const { requiresBootstrapStackVersion: version, bootstrapStackVersionSsmParameter: parameter } = stack;
  return version === undefined || parameter === undefined ? undefined : { parameter, version };
}

const PLAN = '.plan.json';

function gatewaysOf({ id, hierarchicalId, templateFullPath }: CloudFormationStackArtifact): Map<string, string> {
  const folder = dirname(templateFullPath);
  const files = readdirSync(folder).filter((file) => file.startsWith(`${id}.`) && file.endsWith(PLAN));
  return new Map(
    files.toSorted().map((file) => {
      const suffix = file.slice(id.length, -PLAN.length);
      return [`${hierarchicalId}${suffix.replaceAll('.', '/')}`, join(folder, file)];
    }),
  );
}

/** The stacks with a name: a construct path, else a name in CloudFormation. */
export function named(stacks: readonly SynthesizedStack[], name: string): readonly SynthesizedStack[] {
  const byPath = stacks.filter((stack) => stack.name === name);
  return byPath.length > 0 ? byPath : stacks.filter((stack) => stack.stackName === name);
}

/** A gateway of a synthesized app. */
export interface SynthesizedGateway {
  /** The stack's name for a PortwayStack, such as `Team/Gateway` for a PortGateway. */
  readonly path: string;
  readonly planFile: string;
  readonly stack: SynthesizedStack;
}

/**
 * Finds gateways by a name: a stack's name means all of its gateways.
 *
 * @param wanted a stack's name, or a gateway's path. Undefined: all gateways of the app
 * @throws Error if there is none
 */
export function gatewaysNamed(stacks: readonly SynthesizedStack[], wanted: string | undefined) {
  const all = (some: typeof stacks) =>
    some.flatMap((stack) =>
      [...stack.gateways].map(([path, planFile]): SynthesizedGateway => ({ path, planFile, stack })),
    );
  const chosen = wanted === undefined ? stacks : named(stacks, wanted);
  const found = chosen.length > 0 ? all(chosen) : all(stacks).filter(({ path }) => path === wanted);
  if (found.length > 0) return found;
  throw new Error(
    wanted === undefined
      ? `the app must have a PortwayStack or a PortGateway, its stacks are: ${listed(stacks)}`
      : `stack must be one of the app with a gateway (${listed(stacks)}), got: ${wanted}`,
  );
}

/**
 * The gateways of one stack, or one of them.
 *
 * @param wanted as above. Undefined: those of the only stack that has any
 * @throws Error if there is none, or if they are in several stacks
 */
export function gatewaysOfOneStack(stacks: readonly SynthesizedStack[], wanted: string | undefined) {
  const found = gatewaysNamed(stacks, wanted);
  const among = [...new Set(found.map(({ stack }) => stack))];
  if (among.length > 1)
    throw new Error(`the stack must be named by its path, since the app has several: ${listed(among)}`);
  return found;
}

/** The names of stacks, for a message. */
export function listed(stacks: readonly SynthesizedStack[]): string {
  return stacks.map(({ name }) => name).join(', ') || 'none';
}

/**
 * Lookups whose values are not in cdk.context.json or the context; the CDK uses dummy values for them.
 * @returns the keys that `cdk synth` will store the values under
 */
export function missingLookups(folder: string): readonly string[] {
  const assembly = new CloudAssembly(folder);
  const nested = assembly.nestedAssemblies.flatMap((one) => missingLookups(one.nestedAssembly.directory));
  return [...new Set([...(assembly.manifest.missing ?? []).map(({ key }) => key), ...nested])];
}

function knownRegion({ environment }: CloudFormationStackArtifact): string | undefined {
  return environment.region === 'unknown-region' ? undefined : environment.region;
}
