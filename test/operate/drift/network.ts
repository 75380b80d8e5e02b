import {
  AssociateAddressCommand,
  AuthorizeSecurityGroupEgressCommand,
  AuthorizeSecurityGroupIngressCommand,
  CreateRouteCommand,
  CreateSecurityGroupCommand,
  DeleteRouteCommand,
  type DescribeNetworkAclsResult,
  DescribeRouteTablesCommand,
  type DescribeSecurityGroupsResult,
  DisassociateAddressCommand,
  type IpPermission,
  RevokeSecurityGroupEgressCommand,
  RevokeSecurityGroupIngressCommand,
} from '@aws-sdk/client-ec2';
import { answered, type Drift, type DriftLab, type Drifts, ofHost } from './lab';

const tcp = (port: number, cidr: string): IpPermission => ({
  ...{ IpProtocol: 'tcp', FromPort: port, ToPort: port },
  ...(cidr.includes(':') ? { Ipv6Ranges: [{ CidrIpv6: cidr }] } : { IpRanges: [{ CidrIp: cidr }] }),
});
const open = (lab: DriftLab, permission: IpPermission) =>
  lab.ec2.send(new AuthorizeSecurityGroupIngressCommand({ GroupId: lab.group, IpPermissions: [permission] }));
const close = (lab: DriftLab, permission: IpPermission) =>
  lab.ec2.send(new RevokeSecurityGroupIngressCommand({ GroupId: lab.group, IpPermissions: [permission] }));
const opened =
  (permission: IpPermission): Drift['by'] =>
  async (lab) => {
    await open(lab, permission);
    return () => close(lab, permission);
  };
const closed =
  (permission: IpPermission): Drift['by'] =>
  async (lab) => {
    await close(lab, permission);
    return () => open(lab, permission);
  };

async function tables({ ec2, host }: DriftLab) {
  const { RouteTables = [] } = await ec2.send(new DescribeRouteTablesCommand({}));
  const table = RouteTables.find(({ Associations = [] }) => Associations.some((one) => one.SubnetId === host.SubnetId));
  return { table: table?.RouteTableId ?? '', routes: table?.Routes };
}

/** What EC2 tells of security groups, routes and addresses. */
export const OF_THE_NETWORK: Drifts = {
  'a port opened to all': { by: opened(tcp(8080, '0.0.0.0/0')), found: /lets tcp 8080 through from 0\.0\.0\.0\/0/ },
  'port 22 opened to all': { by: opened(tcp(22, '0.0.0.0/0')), found: /lets tcp 22 through from 0\.0\.0\.0\/0/ },
  'a port opened to all by IPv6': { by: opened(tcp(8443, '::/0')), found: /lets tcp 8443 through from ::\/0/ },
  'a port closed': { by: closed(tcp(80, '0.0.0.0/0')), found: /must let tcp 80 through from 0\.0\.0\.0\/0/ },
  "the admin's address removed": {
    by: closed(tcp(22, '203.0.113.7/32')),
    found: /must let tcp 22 through from 203\.0\.113\.7\/32/,
  },
  'all outbound traffic refused': {
    by: answered<DescribeSecurityGroupsResult>('DescribeSecurityGroupsCommand', ({ SecurityGroups = [] }) => {
      for (const one of SecurityGroups) one.IpPermissionsEgress = [];
    }),
    found: /must let tcp 443 through to 0\.0\.0\.0\/0 \(outbound\)/,
  },
  'another security group in place of its own': {
    by: async (lab) => {
      const name = { GroupName: 'other', Description: 'other', VpcId: lab.host.VpcId };
      const { GroupId } = await lab.ec2.send(new CreateSecurityGroupCommand(name));
      return ofHost((one) => {
        one.SecurityGroups = [{ GroupId }];
      })(lab);
    },
    found: /must let tcp 80 through/,
  },
  'the check of source and destination on': {
    by: ofHost((one, lab) => {
      one.SourceDestCheck = !lab.promised.sourceDestCheck;
    }),
    found: /check of source and destination of i-\w+ must be/,
  },
  'its route to the internet deleted': {
    by: async (lab) => {
      const { table, routes = [] } = await tables(lab);
      const route = { RouteTableId: table, DestinationCidrBlock: '0.0.0.0/0' };
      const gateway = routes.find((one) => one.DestinationCidrBlock === '0.0.0.0/0')?.GatewayId;
      await lab.ec2.send(new DeleteRouteCommand(route));
      return () => lab.ec2.send(new CreateRouteCommand({ ...route, GatewayId: gateway }));
    },
    found: /must have a route for 0\.0\.0\.0\/0/,
  },
  'a port refused by the network ACL': {
    by: answered<DescribeNetworkAclsResult>('DescribeNetworkAclsCommand', (output) => {
      const everyone = { Egress: false, CidrBlock: '0.0.0.0/0' };
      const deny = {
        ...everyone,
        RuleNumber: 50,
        Protocol: '6',
        RuleAction: 'deny',
        PortRange: { From: 80, To: 80 },
      } as const;
      const allow = { ...everyone, RuleNumber: 100, Protocol: '-1', RuleAction: 'allow' } as const;
      output.NetworkAcls = [{ NetworkAclId: 'acl-1', Entries: [allow, deny] }];
    }),
    found: /^the network ACL \S+ of \S+ must let tcp 80 in/,
  },
  'its IPv6 address taken away': {
    by: ofHost((one) => {
      delete one.Ipv6Address;
    }),
    found: /must have an IPv6 address, and has none/,
  },
  'outbound traffic to a stranger': {
    by: async (lab) => {
      const rule = { GroupId: lab.group, IpPermissions: [tcp(25, '192.0.2.1/32')] };
      await lab.ec2.send(new AuthorizeSecurityGroupEgressCommand(rule));
      return () => lab.ec2.send(new RevokeSecurityGroupEgressCommand(rule));
    },
    found: /lets tcp 25 through to 192\.0\.2\.1\/32 \(outbound\)/,
  },
  'its address on nothing': {
    by: async (lab) => {
      await lab.ec2.send(new DisassociateAddressCommand({ AssociationId: lab.address.AssociationId }));
      return () =>
        lab.ec2.send(new AssociateAddressCommand({ AllocationId: lab.address.AllocationId, InstanceId: lab.id }));
    },
    found: /leads to no instance of Portway$/,
  },
};
