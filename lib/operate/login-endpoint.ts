import {
  DescribeInstanceConnectEndpointsCommand,
  DescribeSecurityGroupsCommand,
  type EC2Client,
} from '@aws-sdk/client-ec2';
import { ruleText } from '../plan/change/group-rules';
import { groupRules, type SecurityGroupRules } from './security-group';

/** The EC2 Instance Connect Endpoint of a VPC, which may have only one. */
export interface FoundEndpoint {
  readonly id: string;
  /** EC2's state, such as `create-complete`. */
  readonly state: string;
  readonly securityGroups: readonly SecurityGroupRules[];
}

/** Reads the endpoint of a VPC. Changes nothing. @returns undefined if there is none */
export async function readEndpoint(client: EC2Client, vpcId: string): Promise<FoundEndpoint | undefined> {
  const Filters = [{ Name: 'vpc-id', Values: [vpcId] }];
  const { InstanceConnectEndpoints = [] } = await client.send(new DescribeInstanceConnectEndpointsCommand({ Filters }));
  // EC2 shows a deleted one for a while.
  const one = InstanceConnectEndpoints.find(({ State }) => State !== 'delete-complete');
  if (one?.InstanceConnectEndpointId === undefined) return undefined;
  const GroupIds = one.SecurityGroupIds ?? [];
  const { SecurityGroups = [] } =
    GroupIds.length === 0 ? {} : await client.send(new DescribeSecurityGroupsCommand({ GroupIds }));
  return {
    id: one.InstanceConnectEndpointId,
    state: one.State ?? 'unknown',
    securityGroups: SecurityGroups.map(groupRules),
  };
}

/** States in which it takes connections; one that is being changed goes on as it was. */
const READY = ['create-complete', 'update-in-progress', 'update-complete', 'update-failed'];

/**
 * What keeps people from logging in through the endpoint, and what opens more than that.
 * @param gateway the groups of the gateway's instance
 */
export function endpointDifferences(
  endpoint: FoundEndpoint | undefined,
  gateway: readonly SecurityGroupRules[],
): readonly string[] {
  if (endpoint === undefined)
    return ['the VPC must have an EC2 Instance Connect Endpoint, and has none: nobody can log in'];
  const { id, state, securityGroups } = endpoint;
  const own = securityGroups.map((group) => group.id);
  const gateways = gateway.map((group) => group.id);
  const admitted = gateway.flatMap(({ ingress }) => ingress.filter(admitsLogin).flatMap(({ others }) => others));
  const leads = securityGroups.flatMap(({ egress }) =>
    egress.flatMap(({ protocol, fromPort, toPort, cidrs4, cidrs6, others }) =>
      [...cidrs4, ...cidrs6, ...others].map((peer) => ({ what: ruleText(protocol, fromPort, toPort), peer })),
    ),
  );
  const isPromised = ({ what, peer }: { what: string; peer: string }) => what === 'tcp 22' && gateways.includes(peer);
  return [
    ...(READY.includes(state) ? [] : [`${id} must be ready for connections, got: ${state}`]),
    ...admitted
      .filter((group) => !own.includes(group))
      .map((group) => `${id} must have the security group ${group}, which the gateway lets in on tcp 22, and has not`),
    ...leads
      .filter((rule) => !isPromised(rule))
      .map(({ what, peer }) => `the group of ${id} lets ${what} out to ${peer}, which was not promised`),
    ...(leads.some(isPromised) ? [] : [`the group of ${id} must let tcp 22 out to the gateway, and does not`]),
  ];
}

function admitsLogin({ protocol, fromPort, toPort }: SecurityGroupRules['ingress'][number]): boolean {
  return protocol === 'tcp' && fromPort === 22 && toPort === 22;
}
