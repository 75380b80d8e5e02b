import { readFile } from 'node:fs/promises';
import { gatewaysOfOneStack, type SynthesizedGateway, stacksOf } from '../plan/assembly';
import { asGateway } from '../plan/change/fleet-template';
import { groupRulesOf, groupsOf, type PromisedRule } from '../plan/change/group-rules';
import { parseTemplate } from '../plan/change/parse-template';
import { contentTag } from '../plan/change/resources';
import { gatewayId, ofType, type Resource, type Resources, reference } from '../plan/change/template';
import type { Plan, PlannedForward, PlannedLogin } from '../plan/plan';
import { type PromisedFleet, promisedFleet } from './fleet/promised-fleet';
import { linesOf } from './pattern';

/** A gateway as its template defines it. Values known only at deploy time are undefined, and match anything. */
export interface Promised {
  /** The stack's name for a PortwayStack, such as `Team/Gateway` for a PortGateway. */
  readonly path: string;
  /** The stack's name in CloudFormation. */
  readonly stackName: string;
  /** Undefined: the region of the AWS settings. */
  readonly region: string | undefined;
  /** Logical id of the instance. */
  readonly instanceId: string;
  readonly address: PromisedAddress;
  /** Security groups of the instance that are not of its template. */
  readonly addedGroups: AddedGroups;
  /** Logical ids of all resources of the template, the gateway's and others. */
  readonly resources: ReadonlySet<string>;
  readonly instanceType: string | undefined;
  readonly httpTokens: string | undefined;
  readonly hopLimit: number | undefined;
  /** `enabled` where the metadata service tells tags, by which a host with live changes hears of them. */
  readonly metadataTags: string | undefined;
  readonly sourceDestCheck: boolean;
  /** Whether it has an instance profile, by which a host reads its files. */
  readonly hasProfile: boolean;
  /** Whether it has an IPv6 address. */
  readonly ipv6: boolean;
  /** SHA-256 of the content that a host with live changes runs. Undefined: user-data names its content, or it polls. */
  readonly content?: string | undefined;
  /** SHA-256 of the host's files, whatever tells it of them. */
  readonly files: string;
  /** Logical id of the condition that waits for the host's report on its content. */
  readonly proof: string;
  /** Lines; see {@link linesOf}. */
  readonly userData: readonly string[];
  /** The parameters with the host's files: lines by name. */
  readonly parameters: ReadonlyMap<string, readonly string[]>;
  readonly inbound: readonly PromisedRule[];
  readonly outbound: readonly PromisedRule[];
  readonly forwards: readonly PlannedForward[];
  readonly login: PlannedLogin;
  /** Names in Route 53 that lead to its address. */
  readonly names: readonly string[];
  /** What a fleet has besides. Its instance is its launch template, which all of its hosts are made of. */
  readonly fleet?: PromisedFleet;
}

/** How to find the Elastic IP. With neither id it is that of the instance. */
export interface PromisedAddress {
  /** Its logical id, if it is of the template. */
  readonly logicalId?: string;
  /** Its allocation id, if that is known. */
  readonly allocationId?: string;
  /** The address itself, if that is known. */
  readonly publicIp?: string;
}

export interface AddedGroups {
  readonly ids: readonly string[];
  /** How many more there are, whose ids are known only at deploy time. */
  readonly unknown: number;
}

/**
 * Reads the gateways of a stack from a cloud assembly.
 *
 * @param wanted a stack's name, or a gateway's path. Default: the only stack with gateways
 * @throws Error when there is no such stack, or it has no gateway
 */
export async function readPromised(assembly: string, wanted: string | undefined): Promise<readonly Promised[]> {
  const found = gatewaysOfOneStack(stacksOf(assembly), wanted);
  return Promise.all(found.map(readGateway));
}

