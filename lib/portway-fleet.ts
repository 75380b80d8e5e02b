import { CfnOutput, Fn, Stack } from 'aws-cdk-lib';
import type { Construct } from 'constructs';
import { BuiltFleet } from './built-fleet';
import { checkFleet, standInFleet } from './check-fleet';
import type { Fleet } from './constructs/fleet/fleet';
import type { Network } from './constructs/network';
import type { ResolvedForward } from './forward/resolved';
import type { PortwayFleetProps } from './portway-fleet-props';
import { reportProblems } from './refused';

/**
 * A stack with several hosts that carry the same forwards, behind a Network Load Balancer with a fixed address in each zone. A
 * PortwayStack never becomes one by a changed prop: it is another stack beside it, and clients move by DNS.
 * @throws PortwayError listing every problem with its props; under the CDK CLI they are printed instead, and nothing is
 * deployed
 * @see docs/decisions/fleet.md
 */
export class PortwayFleet extends Stack {
  /** The hosts, their balancer and what belongs to them. Grant them further rights by `bucket.grantRead(stack.fleet)`. */
  readonly fleet: Fleet;
  /** The checked forwards. */
  readonly forwards: readonly ResolvedForward[];
  /** The VPC, and a public subnet in each zone. */
  readonly network: Network;
  private readonly zones: number;

  constructor(scope: Construct, id: string, props: PortwayFleetProps) {
    const checked = reportProblems(
      scope.node.path === '' ? id : `${scope.node.path}/${id}`,
      () => checkFleet(props),
      () => standInFleet(props),
    );
    super(scope, id, { description: 'Port forwarding by Portway', ...checked.cdk, analyticsReporting: false });
    this.zones = checked.capacity.zones;
    const built = new BuiltFleet(this, checked);
    this.fleet = built.fleet;
    this.forwards = built.forwards;
    this.network = built.network;
    const output = (name: string, value: string, description: string) =>
      new CfnOutput(this, name, { value, description });
    const { addresses, dnsName } = this.fleet.balancer;
    output('Addresses', addresses.join(','), 'The fixed public addresses, one a zone');
    output('BalancerName', dnsName, 'For alias records, which leave out zones without a healthy host');
    output('HostsName', this.fleet.hosts.group.ref, 'The Auto Scaling group of the hosts');
  }

  /** Resolved at deploy time, so synth never calls AWS, even for a stack with an account and region. */
  override get availabilityZones(): string[] {
    return Array.from({ length: this.zones ?? 2 }, (_, i) => Fn.select(i, Fn.getAzs()));
  }
}
