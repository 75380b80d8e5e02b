import { listOf, ofType, type Resource, reference, type Template } from './template';

/** Of a launch template what an instance has under the same name. */
type LaunchTemplateData = Readonly<Record<string, unknown>>;

/**
 * The template of a fleet as that of a gateway, so that both are compared by the same rules: each host is what its launch template
 * says, and the balancer is what gives it the addresses. Ids stay. Any other template stays as it is.
 */
export function asGateway(template: Template): Template {
  const { Resources } = template;
  const [[, group] = []] = ofType(Resources, 'AWS::AutoScaling::AutoScalingGroup').filter(([, one]) => launched(one));
  const [[balancerId, balancer] = []] = ofType(Resources, 'AWS::ElasticLoadBalancingV2::LoadBalancer');
  const hostId = group === undefined ? undefined : launched(group);
  const host = Resources[hostId ?? ''];
  if (hostId === undefined || host === undefined || balancerId === undefined || balancer === undefined) return template;
  const data = (host.Properties?.LaunchTemplateData ?? {}) as LaunchTemplateData;
  return {
    ...template,
    Resources: {
      ...Resources,
      // Other subnets of a group replace its hosts, as another subnet replaces an instance. So do other types.
      [hostId]: {
        ...{ ...host, Type: 'AWS::EC2::Instance' },
        Properties: { ...data, SubnetId: group?.Properties?.VPCZoneIdentifier, ...preferred(group) },
      },
      [balancerId]: {
        ...balancer,
        Type: 'AWS::EC2::EIPAssociation',
        Properties: {
          ...balancer.Properties,
          InstanceId: { Ref: hostId },
          AllocationId: balancer.Properties?.SubnetMappings,
        },
      },
    },
  };
}

/** All types in place of the first, if there are several. */
function preferred(group: Resource | undefined): { readonly InstanceType?: string } {
  const types = group === undefined ? [] : typesOf(group);
  return types.length === 0 ? {} : { InstanceType: types.join(', ') };
}

/** The logical id of a fleet's group, which its instances are tagged with. Undefined: the template has no fleet. */
export function groupOf({ Resources }: Template): string | undefined {
  return ofType(Resources, 'AWS::AutoScaling::AutoScalingGroup').find(([, one]) => launched(one) !== undefined)?.[0];
}

/** Whether a template has a fleet. */
export function isFleet(template: Template): boolean {
  return asGateway(template) !== template;
}

interface Launched {
  readonly LaunchTemplateId?: unknown;
}

interface Mixed {
  readonly LaunchTemplate?: { readonly LaunchTemplateSpecification?: Launched; readonly Overrides?: unknown };
}

/** The logical id of a group's launch template, alone or with other types. */
export function launched({ Properties }: Resource): string | undefined {
  const mixed = (Properties?.MixedInstancesPolicy as Mixed | undefined)?.LaunchTemplate?.LaunchTemplateSpecification;
  return reference(((Properties?.LaunchTemplate as Launched | undefined) ?? mixed)?.LaunchTemplateId);
}

/** The types that a group launches, in order of preference. Empty: that of its launch template alone. */
export function typesOf({ Properties }: Resource): readonly string[] {
  const overrides = (Properties?.MixedInstancesPolicy as Mixed | undefined)?.LaunchTemplate?.Overrides;
  return listOf<{ readonly InstanceType?: string }>(overrides).flatMap(({ InstanceType }) => InstanceType ?? []);
}
