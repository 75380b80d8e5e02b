"""AWS::EC2::SecurityGroupIngress and AWS::EC2::SecurityGroupEgress: rules that are resources of their own."""

import hashlib
import json

import group_limit
from engine import ec2, provisioners, register

_REPLACED_BY = (
    "CidrIp",
    "CidrIpv6",
    "DestinationPrefixListId",
    "DestinationSecurityGroupId",
    "FromPort",
    "GroupId",
    "GroupName",
    "IpProtocol",
    "SourcePrefixListId",
    "SourceSecurityGroupId",
    "SourceSecurityGroupName",
    "SourceSecurityGroupOwnerId",
    "ToPort",
)


def _bare(permission):
    return json.dumps(ec2._strip_descriptions(permission), sort_keys=True)


class Rules:
    """One direction of a group's rules."""

    def __init__(self, side):
        self.side = side

    def _list(self, properties):
        group = ec2._security_groups.get(properties["GroupId"])
        if group is None:
            raise ValueError(f"The security group '{properties['GroupId']}' does not exist")
        return group.setdefault(self.side, [])

    def create(self, logical_id, properties, stack_name):
        rules = self._list(properties)
        (permission,) = provisioners._ec2_sg_permissions([properties])
        if _bare(permission) in {_bare(rule) for rule in rules}:
            peer = properties.get("CidrIp") or properties.get("CidrIpv6") or properties.get("SourceSecurityGroupId")
            raise ValueError(
                f'the specified rule "peer: {peer}, {str(properties.get("IpProtocol")).upper()}, '
                f'from port: {properties.get("FromPort")}, to port: {properties.get("ToPort")}, ALLOW" already exists'
            )
        group_limit.check([*rules, permission])
        rules.append(permission)
        digest = hashlib.sha256(f"{properties['GroupId']}{self.side}{_bare(permission)}".encode()).hexdigest()
        return f"sgr-{digest[:17]}", {"Id": f"sgr-{digest[:17]}"}

    def update(self, physical_id, old, new, stack_name):
        """Only the description can change in place."""
        rules = self._list(new)
        (permission,) = provisioners._ec2_sg_permissions([new])
        rules[:] = [rule for rule in rules if _bare(rule) != _bare(permission)] + [permission]
        return physical_id, {"Id": physical_id}

    def delete(self, physical_id, properties):
        if properties.get("GroupId") in ec2._security_groups:
            rules = self._list(properties)
            (permission,) = provisioners._ec2_sg_permissions([properties])
            rules[:] = [rule for rule in rules if _bare(rule) != _bare(permission)]


def install():
    for resource_type, side in (
        ("AWS::EC2::SecurityGroupIngress", "IpPermissions"),
        ("AWS::EC2::SecurityGroupEgress", "IpPermissionsEgress"),
    ):
        rules = Rules(side)
        register(resource_type, rules.create, rules.delete, rules.update, replaced_by=_REPLACED_BY, tagged=False)
