import type * as ec2 from 'aws-cdk-lib/aws-ec2';
import type * as iam from 'aws-cdk-lib/aws-iam';
import type { CdkStackProps } from './constructs/cdk-stack-props';
import type { DnsProps } from './constructs/dns';
import type { ExistingEipProps } from './constructs/fixed-address';
import type { CapacityProps } from './constructs/fleet/capacity';
import type { NOT_ON_A_FLEET } from './constructs/fleet/not-on-a-fleet';
import type { AmiProps } from './constructs/machine';
import type { GatewayMonitoringProps } from './constructs/monitoring';
import type { PortGatewayProps } from './port-gateway-props';

/**
 * Props of a fleet: its forwards, its capacity, and the hosts. What they have in common with those of a single gateway
 * means the same; limits and caches are each host's own, but for limits with
 * `perFleet`.
 */
export interface PortwayFleetProps
  extends CdkStackProps,
    Omit<PortGatewayProps, keyof typeof NOT_ON_A_FLEET | keyof OwnWords> {
  /**
   * How many hosts there are, and over how many zones.
   * @category Fleet
   */
  readonly capacity: CapacityProps;
  /**
   * The image of the hosts. It must have the same `os` and architecture. It is named, because a fleet that took the
   * newest one at each launch would have hosts of several images, and nobody would see it. Another image replaces the
   * hosts, one in each zone at a time.
   * @category Fleet
   * @refused none; the message has the command that prints the newest one
   */
  readonly ami: AmiProps;
  /**
   * Whether clients also reach the balancer by IPv6, which costs nothing more. It can be turned on and off while the fleet serves: hosts stay as they are, and have no IPv6
   * of their own. The stack's own VPC gets a range from Amazon; the subnets of an existing one must have a /64 and a route for `::/0`.
   * @default false
   * @category Fleet
   * @refused UDP and HTTP/3; forwards on nginx for everyone without `proxyProtocol: { accept: 'balancer' }`; limits and lists on iptables,
   * but for lists of IPv4 networks; subnets of this app without IPv6; `blocked` with IPv6 networks
   * @see docs/fleet.md#ipv6
   */
  readonly ipv6?: boolean;
  /**
   * Elastic IPs of yours for the balancer, one for each zone, in the order of its subnets. They outlive the fleet, so a fleet in its place, or a gateway that goes, can have
   * the same. An address must be free when the fleet is made, and a balancer keeps those it was made with: whether AWS takes others later is not known.
   * @default a new address in each zone, which is released with the stack
   * @category Fleet
   * @refused fewer or more than `capacity.zones`; the same one twice
   * @see docs/fleet.md#the-way-over
   */
  readonly eips?: readonly ExistingEipProps[];
  /**
   * Names that lead to the balancer, as alias records in a hosted zone of Route 53: an answer leaves out the addresses
   * of zones without a healthy host. With `ipv6` there are AAAA records too. A name must have neither already.
   * @default none
   * @category Fleet
   */
  readonly dns?: DnsProps;
  /**
   * An existing VPC. Its first public subnet in each zone is used, unless `vpcSubnets` chooses others. It cannot be changed: a balancer does
   * not move to another VPC, so the deploy fails and goes back. Deploy another fleet there.
   * @default a VPC of its own, 10.0.0.0/16, with a public subnet in each zone
   * @category Fleet
   * @refused a VPC with public subnets in fewer zones than `capacity.zones`; subnets whose zones are not known at synth
   */
  readonly vpc?: ec2.IVpc | ec2.Vpc;
  /**
   * Which public subnets of `vpc`, by the CDK's `SubnetSelection`: `{ availabilityZones: ['eu-central-1a', 'eu-central-1b'] }`,
   * `{ subnetGroupName: 'Edge' }`, `{ subnets: [one, other] }`. The first one that it selects in each zone is used, for as many zones as
   * `capacity.zones` says. Others replace the hosts.
   * @default the VPC's public subnets
   * @category Fleet
   * @refused without `vpc`; a selection with private subnets, or with subnets in fewer zones than `capacity.zones`
   */
  readonly vpcSubnets?: ec2.SubnetSelection;
  /**
   * Further security groups of the hosts, such as a group that admits monitoring. Their own group, which admits the balancer and the
   * admin, is always there; what any group allows is allowed. AWS's quota is five groups in all. Another list replaces the hosts.
   * @default none
   * @category Fleet
   * @refused without `vpc`; an empty list; more than 15
   */
  readonly securityGroups?: readonly ec2.ISecurityGroup[];
  /**
   * The hosts' role, if it must not be one of their own: EC2 must be allowed to assume it. Portway adds one inline policy, with what these
   * hosts read. A role that is imported with `mutable: false` is left as it is, and must have these rights already: `cdk synth` without
   * `role` shows them. Changing the role leaves the hosts alone.
   * @default a new role
   * @category Fleet
   */
  readonly role?: iam.IRole;
  /**
   * Metrics of the forwards and of the hosts, alarms on balancer, group and hosts, and a dashboard. `prometheus` opens its port on each
   * host; `cloudWatch` sums over the hosts; each line of `logs` names its host.
   * @default none
   * @category Fleet
   * @see docs/monitoring/README.md#a-fleet
   */
  readonly monitoring?: GatewayMonitoringProps;
}

/** Props of a single gateway that mean something else on a fleet. */
type OwnWords = Pick<
  PortGatewayProps,
  'ami' | 'dns' | 'ipv6' | 'vpc' | 'vpcSubnets' | 'securityGroups' | 'role' | 'monitoring'
>;
