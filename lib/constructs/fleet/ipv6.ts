import { Fn } from 'aws-cdk-lib';
import * as ec2 from 'aws-cdk-lib/aws-ec2';
import { Construct, type IDependable } from 'constructs';
import { acknowledgeInPacks } from '../acknowledge';
import type { Network } from '../network';

/**
 * IPv6 in a fleet's own VPC: a range from Amazon, a /64 of it for each subnet, and a way to the internet. All of it is beside the VPC and
 * its subnets, which do not change: neither do the hosts, which have no IPv6 of their own.
 */
export class FleetIpv6 extends Construct {
  /** What a balancer with IPv6 needs to be there. */
  readonly parts: readonly IDependable[];

  constructor(scope: Construct, id: string, { vpc, internet }: Network) {
    super(scope, id);
    const { vpcIpv6CidrBlocks, internetGatewayId: gatewayId } = vpc as ec2.Vpc;
    const range = new ec2.CfnVPCCidrBlock(this, 'Range', { vpcId: vpc.vpcId, amazonProvidedIpv6CidrBlock: true });
    const subnets = vpc.publicSubnets.map(({ subnetId }, i) => {
      const own = Fn.cidr(Fn.select(0, vpcIpv6CidrBlocks), i + 1, '64');
      const made = new ec2.CfnSubnetCidrBlock(this, `Subnet${i + 1}`, { subnetId, ipv6CidrBlock: Fn.select(i, own) });
      made.node.addDependency(range);
      return made;
    });
    const routes = vpc.publicSubnets.map(({ routeTable: { routeTableId } }, i) => {
      const route = {
        routeTableId,
        destinationIpv6CidrBlock: '::/0',
        ...(gatewayId === undefined ? {} : { gatewayId }),
      };
      return new ec2.CfnRoute(this, `Route${i + 1}`, route);
    });
    for (const route of routes) route.node.addDependency(range, ...internet);
    for (const route of routes)
      acknowledgeInPacks(
        route,
        'VPCNoUnrestrictedRouteToIGW',
        'The subnets of a public balancer need a route to the internet.',
      );
    this.parts = [...subnets, ...routes];
  }
}
