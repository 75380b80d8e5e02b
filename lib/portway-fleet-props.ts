import type { CdkStackProps } from './constructs/cdk-stack-props';
import type { DnsProps } from './constructs/dns';
import type { CapacityProps } from './constructs/fleet/capacity';
import type { NOT_ON_A_FLEET } from './constructs/fleet/not-on-a-fleet';
import type { AmiProps } from './constructs/machine';
import type { PortGatewayProps } from './port-gateway-props';

/**
 * Props of a fleet: its forwards, its capacity, and the hosts. What they have in common with those of a single gateway
 * means the same; limits and caches are each host's own.
 */
export interface PortwayFleetProps
  extends CdkStackProps,
    Omit<PortGatewayProps, keyof typeof NOT_ON_A_FLEET | 'ami' | 'dns'> {
  /**
   * How many hosts there are, and over how many zones.
   * @category Fleet
   */
  readonly capacity: CapacityProps;
  /**
   * The image of the hosts. It must have the same `os` and architecture. It is named, because a fleet that took the
   * newest one at each launch would have hosts of several images, and nobody would see it. Another image replaces the
   * hosts one by one.
   * @category Fleet
   * @refused none; the message has the command that prints the newest one
   */
  readonly ami: AmiProps;
  /**
   * The TCP port on which the balancer asks each host whether its forwards run (1024-65535). Nobody else may reach it.
   * @default 10256
   * @category Fleet
   * @refused a port of a forward
   */
  readonly healthPort?: number;
  /**
   * Names that lead to the balancer, as alias records (A) in a hosted zone of Route 53: an answer leaves out the addresses
   * of zones without a healthy host. There are no AAAA records, since a fleet has no IPv6. A name must not have an A record already.
   * @default none
   * @category Fleet
   */
  readonly dns?: DnsProps;
}
