import { dirname, join } from 'node:path';
import { CloudAssembly, type CloudFormationStackArtifact } from 'aws-cdk-lib/cx-api';

/** A stack of a synthesized app, in a stage or outside of one. */
export interface SynthesizedStack {
  /** Its construct path, as on the command line of `cdk deploy`: `Portway`, or `Prod/Gateway` in a stage. */
  readonly name: string;
  /** What CloudFormation calls it. */
  readonly stackName: string;
  /** Undefined: wherever the AWS settings lead. */
  readonly region: string | undefined;
  readonly templateFile: string;
  /** Where a PortwayStack writes its plan; other stacks have no such file. */
  readonly planFile: string;
}

/** All stacks of a cloud assembly, those of its stages too. */
export function stacksOf(folder: string): readonly SynthesizedStack[] {
  return new CloudAssembly(folder).stacksRecursively.map((stack) => ({
    name: stack.hierarchicalId,
    stackName: stack.stackName,
    region: knownRegion(stack),
    templateFile: stack.templateFullPath,
    planFile: join(dirname(stack.templateFullPath), `${stack.id}.plan.json`),
  }));
}

/** The stacks that a person means by a name: a construct path, or what CloudFormation calls the stack. */
export function named(stacks: readonly SynthesizedStack[], name: string): readonly SynthesizedStack[] {
  const byPath = stacks.filter((stack) => stack.name === name);
  return byPath.length > 0 ? byPath : stacks.filter((stack) => stack.stackName === name);
}

/** The names of stacks, for a message. */
export function listed(stacks: readonly SynthesizedStack[]): string {
  return stacks.map(({ name }) => name).join(', ') || 'none';
}

/**
 * What the app looked up and found in neither cdk.context.json nor the context: the CDK puts dummies in place of it.
 * @returns the keys under which `cdk synth` will write the values down
 */
export function missingLookups(folder: string): readonly string[] {
  const assembly = new CloudAssembly(folder);
  const nested = assembly.nestedAssemblies.flatMap((one) => missingLookups(one.nestedAssembly.directory));
  return [...new Set([...(assembly.manifest.missing ?? []).map(({ key }) => key), ...nested])];
}

function knownRegion({ environment }: CloudFormationStackArtifact): string | undefined {
  return environment.region === 'unknown-region' ? undefined : environment.region;
}
