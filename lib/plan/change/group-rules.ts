import { normalizeCidr } from 'cidr-tools';
import { listOf, ofType, type Resource, type Resources, reference } from './template';

/** A rule of the security group for one network or prefix list. */
export interface PromisedRule {
  /** `tcp 80`, `udp 6000-6100`, `50`, `all`. */
  readonly what: string;
  /** Undefined: known only at deploy time. */
  readonly peer: string | undefined;
  /** Whether the peer is a security group of the template, whose id is known only at deploy time. */
  readonly ofGroup?: true;
  /** The logical id of that group. */
  readonly groupId?: string;
  /** The protocol, where the ports are known only at deploy time. */
  readonly anyPortOf?: string;
}

/** The groups of an instance, on itself or on its interface, as the template has them. */
export function groupsOf({ Properties: properties = {} }: Resource): readonly unknown[] {
  return [
    ...listOf(properties.SecurityGroupIds),
    // A launch template has them by another name.
    ...listOf<{ readonly GroupSet?: unknown; readonly Groups?: unknown }>(properties.NetworkInterfaces).flatMap((one) =>
      listOf(one?.GroupSet ?? one?.Groups),
    ),
  ];
}

/**
 * The rules of an instance's groups: those in the groups' own lists, and those that are resources. Groups that are not of the
 * template count as empty.
 */
export function groupRulesOf(
  resources: Resources,
  instance: Resource,
  side: 'Ingress' | 'Egress',
): readonly PromisedRule[] {
  const ids = groupsOf(instance).flatMap((group) => reference(group) ?? []);
  const inside = ids.flatMap((id) => listOf<TemplateRule>(resources[id]?.Properties?.[`SecurityGroup${side}`]));
  const beside = ofType(resources, `AWS::EC2::SecurityGroup${side}`)
    .map(([, { Properties }]) => (Properties ?? {}) as unknown as TemplateRule & { readonly GroupId?: unknown })
    .filter(({ GroupId }) => ids.includes(reference(GroupId) ?? ''));
  return [...inside, ...beside].map((rule) => {
    const network = rule.CidrIp ?? rule.CidrIpv6;
    const list = rule.SourcePrefixListId;
    const peer = typeof network === 'string' ? normalizeCidr(network) : typeof list === 'string' ? list : undefined;
    const group = rule.SourceSecurityGroupId ?? rule.DestinationSecurityGroupId;
    const groupId = reference(group);
    const ofGroup = { ofGroup: true as const, ...(groupId === undefined ? {} : { groupId }) };
    const known = { peer, ...(group === undefined ? {} : ofGroup) };
    const { IpProtocol, FromPort, ToPort } = rule;
    if (typeof FromPort === 'object')
      return { ...known, what: `${IpProtocol} (a port known at deploy)`, anyPortOf: IpProtocol };
    return { ...known, what: ruleText(IpProtocol, FromPort, ToPort as number | undefined) };
  });
}

interface TemplateRule {
  readonly IpProtocol: string;
  readonly FromPort?: number | object;
  readonly ToPort?: number | object;
  readonly CidrIp?: unknown;
  readonly CidrIpv6?: unknown;
  readonly SourcePrefixListId?: unknown;
  readonly SourceSecurityGroupId?: unknown;
  readonly DestinationSecurityGroupId?: unknown;
}

/** Whom a rule lets through. */
export function peerText({ peer, ofGroup }: PromisedRule): string {
  return peer ?? (ofGroup ? 'a security group' : 'a network known at deploy');
}

/** A rule as text, the same for the template's form and EC2's. A port of -1 means all. */
export function ruleText(protocol: string, from = -1, to = -1): string {
  if (protocol === '-1') return 'all';
  const first = from === -1 ? undefined : from;
  if (protocol.startsWith('icmp')) return first === undefined ? protocol : `${protocol} type ${first}`;
  if (first === undefined || !['tcp', 'udp'].includes(protocol)) return protocol;
  return to === first ? `${protocol} ${first}` : `${protocol} ${first}-${to}`;
}