async function readGateway({ path, planFile, stack }: SynthesizedGateway): Promise<Promised> {
  const { stackName, region, templateFile } = stack;
  const template = parseTemplate(await readFile(templateFile, 'utf8'), templateFile);
  const { Resources } = asGateway(template);
  const { association, gateway, forwards, userData, fleet } = JSON.parse(await readFile(planFile, 'utf8')) as Plan;
  const read = gatewayOf(Resources, association);
  const { address: publicIp, names = [], login } = gateway;
  return {
    ...{ path, stackName, region, forwards, names, login },
    ...read,
    address: { ...read.address, ...(publicIp ? { publicIp } : {}) },
    parameters: parametersOf(Resources, userData.parameters, fleet !== undefined),
    files: userData.content,
    ...(fleet === undefined ? {} : { fleet: promisedFleet(template.Resources) }),
  };
}

/** How the name of the parameter ends by which hosts that poll hear of their content; no tag says the same of a fleet. */
const POINTER = /^\/portway\/[^/]+\/[^/]+\/now$/;

function parametersOf(resources: Resources, names: readonly string[], polls: boolean): Promised['parameters'] {
  const all = ofType(resources, 'AWS::SSM::Parameter').map(
    ([, { Properties = {} }]) => [`${Properties.Name}`, linesOf(Properties.Value)] as const,
  );
  return new Map(all.filter(([name]) => names.includes(name) || (polls && POINTER.test(name))));
}

type Read = Omit<
  Promised,
  'path' | 'stackName' | 'region' | 'parameters' | 'forwards' | 'names' | 'files' | 'login' | 'fleet'
>;

function gatewayOf(resources: Resources, association: string): Read {
  const instanceId = gatewayId(resources, association);
  const instance = resources[instanceId ?? ''];
  if (instanceId === undefined || instance === undefined)
    throw new Error(`${association} of the template must be the association of an address with an instance`);
  const { Properties: properties = {} } = instance;
  const options = (properties.MetadataOptions ?? {}) as Record<string, unknown>;
  return {
    instanceId,
    address: addressOf(resources, resources[association]?.Properties?.AllocationId),
    addedGroups: addedGroupsOf(resources, instance),
    resources: new Set(Object.keys(resources)),
    instanceType: text(properties.InstanceType),
    httpTokens: text(options.HttpTokens),
    hopLimit: options.HttpPutResponseHopLimit as number | undefined,
    metadataTags: text(options.InstanceMetadataTags),
    sourceDestCheck: properties.SourceDestCheck !== false,
    hasProfile: properties.IamInstanceProfile !== undefined,
    ipv6: Number(properties.Ipv6AddressCount ?? 0) > 0,
    content: contentTag(instance),
    proof: proofOf(resources, instanceId),
    userData: linesOf(properties.UserData),
    inbound: groupRulesOf(resources, instance, 'Ingress'),
    outbound: groupRulesOf(resources, instance, 'Egress'),
  };
}

/** That of the boot, or where changes are live, the one without a handle, which waits for each content. */
function proofOf(resources: Resources, instanceId: string): string {
  const all = ofType(resources, 'AWS::CloudFormation::WaitCondition');
  // That of a fleet waits for no instance.
  const own = all.length === 1 ? all : all.filter(([, { DependsOn }]) => [DependsOn].flat().includes(instanceId));
  const live = own.find(([, { Properties }]) => Properties?.Handle === undefined);
  const [id] = live ?? own[0] ?? [];
  if (id === undefined) throw new Error(`the template must have a condition that waits for ${instanceId}`);
  return id;
}

function addressOf(resources: Resources, allocation: unknown): PromisedAddress {
  const logicalId = reference(allocation);
  if (logicalId !== undefined && logicalId in resources) return { logicalId };
  return typeof allocation === 'string' ? { allocationId: allocation } : {};
}

function addedGroupsOf(resources: Resources, instance: Resource): AddedGroups {
  const added = groupsOf(instance).filter((group) => !((reference(group) ?? '') in resources));
  const ids = added.filter((group) => typeof group === 'string');
  return { ids, unknown: added.length - ids.length };
}

function text(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined;
}
