import type * as ec2 from 'aws-cdk-lib/aws-ec2';
import type { Login } from '../forward/admin';
import { type Cidr, LOGIN_ENDPOINT } from '../forward/cidr';
import type { Problems } from '../forward/problems';
import { passes } from '../forward/read-object';
import { isToken } from '../forward/token';
import { OPERATING_SYSTEMS } from '../host/operating-system';
import type { Place } from './check-vpc';
import type { Machine } from './machine';
import { ownSubnetRange } from './network';

/** The subnet that the gateway and its endpoint are in: that of an existing VPC, or of its own one. */
export interface LoginPlace {
  readonly place: Place | undefined;
  readonly isForeign: boolean;
  readonly availabilityZoneIndex: unknown;
}

/** The network that port 22 must stay open to. Undefined: it is not valid, not known at synth, or there is none. */
export function loginNetwork({ way, admin }: Login, { place, isForeign, ...own }: LoginPlace): Cidr | undefined {
  if (way !== 'endpoint') return admin;
  if (!isForeign) {
    const { availabilityZoneIndex: index = 0 } = own;
    return typeof index === 'number' ? { text: ownSubnetRange(index), family: 4 } : undefined;
  }
  const range = place === undefined ? undefined : rangeOf(place.subnet);
  return range === undefined ? undefined : { text: range, family: 4 };
}

/** An imported subnet whose range was not given throws when it is read. */
function rangeOf(subnet: ec2.ISubnet): string | undefined {
  let range: string | undefined;
  passes(() => {
    range = subnet.ipv4CidrBlock;
    return true;
  });
  return range;
}

/** Refuses ways to log in that the machine or the network has no part for. */
export function checkLogin(
  { way }: Login,
  {
    machine,
    network,
    hasEgress,
  }: {
    readonly machine: Machine;
    /** As `loginNetwork` tells it. */
    readonly network: Cidr | undefined;
    readonly hasEgress: boolean;
  },
  problems: Problems,
): void {
  const os = OPERATING_SYSTEMS[machine.os];
  if (way === 'session-manager' && !os.hasSessionAgent && 'parameter' in machine.image)
    problems.add(
      'ssh',
      `must be 'direct' or 'endpoint' with ${machine.os}, whose images have no agent of Session Manager; 'amazon-linux-2023' and 'ubuntu-24.04' have it, and so may an ami of yours`,
      way,
    );
  if (way === 'endpoint' && hasEgress && (network === undefined || isToken(network.text)))
    problems.add(
      'ssh',
      "must not be 'endpoint' with egress in a subnet whose range is not known at synth: the host tells the endpoint from private networks by it. Import the subnet with its ipv4CidrBlock, or by Vpc.fromLookup",
      way,
    );
}

/** Whom the security group admits to port 22. Undefined: nobody. */
export function loginPeer({ way, admin }: Login): Cidr | undefined {
  return way === 'endpoint' ? LOGIN_ENDPOINT : way === 'direct' ? (admin ?? NOBODY) : undefined;
}

/** Placeholder so that validation can continue without an admin CIDR. */
export const NOBODY: Cidr = { text: '192.0.2.0/32', family: 4 };
