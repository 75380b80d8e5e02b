import { groupOf, launched, typesOf } from '../../plan/change/fleet-template';
import { groupRulesOf, type PromisedRule } from '../../plan/change/group-rules';
import { listOf, ofType, type Resource, type Resources, reference } from '../../plan/change/template';

/**
 * What a fleet's template has besides the machine of its hosts. Ids are logical ones, or AWS's own of what was there before. Empty:
 * known only at deploy time.
 */
export interface PromisedFleet {
  readonly group: PromisedGroup;
  readonly balancer: PromisedBalancer;
  readonly targetGroups: readonly PromisedPart[];
  readonly listeners: readonly PromisedListener[];
  /** Of the hosts' launch template. */
  readonly imageId: unknown;
  /** Security groups of the hosts. */
  readonly hostGroups: readonly string[];
}

export interface PromisedPart {
  readonly id: string;
  /** As the template has them; AWS's answers have them by the same names. */
  readonly properties: Readonly<Record<string, unknown>>;
  /** Attributes that the template sets, by key. */
  readonly attributes: Readonly<Record<string, string>>;
}

export interface PromisedGroup extends PromisedPart {
  readonly launchTemplateId: string;
  /** The types of its hosts, in order of preference. Empty: that of the launch template alone. */
  readonly types: readonly string[];
  readonly subnets: readonly string[];
  readonly targetGroups: readonly string[];
  /** What lets its hosts linger, and what follows the load. */
  readonly hooks: readonly string[];
  readonly policies: readonly string[];
}

export interface PromisedBalancer extends PromisedPart {
  readonly securityGroups: readonly string[];
  readonly inbound: readonly PromisedRule[];
  readonly outbound: readonly PromisedRule[];
  /** For each zone, its subnet and its address. */
  readonly zones: readonly PromisedZone[];
}

export interface PromisedZone {
  readonly subnet: string;
  /** Of the stack. Undefined: it is somebody else's. */
  readonly address?: string;
  /** Of an address that is somebody else's. Undefined: only the deploy knows it. */
  readonly allocationId?: string;
}

export interface PromisedListener extends PromisedPart {
  /** Where it hands connections on to. */
  readonly targetGroup: string;
}

/** Reads a fleet out of its template. Pure. @throws Error if the template has no fleet */
export function promisedFleet(resources: Resources): PromisedFleet {
  const [balancerId, balancer] = ofType(resources, 'AWS::ElasticLoadBalancingV2::LoadBalancer')[0] ?? [];
  const groupId = groupOf({ Resources: resources });
  const group = resources[groupId ?? ''];
  const launchTemplateId = group === undefined ? undefined : launched(group);
  if (balancerId === undefined || balancer === undefined || groupId === undefined || group === undefined)
    throw new Error('the template must have a balancer, and a group with a launch template');
  const data = resources[launchTemplateId ?? '']?.Properties?.LaunchTemplateData as LaunchData | undefined;
  const mappings = listOf<Mapping>(balancer.Properties?.SubnetMappings);
  const groups = references(balancer.Properties?.SecurityGroups);
  const inGroups = { Type: balancer.Type, Properties: { SecurityGroupIds: balancer.Properties?.SecurityGroups } };
  const named = (type: string) => ofType(resources, type).filter(([, one]) => ofGroup(one, groupId));
  return {
    group: {
      ...part(groupId, group),
      launchTemplateId: launchTemplateId ?? '',
      types: typesOf(group),
      subnets: references(group.Properties?.VPCZoneIdentifier),
      targetGroups: references(group.Properties?.TargetGroupARNs),
      hooks: named('AWS::AutoScaling::LifecycleHook').map(([id]) => id),
      policies: named('AWS::AutoScaling::ScalingPolicy').map(([id]) => id),
    },
    balancer: {
      ...part(balancerId, balancer, 'LoadBalancerAttributes'),
      securityGroups: groups,
      inbound: groupRulesOf(resources, inGroups, 'Ingress'),
      outbound: groupRulesOf(resources, inGroups, 'Egress'),
      zones: mappings.map(({ SubnetId, AllocationId }) => {
        const [[subnet = ''], address] = [references([SubnetId]), reference(AllocationId)];
        if (typeof AllocationId === 'string') return { subnet, allocationId: AllocationId };
        return address === undefined ? { subnet } : { subnet, address };
      }),
    },
    targetGroups: ofType(resources, 'AWS::ElasticLoadBalancingV2::TargetGroup').map(([id, one]) =>
      part(id, one, 'TargetGroupAttributes'),
    ),
    listeners: ofType(resources, 'AWS::ElasticLoadBalancingV2::Listener').map(([id, one]) => ({
      ...part(id, one, 'ListenerAttributes'),
      targetGroup: references(
        listOf<{ readonly TargetGroupArn?: unknown }>(one.Properties?.DefaultActions).map(
          (action) => action.TargetGroupArn,
        ),
      ).join(),
    })),
    imageId: data?.ImageId,
    hostGroups: references(data?.SecurityGroupIds ?? listOf<Interface>(data?.NetworkInterfaces)[0]?.Groups),
  };
}

interface LaunchData {
  readonly ImageId?: unknown;
  readonly SecurityGroupIds?: unknown;
  readonly NetworkInterfaces?: unknown;
}

interface Interface {
  readonly Groups?: unknown;
}

interface Mapping {
  readonly SubnetId?: unknown;
  readonly AllocationId?: unknown;
}

function ofGroup({ Properties }: Resource, groupId: string): boolean {
  return reference(Properties?.AutoScalingGroupName) === groupId;
}

function part(id: string, { Properties: properties = {} }: Resource, attributes = ''): PromisedPart {
  const pairs = listOf<{ readonly Key: string; readonly Value: string }>(properties[attributes]);
  return { id, properties, attributes: Object.fromEntries(pairs.map(({ Key, Value }) => [Key, Value])) };
}

function references(value: unknown): readonly string[] {
  return listOf(value).map((one) => reference(one) ?? (typeof one === 'string' ? one : ''));
}
