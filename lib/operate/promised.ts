import { readFile } from 'node:fs/promises';
import { listed, named, stacksOf } from '../plan/assembly';
import { groupRulesOf, type PromisedRule } from '../plan/change/group-rules';
import { contentTag } from '../plan/change/resources';
import { gatewayId, parseTemplate, type Resources, textOf } from '../plan/change/template';

/** A gateway as its template defines it. Values known only at deploy time are undefined, and match anything. */
export interface Promised {
  /** The stack's name in CloudFormation. */
  readonly stackName: string;
  /** Undefined: the region of the AWS settings. */
  readonly region: string | undefined;
  readonly instanceType: string | undefined;
  readonly httpTokens: string | undefined;
  readonly hopLimit: number | undefined;
  readonly sourceDestCheck: boolean;
  /** SHA-256 of the content that a host with live changes runs. Undefined: its content is in user-data. */
  readonly content?: string | undefined;
  /** Lines; {@link UNKNOWN} stands for values known only at deploy time, such as the signal's URL. */
  readonly userData: readonly string[];
  readonly inbound: readonly PromisedRule[];
  readonly outbound: readonly PromisedRule[];
}

/** A placeholder in a line of user-data: matches any text, including none. */
export const UNKNOWN = '\u0000';

/**
 * Reads the gateway of a stack from a cloud assembly.
 * @throws Error when there is no such stack, or it has no gateway
 */
export async function readPromised(assembly: string, wanted: string | undefined): Promise<Promised> {
  const stacks = stacksOf(assembly);
  const [stack, ...more] = wanted === undefined ? stacks : named(stacks, wanted);
  if (stack === undefined) throw new Error(`stack must be one of the app's (${listed(stacks)}), got: ${wanted}`);
  if (more.length > 0)
    throw new Error(`the stack must be named by its path, since the app has several: ${listed([stack, ...more])}`);
  const { name, stackName, region, templateFile } = stack;
  const { Resources } = parseTemplate(await readFile(templateFile, 'utf8'), templateFile);
  return { stackName, region, ...gatewayOf(Resources, name) };
}

function gatewayOf(resources: Resources, stack: string): Omit<Promised, 'stackName' | 'region'> {
  const instance = resources[gatewayId(resources) ?? ''];
  if (instance === undefined)
    throw new Error(`stack must be a PortwayStack, but no instance of ${stack} has an address`);
  const { Properties: properties = {} } = instance;
  const options = (properties.MetadataOptions ?? {}) as Record<string, unknown>;
  return {
    instanceType: text(properties.InstanceType),
    httpTokens: text(options.HttpTokens),
    hopLimit: options.HttpPutResponseHopLimit as number | undefined,
    sourceDestCheck: properties.SourceDestCheck !== false,
    content: contentTag(instance),
    userData: textOf(properties.UserData, () => UNKNOWN).split('\n'),
    inbound: groupRulesOf(resources, instance, 'Ingress'),
    outbound: groupRulesOf(resources, instance, 'Egress'),
  };
}

function text(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined;
}
