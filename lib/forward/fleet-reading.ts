import type { Cidr } from './cidr';
import { forwardPath, type Problems } from './problems';
import { isNginxForward, type NginxForward, type ResolvedForward } from './resolved';

/** What forwards need to know of the fleet that they are on. */
export interface FleetReading {
  /** The most hosts. */
  readonly hosts: number;
  /** The networks that the balancer connects from. Undefined: they are not known at synth. */
  readonly balancer: readonly Cidr[] | undefined;
}

/** The forwards; those that accept the PROXY protocol of the balancer know from which networks it comes. */
export function acceptBalancer(
  forwards: readonly ResolvedForward[],
  fleet: FleetReading | undefined,
  problems: Problems,
): readonly ResolvedForward[] {
  return forwards.map((forward) => {
    if (!acceptsBalancer(forward)) return forward;
    if (fleet === undefined)
      problems.add(
        `${forwardPath(forward.name)}.proxyProtocol.accept`,
        "must name networks here, such as { from: ['10.0.0.0/16'] }: only PortwayFleet has a balancer of its own",
        'balancer',
      );
    else if (fleet.balancer === undefined)
      problems.add(
        `${forwardPath(forward.name)}.proxyProtocol.accept`,
        "must not be 'balancer' in a VPC whose range is not known at synth, since nginx believes the balancer's subnets alone. Import the VPC by Vpc.fromLookup, or with its vpcCidrBlock",
        'balancer',
      );
    const { trustedProxies } = forward;
    if (fleet?.balancer === undefined || trustedProxies === undefined) return forward;
    return { ...forward, trustedProxies: { ...trustedProxies, from: fleet.balancer } };
  });
}

/** Whether a fleet's balancer begins the forward's connections with the PROXY protocol. */
export function acceptsBalancer(forward: ResolvedForward): forward is NginxForward {
  return isNginxForward(forward) && forward.trustedProxies?.balancer === true;
}
