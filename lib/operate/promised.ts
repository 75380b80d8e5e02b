import { readFile } from 'node:fs/promises';
import { normalizeCidr } from 'cidr-tools';
import { CONTENT_TAG } from '../host/live/content';
import { listed, named, stacksOf } from '../plan/assembly';

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

/** A rule of the security group for one network. */
export interface PromisedRule {
  /** `tcp 80`, `udp 6000-6100`, `50`, `all`. */
  readonly what: string;
  /** Undefined: known only at deploy time. */
  readonly peer: string | undefined;
}

/** A placeholder in a line of user-data: matches any text, including none. */
export const UNKNOWN = '\u0000';

interface Resource {
  readonly Type: string;
  readonly Properties?: Readonly<Record<string, unknown>>;
}
type Resources = Readonly<Record<string, Resource>>;

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
  const { Resources = {} } = JSON.parse(await readFile(templateFile, 'utf8')) as { Resources?: Resources };
  return { stackName, region, ...gatewayOf(Resources, name) };
}

/** The gateway is the instance with the address. */
function gatewayOf(resources: Resources, stack: string): Omit<Promised, 'stackName' | 'region'> {
  const association = Object.values(resources).find(({ Type }) => Type === 'AWS::EC2::EIPAssociation');
  const properties = resources[reference(association?.Properties?.InstanceId) ?? '']?.Properties;
  if (properties === undefined)
    throw new Error(`stack must be a PortwayStack, but no instance of ${stack} has an address`);
  const options = (properties.MetadataOptions ?? {}) as Record<string, unknown>;
  const interfaces = (properties.NetworkInterfaces ?? []) as { GroupSet?: unknown[] }[];
  const groups = [
    ...((properties.SecurityGroupIds ?? []) as unknown[]),
    ...interfaces.flatMap((i) => i.GroupSet ?? []),
  ];
  const ids = groups.flatMap((group) => reference(group) ?? []);
  return {
    instanceType: text(properties.InstanceType),
    httpTokens: text(options.HttpTokens),
    hopLimit: options.HttpPutResponseHopLimit as number | undefined,
    sourceDestCheck: properties.SourceDestCheck !== false,
    content: contentOf((properties.Tags ?? []) as { Key?: unknown; Value?: unknown }[]),
    userData: joined(properties.UserData).split('\n'),
    inbound: rulesOf(resources, ids, 'Ingress'),
    outbound: rulesOf(resources, ids, 'Egress'),
  };
}

/** The tag that tells a running host its content. */
function contentOf(tags: readonly { readonly Key?: unknown; readonly Value?: unknown }[]): string | undefined {
  return text(tags.find(({ Key }) => Key === CONTENT_TAG)?.Value);
}

/** Inline rules of the groups, and rules that are separate resources. */
function rulesOf(resources: Resources, ids: readonly string[], side: 'Ingress' | 'Egress'): PromisedRule[] {
  const inside = ids.flatMap((id) => (resources[id]?.Properties?.[`SecurityGroup${side}`] ?? []) as TemplateRule[]);
  const beside = Object.values(resources)
    .filter(
      ({ Type, Properties }) =>
        Type === `AWS::EC2::SecurityGroup${side}` && ids.includes(reference(Properties?.GroupId) ?? ''),
    )
    .map(({ Properties }) => Properties as unknown as TemplateRule);
  return [...inside, ...beside].map((rule) => {
    const peer = text(rule.CidrIp ?? rule.CidrIpv6);
    return { what: ruleText(rule.IpProtocol, rule.FromPort, rule.ToPort), peer: peer && normalizeCidr(peer) };
  });
}

interface TemplateRule {
  readonly IpProtocol: string;
  readonly FromPort?: number;
  readonly ToPort?: number;
  readonly CidrIp?: unknown;
  readonly CidrIpv6?: unknown;
}

/** A rule as text, the same for the template's form and EC2's. A port of -1 means all. */
export function ruleText(protocol: string, from = -1, to = -1): string {
  if (protocol === '-1') return 'all';
  const first = from === -1 ? undefined : from;
  if (protocol.startsWith('icmp')) return first === undefined ? protocol : `${protocol} type ${first}`;
  if (first === undefined || !['tcp', 'udp'].includes(protocol)) return protocol;
  return to === first ? `${protocol} ${first}` : `${protocol} ${first}-${to}`;
}

/** A string of the template, parts of which may be known only at deploy time. */
function joined(value: unknown): string {
  if (typeof value === 'string') return value;
  const [[name, argument] = []] = Object.entries((value ?? {}) as Record<string, unknown>);
  if (name === 'Fn::Base64') return joined(argument);
  if (name !== 'Fn::Join') return UNKNOWN;
  const [separator, parts] = argument as [string, unknown[]];
  return parts.map(joined).join(separator);
}

function text(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined;
}

/** The logical id in a Ref or an Fn::GetAtt. */
function reference(value: unknown): string | undefined {
  const { Ref, 'Fn::GetAtt': attribute } = (value ?? {}) as { Ref?: string; 'Fn::GetAtt'?: [string, string] };
  return Ref ?? attribute?.[0];
}
