import type { IpPermission, SecurityGroup } from '@aws-sdk/client-ec2';

/** One rule for one protocol and port range. */
export interface SecurityGroupRule {
  /** `tcp`, `udp`, `icmp`, `icmpv6`, `-1` (all), or a protocol number. */
  readonly protocol: string;
  /** First port, or ICMP type. Undefined: all ports, or all types. */
  readonly fromPort?: number;
  /** Last port, or ICMP code. Undefined: all ports, or all codes. */
  readonly toPort?: number;
  readonly cidrs4: string[];
  readonly cidrs6: string[];
  /** Peers that are no CIDRs (security groups, prefix lists): the lab cannot build them and must say so. */
  readonly others: string[];
}

export interface SecurityGroupRules {
  readonly id: string;
  readonly name: string;
  readonly ingress: SecurityGroupRule[];
  readonly egress: SecurityGroupRule[];
}

/** A security group of the EC2 API as plain rules. -1 as a port means "all" there and is left out here. */
export function groupRules(group: SecurityGroup): SecurityGroupRules {
  return {
    id: group.GroupId ?? '',
    name: group.GroupName ?? '',
    ingress: (group.IpPermissions ?? []).map(rule),
    egress: (group.IpPermissionsEgress ?? []).map(rule),
  };
}

function rule(permission: IpPermission): SecurityGroupRule {
  const { FromPort, ToPort } = permission;
  return {
    protocol: permission.IpProtocol ?? '-1',
    ...(FromPort === undefined || FromPort === -1 ? {} : { fromPort: FromPort }),
    ...(ToPort === undefined || ToPort === -1 ? {} : { toPort: ToPort }),
    cidrs4: (permission.IpRanges ?? []).flatMap((range) => range.CidrIp ?? []),
    cidrs6: (permission.Ipv6Ranges ?? []).flatMap((range) => range.CidrIpv6 ?? []),
    others: [
      ...(permission.UserIdGroupPairs ?? []).flatMap((pair) => pair.GroupId ?? []),
      ...(permission.PrefixListIds ?? []).flatMap((list) => list.PrefixListId ?? []),
    ],
  };
}
