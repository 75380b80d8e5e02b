import { normalizeCidr, overlapCidr, parseCidr } from 'cidr-tools';
import { INTERNET6, VPC } from './addresses';

/** The IPv6 side of a VPC and of the gateway's subnet, as in the EC2 API. */
export interface Ipv6Network {
  /** The VPC's range, a /56 as AWS gives it. */
  readonly vpc: string;
  /** The gateway's subnet, a /64 of it. */
  readonly subnet: string;
}

/** Where things are in a dual-stack VPC. */
export interface Ipv6Map extends Ipv6Network {
  /** The router in the gateway's subnet, and in the backends'. */
  readonly router: string;
  readonly backendSubnet: string;
  readonly backendRouter: string;
  /** In the order of {@link VPC.backends}, with the same last number. */
  readonly backends: readonly string[];
}

/**
 * Assigns addresses to routers and backends in a VPC's IPv6 range. The backends are in its last /64.
 * @throws Error if the ranges are not a /56 and a /64 inside it, or leave no room
 */
export function ipv6Map({ vpc, subnet }: Ipv6Network): Ipv6Map {
  const range = parseCidr(vpc);
  const own = parseCidr(subnet);
  if (range.version !== 6 || range.prefix !== '56' || overlapCidr(vpc, INTERNET6.cidr))
    throw new Error(`the lab's VPC must have an IPv6 /56 outside of ${INTERNET6.cidr}, got: ${vpc}`);
  const last = ((range.start >> 64n) | 0xffn) << 64n;
  if (own.prefix !== '64' || own.start < range.start || own.end > range.end || own.start === last)
    throw new Error(`the lab's IPv6 subnet must be a /64 of ${vpc}, but not its last one, got: ${subnet}`);
  return {
    vpc,
    subnet,
    router: ipv6(own.start | 1n),
    backendSubnet: `${ipv6(last)}/64`,
    backendRouter: ipv6(last | 1n),
    backends: VPC.backends.map((address) => `${ipv6(last).replace(/::$/, '')}::${address.split('.')[3]}`),
  };
}

function ipv6(value: bigint): string {
  const groups = value.toString(16).padStart(32, '0').match(/.{4}/g) ?? [];
  return normalizeCidr(groups.join(':'));
}
