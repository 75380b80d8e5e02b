import type { LoadBalancer, LoadBalancerAddress } from '@aws-sdk/client-elastic-load-balancing-v2';
import type { FoundBalancer, FoundTargetGroup } from './found-balancer';
import type { Told } from './group-differences';
import type { PromisedBalancer, PromisedFleet, PromisedPart } from './promised-fleet';
import { propertyDifferences } from './property-differences';
import type { StackResources } from './stack-resources';
import { targetsTold } from './targets';

const OF_BALANCER = ['Scheme', 'IpAddressType'];
const OF_LISTENER = ['Port', 'Protocol'];
const OF_TARGET_GROUP = [
  ...['Port', 'Protocol', 'TargetType', 'HealthCheckProtocol', 'HealthCheckPort', 'HealthCheckPath', 'Matcher'],
  ...['HealthCheckIntervalSeconds', 'HealthyThresholdCount', 'UnhealthyThresholdCount'],
];

/**
 * Compares a balancer, its listeners and target groups with the template, and looks at the health of each target. Pure.
 * @param serving the hosts of the group that are in service, by id
 */
export function balancerDifferences(
  promised: Pick<PromisedFleet, 'balancer' | 'listeners' | 'targetGroups'>,
  found: FoundBalancer,
  resources: StackResources,
  serving: readonly string[],
): Told {
  const { balancer, attributes, listeners, targetGroups } = found;
  const groupOf = ({ id }: PromisedPart) =>
    targetGroups.find(({ group }) => group.TargetGroupArn === resources.name(id));
  const paired = promised.targetGroups.map((one) => ({ one, what: portOf(one), found: groupOf(one) }));
  const there = paired.flatMap((pair) => (pair.found === undefined ? [] : [{ what: pair.what, found: pair.found }]));
  const targets = targetsTold(there, serving);
  const own = promised.listeners.map(({ id }) => resources.name(id));
  return {
    differences: [
      ...(balancer.State?.Code === 'active' ? [] : [`the balancer must be active, got: ${balancer.State?.Code}`]),
      ...partDifferences('the balancer', promised.balancer, OF_BALANCER, { found: balancer, attributes }),
      ...zoneDifferences(promised.balancer, found, resources),
      ...promised.listeners.flatMap((one) => {
        const what = `the listener for ${portOf(one)}`;
        const is = listeners.find(({ listener }) => listener.ListenerArn === resources.name(one.id));
        if (is === undefined) return [`${what} must be there, and is gone: nobody reaches this port`];
        const leads = (is.listener.DefaultActions ?? []).map(({ TargetGroupArn }) => TargetGroupArn).join(', ');
        const must = resources.name(one.targetGroup);
        return [
          ...partDifferences(what, one, OF_LISTENER, { found: is.listener, attributes: is.attributes }),
          ...(leads === must ? [] : [`${what} must lead to ${must}, and leads to ${leads || 'none'}`]),
        ];
      }),
      ...listeners
        .filter(({ listener }) => !own.includes(listener.ListenerArn ?? ''))
        .map(
          ({ listener }) =>
            `the balancer listens on ${`${listener.Protocol}`.toLowerCase()} ${listener.Port}, which was not promised`,
        ),
      ...paired.flatMap(({ one, what, found: is }) => targetGroupDifferences(`the target group of ${what}`, one, is)),
      ...targets.differences,
    ],
    notes: targets.notes,
  };
}

function targetGroupDifferences(
  what: string,
  promised: PromisedPart,
  found: FoundTargetGroup | undefined,
): readonly string[] {
  if (found === undefined) return [`${what} must be there, and is gone`];
  return partDifferences(what, promised, OF_TARGET_GROUP, { found: found.group, attributes: found.attributes });
}

/** Such as `tcp 80`. */
function portOf({ properties }: PromisedPart): string {
  return `${properties.Protocol}`.toLowerCase().concat(` ${properties.Port}`);
}

function partDifferences(
  what: string,
  promised: PromisedPart,
  names: readonly string[],
  is: { readonly found: object; readonly attributes: Readonly<Record<string, string>> },
): readonly string[] {
  const found = is.found as Readonly<Record<string, unknown>>;
  const values = names.map((name) => [name, promised.properties[name], found[name]] as const);
  const attributes = Object.entries(promised.attributes).map(([key, must]) => [key, must, is.attributes[key]] as const);
  return [...values, ...attributes].flatMap(([name, must, got]) =>
    propertyDifferences({ what: `${name} of ${what}`, must, is: got }),
  );
}

/** Each zone has its subnet and its address. */
function zoneDifferences(
  promised: PromisedBalancer,
  { balancer }: FoundBalancer,
  resources: StackResources,
): readonly string[] {
  const zones = balancer.AvailabilityZones ?? [];
  const groups = promised.securityGroups
    .map((id) => resources.name(id))
    .toSorted()
    .join(', ');
  const own = (balancer.SecurityGroups ?? []).toSorted().join(', ');
  const subnets = promised.zones.map(({ subnet }) => resources.name(subnet));
  return [
    ...(groups === own ? [] : [`the security groups of the balancer must be ${groups}, got: ${own || 'none'}`]),
    ...promised.zones.flatMap(({ subnet, address, allocationId }) => {
      const [where, must] = [resources.name(subnet), allocationId ?? resources.name(address ?? '')];
      const all = addressesIn(balancer, where);
      const got = all
        .flatMap((one) => (allocationId === undefined ? one.IpAddress : one.AllocationId) ?? [])
        .join(', ');
      return where === '' || must === '' || got === must
        ? []
        : [`the balancer must have ${must} in ${where}, got: ${got || 'no address'}`];
    }),
    ...(isDualStack(promised) ? subnets : [])
      .filter((where) => where !== '' && ipv6In(balancer, where).length === 0)
      .map((where) => `the balancer must have an IPv6 address in ${where}, and has none: nobody comes there by IPv6`),
    ...zones
      .filter(({ SubnetId = '' }) => !subnets.includes(SubnetId) && !subnets.includes(''))
      .map(({ SubnetId }) => `the balancer is in ${SubnetId} too, which was not promised`),
  ];
}

/** The fixed addresses of a balancer in a subnet. */
export function addressesIn({ AvailabilityZones = [] }: LoadBalancer, subnet: string): readonly LoadBalancerAddress[] {
  return AvailabilityZones.find(({ SubnetId }) => SubnetId === subnet)?.LoadBalancerAddresses ?? [];
}

/** The IPv6 addresses of a balancer in a subnet; without one, in all of them. */
export function ipv6In({ AvailabilityZones: zones = [] }: LoadBalancer, subnet?: string): readonly string[] {
  return zones
    .filter(({ SubnetId }) => subnet === undefined || SubnetId === subnet)
    .flatMap(({ LoadBalancerAddresses = [] }) => LoadBalancerAddresses.flatMap(({ IPv6Address }) => IPv6Address ?? []));
}

/** Whether clients also reach it by IPv6, as promised. */
export function isDualStack({ properties }: PromisedBalancer): boolean {
  return properties.IpAddressType === 'dualstack';
}
