import { Stack } from 'aws-cdk-lib';
import type * as ec2 from 'aws-cdk-lib/aws-ec2';
import { overlapCidr } from 'cidr-tools';
import type { Cidr } from '../../forward/cidr';
import type { GatewaySettings } from '../../forward/gateway-settings';
import type { Problems } from '../../forward/problems';
import { passes } from '../../forward/read-object';
import { isToken } from '../../forward/token';
import { isPrivate, ofUnknownLength, type Place } from '../check-vpc';
import { rangeOf } from '../egress';
import { type NetworkProps, ownSubnetRange } from '../network';

/** The addresses of a fleet's own VPC: of its hosts, and of the balancer, which checks them. */
const OWN_NETWORK = '10.0.0.0/16';

/** What a VPC of unknown range may have: RFC 1918, and RFC 6598. */
const PRIVATE = ['10.0.0.0/8', '172.16.0.0/12', '192.168.0.0/16', '100.64.0.0/10'];

/**
 * The subnets of an existing VPC that hosts and balancer are in: the first that is chosen in each zone, for as many zones as the fleet has.
 * Reports to `problems` what is wrong with them, and returns undefined.
 */
export function zoneSubnets(
  { vpc, subnets, isPending }: Place,
  { zones, isChosen }: { readonly zones: number; readonly isChosen: boolean },
  problems: Problems,
): readonly ec2.ISubnet[] | undefined {
  // The zones of dummy values are none of the real ones, and may be fewer.
  if (isPending) return Array.from({ length: zones }, (_, i) => subnets[i % subnets.length] as ec2.ISubnet);
  const prop = isChosen ? 'vpcSubnets' : 'vpc';
  const before = problems.length;
  const byZone = new Map<string, ec2.ISubnet>();
  for (const subnet of subnets) {
    const zone = zoneOf(subnet);
    if (isPrivate(vpc, subnet))
      problems.add(
        prop,
        'must choose public subnets alone: the way out of balancer and hosts is the internet gateway',
        subnet.node.path,
      );
    else if (zone === undefined || ofUnknownLength(subnet))
      problems.add(
        prop,
        'must choose subnets whose zones are known at synth, since a balancer has one a zone: give availabilityZone to Subnet.fromSubnetAttributes, or import the VPC by Vpc.fromLookup',
        subnet.node.path,
      );
    else if (!byZone.has(zone)) byZone.set(zone, subnet);
  }
  if (problems.length > before) return undefined;
  if (byZone.size >= zones) return [...byZone.values()].slice(0, zones);
  problems.add(
    prop,
    `must have public subnets in ${zones} zones, as capacity.zones says: make one in each further zone, choose others, or set fewer capacity.zones (at least 2)`,
    `subnets in ${byZone.size}`,
  );
  return undefined;
}

/** A key for a subnet's zone. An imported subnet without a zone throws when it is read. */
function zoneOf(subnet: ec2.ISubnet): string | undefined {
  let zone: string | undefined;
  passes(() => {
    zone = JSON.stringify(Stack.of(subnet).resolve(subnet.availabilityZone));
    return true;
  });
  return zone;
}

/** Reports blocked networks that the balancer's health checks come from: hosts would drop them, and all would be replaced. */
export function checkBlocked(
  { blocked }: GatewaySettings,
  { vpc, subnets }: Pick<NetworkProps, 'vpc' | 'subnets'>,
  problems: Problems,
): void {
  const own = vpc === undefined ? { ranges: [OWN_NETWORK], areKnown: true } : rangesOf(vpc as ec2.IVpc, subnets ?? []);
  for (const { text, family } of blocked)
    if (family === 4 && !isToken(text) && overlapCidr(text, [...own.ranges]))
      problems.add(
        'blocked',
        own.areKnown
          ? `must leave out ${own.ranges.join(', ')} on a fleet: the balancer checks the hosts from there, and hosts that drop that are replaced`
          : 'must leave out private networks on a fleet in a VPC whose range is not known at synth: the balancer checks the hosts from that range, and hosts that drop that are replaced. Import the VPC by Vpc.fromLookup, or with its vpcCidrBlock',
        text,
      );
}

/** The networks that the balancer connects from. Undefined: they are not known at synth. */
export function balancerNetworks(
  { vpc, subnets }: Pick<NetworkProps, 'vpc' | 'subnets'>,
  zones: number,
): readonly Cidr[] | undefined {
  const own = Array.from({ length: zones }, (_, i) => ownSubnetRange(i));
  const { ranges, areKnown } =
    vpc === undefined ? { ranges: own, areKnown: true } : rangesOf(vpc as ec2.IVpc, subnets ?? []);
  return areKnown ? ranges.map((text) => ({ text, family: 4 })) : undefined;
}

/** Where the balancer's addresses are: the ranges of its subnets, or of all of its VPC. */
function rangesOf(vpc: ec2.IVpc, subnets: readonly ec2.ISubnet[]) {
  const ofSubnets = subnets.map((subnet) => rangeOf(() => subnet.ipv4CidrBlock)).filter((range) => range !== undefined);
  if (subnets.length > 0 && ofSubnets.length === subnets.length) return { ranges: ofSubnets, areKnown: true };
  const ofVpc = rangeOf(() => vpc.vpcCidrBlock);
  return ofVpc === undefined ? { ranges: PRIVATE, areKnown: false } : { ranges: [ofVpc], areKnown: true };
}
