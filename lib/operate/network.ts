import {
  DescribeNetworkAclsCommand,
  DescribeRouteTablesCommand,
  type EC2Client,
  type NetworkAclEntry,
  type Route,
  type RouteTable,
} from '@aws-sdk/client-ec2';
import type { PromisedRule } from '../plan/change/group-rules';

const [EVERYONE4, EVERYONE6] = ['0.0.0.0/0', '::/0'] as const;
const EVERYONE = [EVERYONE4, EVERYONE6] as const;

/** The way between the internet and the gateway's subnet, as EC2 reports it. */
export interface FoundNetwork {
  readonly subnetId: string;
  /** Where its default route leads, such as `igw-…`. Undefined: there is none, or it leads to something that is gone. */
  readonly defaultRoute: string | undefined;
  /** The same of IPv6. */
  readonly defaultRoute6: string | undefined;
  /** Undefined: EC2 tells none. */
  readonly acl: FoundAcl | undefined;
}

export interface FoundAcl {
  readonly id: string;
  /** Those for packets to the subnet, in the order in which they are tried. */
  readonly inbound: readonly NetworkAclEntry[];
}

/** Reads the route table and the network ACL that apply to a subnet. Changes nothing. */
export async function readNetwork(client: EC2Client, subnetId: string, vpcId: string): Promise<FoundNetwork> {
  const tables = async (Name: string, value: string): Promise<readonly RouteTable[]> =>
    (await client.send(new DescribeRouteTablesCommand({ Filters: [{ Name, Values: [value] }] }))).RouteTables ?? [];
  const [own, ofVpc, { NetworkAcls = [] }] = await Promise.all([
    tables('association.subnet-id', subnetId),
    tables('vpc-id', vpcId),
    client.send(new DescribeNetworkAclsCommand({ Filters: [{ Name: 'association.subnet-id', Values: [subnetId] }] })),
  ]);
  // A subnet without an association of its own has the main table of its VPC.
  const table = own[0] ?? ofVpc.find(({ Associations = [] }) => Associations.some(({ Main }) => Main === true));
  const routes = (table?.Routes ?? []).filter(({ State }) => State !== 'blackhole');
  const [acl] = NetworkAcls;
  return {
    subnetId,
    defaultRoute: wayOf(routes.find((one) => one.DestinationCidrBlock === EVERYONE4)),
    defaultRoute6: wayOf(routes.find((one) => one.DestinationIpv6CidrBlock === EVERYONE6)),
    acl: acl && {
      id: acl.NetworkAclId ?? '',
      inbound: (acl.Entries ?? [])
        .filter(({ Egress }) => Egress === false)
        .sort((a, b) => (a.RuleNumber ?? 0) - (b.RuleNumber ?? 0)),
    },
  };
}

function wayOf(route: Route | undefined): string | undefined {
  return route?.GatewayId ?? route?.TransitGatewayId ?? route?.NatGatewayId ?? route?.NetworkInterfaceId;
}

/**
 * What keeps everyone from the gateway, whatever its security group says. Entries of the ACL for some networks only are a
 * team's own business.
 */
export function networkDifferences(
  inbound: readonly PromisedRule[],
  { subnetId, defaultRoute, defaultRoute6, acl }: FoundNetwork,
): string[] {
  const ports = inbound.flatMap(({ what, peer }) => {
    const [, protocol, first] = /^(tcp|udp) (\d+)/.exec(what) ?? [];
    const network = EVERYONE.find((one) => one === peer);
    return network && protocol && first ? [{ protocol, port: Number(first), network }] : [];
  });
  const refused = ports.filter((one) => !isAllowed(acl, one));
  const isByIpv6 = ports.some(({ network }) => network === EVERYONE6);
  return [
    ...(defaultRoute === undefined
      ? [`${subnetId} must have a route for ${EVERYONE4}, and has none that leads anywhere: nobody reaches the gateway`]
      : []),
    ...(isByIpv6 && defaultRoute6 === undefined
      ? [`${subnetId} must have a route for ${EVERYONE6}, and has none that leads anywhere: nobody comes by IPv6`]
      : []),
    ...refused.map(
      ({ protocol, port, network }) =>
        `the network ACL ${acl?.id} of ${subnetId} must let ${protocol} ${port} in from ${network}, and does not`,
    ),
  ];
}

interface OpenPort {
  readonly protocol: string;
  readonly port: number;
  readonly network: (typeof EVERYONE)[number];
}

/** By the first entry for everyone and this port. */
function isAllowed(acl: FoundAcl | undefined, { protocol, port, network }: OpenPort): boolean {
  if (acl === undefined) return true;
  const number = { tcp: '6', udp: '17' }[protocol];
  const entry = acl.inbound.find(
    ({ CidrBlock = '', Ipv6CidrBlock = CidrBlock, Protocol, PortRange: { From = 0, To = 65535 } = {} }) =>
      Ipv6CidrBlock === network && (Protocol === '-1' || (Protocol === number && From <= port && port <= To)),
  );
  return entry?.RuleAction === 'allow';
}
