"""Detaching an internet gateway as strictly as EC2: not while the VPC has mapped public addresses.

This is the classic way for a destroy to fail: without a dependency on the attachment, CloudFormation detaches the
gateway while the instance and its address are still there.
"""

from engine import ec2, provisioners

_HANDLERS = provisioners._RESOURCE_HANDLERS["AWS::EC2::VPCGatewayAttachment"]
_delete = _HANDLERS["delete"]


def delete(physical_id, properties):
    vpc_id = properties.get("VpcId")
    for instance in ec2._instances.values():
        mapped = instance["VpcId"] == vpc_id and instance["PublicIpAddress"]
        if mapped and instance["State"]["Name"] != "terminated":
            raise ValueError(
                f"Network {vpc_id} has some mapped public address(es). "
                "Please unmap those public address(es) before detaching the gateway."
            )
    _delete(physical_id, properties)


def install():
    _HANDLERS["delete"] = delete
