import { ofType, type Resource, reference, type Template } from './template';

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
      // Other subnets of a group replace its hosts, as another subnet replaces an instance.
      [hostId]: {
        ...{ ...host, Type: 'AWS::EC2::Instance' },
        Properties: { ...data, SubnetId: group?.Properties?.VPCZoneIdentifier },
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

/** The logical id of a fleet's group, which its instances are tagged with. Undefined: the template has no fleet. */
export function groupOf({ Resources }: Template): string | undefined {
  return ofType(Resources, 'AWS::AutoScaling::AutoScalingGroup').find(([, one]) => launched(one) !== undefined)?.[0];
}

/** Whether a template has a fleet. */
export function isFleet(template: Template): boolean {
  return asGateway(template) !== template;
}

/** The logical id of a group's launch template. */
function launched({ Properties }: Resource): string | undefined {
  const { LaunchTemplateId } = (Properties?.LaunchTemplate ?? {}) as { readonly LaunchTemplateId?: unknown };
  return reference(LaunchTemplateId);
}
