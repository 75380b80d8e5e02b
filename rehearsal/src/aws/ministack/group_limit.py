"""EC2's quota of 60 rules per security group, for each direction and address family by itself.

A rule with several peers counts once for each; a peer that is a group or a prefix list counts in both families.
"""

from engine import ec2, provisioners

LIMIT = 60


def check(permissions):
    v4 = v6 = 0
    for permission in permissions:
        both = len(permission.get("UserIdGroupPairs", [])) + len(permission.get("PrefixListIds", []))
        v4 += len(permission.get("IpRanges", [])) + both
        v6 += len(permission.get("Ipv6Ranges", [])) + both
    if max(v4, v6) > LIMIT:
        raise ValueError("The maximum number of rules per security group has been reached.")


def _checked(handler, group_properties):
    def call(*arguments):
        properties = arguments[group_properties]
        for rules in ("SecurityGroupIngress", "SecurityGroupEgress"):
            check(provisioners._ec2_sg_permissions(properties.get(rules)))
        physical_id, attributes = handler(*arguments)
        group = ec2._security_groups[physical_id]
        check(group["IpPermissions"])
        check(group["IpPermissionsEgress"])
        return physical_id, attributes

    return call


def install():
    handlers = provisioners._RESOURCE_HANDLERS["AWS::EC2::SecurityGroup"]
    handlers["create"] = _checked(handlers["create"], 1)
    handlers["update"] = _checked(handlers["update"], 2)
