"""AWS::EC2::EIP and AWS::EC2::EIPAssociation.

All properties of an association are create-only: a change makes a new association first, which moves the address, and
the old one is deleted afterwards, when its id is gone already. Deleting an unknown association is therefore no error.
"""

import public_address
from engine import drop_tags, ec2, register, set_tags


def _by_ip(public_ip):
    return next((a for a in ec2._addresses.values() if a["PublicIp"] == public_ip), None)


def _internet_gateway_attached(vpc_id):
    return any(
        attachment.get("VpcId") == vpc_id
        for gateway in ec2._internet_gateways.values()
        for attachment in gateway.get("Attachments", [])
    )


def associate(allocation_id, instance_id):
    """Give the address to the instance, wherever it was before. Returns the association's id."""
    address = ec2._addresses.get(allocation_id)
    if address is None:
        raise ValueError(f"The allocation ID '{allocation_id}' does not exist")
    instance = ec2._instances.get(instance_id)
    if instance is None or instance["State"]["Name"] == "terminated":
        raise ValueError(f"The instance ID '{instance_id}' does not exist")
    if not _internet_gateway_attached(instance["VpcId"]):
        raise ValueError(f"Network {instance['VpcId']} is not attached to any internet gateway")
    _release_from_instance(address)
    ec2._associate_address({"AllocationId": [allocation_id], "InstanceId": [instance_id]})
    address["PrivateIpAddress"] = instance["PrivateIpAddress"]
    instance["PublicIpAddress"] = address["PublicIp"]
    return address["AssociationId"]


def _release_from_instance(address):
    """The instance falls back to a passing address of its own, if its subnet gives one."""
    instance = ec2._instances.get(address["InstanceId"] or "")
    address.update(AssociationId=None, InstanceId=None, PrivateIpAddress=None)
    if instance is not None and instance["State"]["Name"] != "terminated":
        instance["PublicIpAddress"] = public_address.passing() if instance.get("_passing") else ""


def _allocation_of(properties):
    if properties.get("AllocationId"):
        return properties["AllocationId"]
    address = _by_ip(properties.get("EIP") or properties.get("PublicIp"))
    if address is None:
        raise ValueError("EIPAssociation needs the AllocationId of an address, or its EIP")
    return address["AllocationId"]


def create_association(logical_id, properties, stack_name):
    if not properties.get("InstanceId"):
        raise ValueError("The rehearsal associates addresses with instances only: EIPAssociation needs an InstanceId")
    association = associate(_allocation_of(properties), properties["InstanceId"])
    return association, {"Id": association}


def delete_association(physical_id, properties):
    for address in ec2._addresses.values():
        if address["AssociationId"] == physical_id:
            _release_from_instance(address)


def create_address(logical_id, properties, stack_name):
    known = set(ec2._addresses)
    ec2._allocate_address({"Domain": [properties.get("Domain", "vpc")]})
    (allocation_id,) = set(ec2._addresses) - known
    set_tags(allocation_id, properties)
    if properties.get("InstanceId"):
        associate(allocation_id, properties["InstanceId"])
    public_ip = ec2._addresses[allocation_id]["PublicIp"]
    return public_ip, {"AllocationId": allocation_id, "PublicIp": public_ip}


def update_address(physical_id, old, new, stack_name):
    address = _by_ip(physical_id)
    if old.get("InstanceId") != new.get("InstanceId"):
        if new.get("InstanceId"):
            associate(address["AllocationId"], new["InstanceId"])
        else:
            _release_from_instance(address)
    set_tags(address["AllocationId"], new, old)
    return physical_id, {"AllocationId": address["AllocationId"], "PublicIp": physical_id}


def delete_address(physical_id, properties):
    address = _by_ip(physical_id)
    if address is not None:
        _release_from_instance(address)
        ec2._addresses.pop(address["AllocationId"])
        drop_tags(address["AllocationId"])


def install():
    register(
        "AWS::EC2::EIP",
        create_address,
        delete_address,
        update_address,
        replaced_by=("Address", "Domain", "IpamPoolId", "NetworkBorderGroup", "TransferAddress"),
    )
    register(
        "AWS::EC2::EIPAssociation",
        create_association,
        delete_association,
        replaced_by=("AllocationId", "EIP", "InstanceId", "NetworkInterfaceId", "PrivateIpAddress"),
        tagged=False,
    )
