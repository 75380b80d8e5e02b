"""AWS::ElasticLoadBalancingV2::LoadBalancer of type network: subnets with fixed addresses.

ministack has load balancers, target groups and listeners, but no SubnetMappings, and new listeners without attributes. A balancer holds its addresses: they
cannot be released meanwhile, and nothing else can take them. A balancer without a security group never gets one. One with IPv6 needs it in all of its subnets, has an
address in each, and takes no UDP for targets by IPv4.
"""

from ipaddress import IPv6Network

import ipv6
from engine import ec2, provisioners, register
from ministack.services import alb


def _address(allocation_id):
    if allocation_id not in ec2._addresses:
        raise ValueError(f"The allocation ID '{allocation_id}' does not exist")
    return ec2._addresses[allocation_id]


def _hold(arn, mappings):
    for mapping in mappings:
        if mapping["SubnetId"] not in ec2._subnets:
            raise ValueError(f"The subnet ID '{mapping['SubnetId']}' does not exist")
        address = _address(mapping["AllocationId"])
        if address["AssociationId"] not in (None, arn):
            raise ValueError(f"The allocation ID '{mapping['AllocationId']}' is already in use")
        address["AssociationId"] = arn
    alb._lbs[arn]["_addresses"] = {one["SubnetId"]: one["AllocationId"] for one in mappings}


def _ipv6_addresses(kind, subnets):
    """An address of each subnet, of a balancer that has them. AWS refuses one whose subnets have no IPv6."""
    if kind != "dualstack":
        return {}
    blocks = {one: ec2._subnets[one].get("Ipv6CidrBlock") for one in subnets}
    for subnet, block in blocks.items():
        if not block or not ipv6.routes_ipv6(subnet):
            raise ValueError(f"The subnet '{subnet}' must have an associated IPv6 CIDR block and a route for it")
    return {subnet: str(IPv6Network(block)[0xB]) for subnet, block in blocks.items()}


def _refuse_udp(kind, protocol):
    if kind == "dualstack" and "UDP" in protocol:
        raise ValueError("You can't use an IPv4 target group with a UDP listener for a dualstack load balancer")


def _protocols(arn):
    return [one["Protocol"] for one in alb._listeners.values() if one["LoadBalancerArn"] == arn]


def _release(arn):
    for address in ec2._addresses.values():
        if address["AssociationId"] == arn:
            address["AssociationId"] = None


def _described(balancer, describe=alb._lb_xml):
    """With the addresses that it holds; ministack leaves the place for them empty."""
    text = describe(balancer)
    for subnet, allocation in balancer.get("_addresses", {}).items():
        own = balancer.get("_ipv6", {}).get(subnet)
        held = (
            f"<member><IpAddress>{ec2._addresses[allocation]['PublicIp']}</IpAddress>"
            f"{f'<IPv6Address>{own}</IPv6Address>' if own else ''}"
            f"<AllocationId>{allocation}</AllocationId></member>"
        )
        empty = f"<SubnetId>{subnet}</SubnetId><LoadBalancerAddresses/>"
        text = text.replace(empty, f"{empty[:-2]}>{held}</LoadBalancerAddresses>")
    return text


def _with_subnets(properties):
    mappings = properties.get("SubnetMappings") or []
    return {**properties, **({"Subnets": [one["SubnetId"] for one in mappings]} if mappings else {})}, mappings


def create(logical_id, properties, stack_name):
    known, mappings = _with_subnets(properties)
    arn, attributes = provisioners._elbv2_load_balancer_create(logical_id, known, stack_name)
    try:
        _hold(arn, mappings)
        alb._lbs[arn]["_ipv6"] = _ipv6_addresses(known.get("IpAddressType"), known["Subnets"])
    except ValueError:
        delete(arn, properties)
        raise
    if mappings:
        alb._lbs[arn]["VpcId"] = ec2._subnets[mappings[0]["SubnetId"]]["VpcId"]
    return arn, attributes


def update(physical_id, old, new, stack_name, logical_id):
    if not old.get("SecurityGroups") and new.get("SecurityGroups"):
        raise ValueError("You cannot add security groups to a load balancer that was created without")
    known, mappings = _with_subnets(new)
    for protocol in _protocols(physical_id):
        _refuse_udp(new.get("IpAddressType"), protocol)
    addresses = _ipv6_addresses(new.get("IpAddressType"), known["Subnets"])
    _release(physical_id)
    _hold(physical_id, mappings)
    alb._lbs[physical_id]["_ipv6"] = addresses
    return provisioners._elbv2_load_balancer_update(physical_id, old, known, stack_name, logical_id)


def delete(physical_id, properties):
    _release(physical_id)
    provisioners._elbv2_load_balancer_delete(physical_id, properties)


def _listener_with_attributes(logical_id, properties, stack_name, create=provisioners._elbv2_listener_create):
    """ministack takes a listener's attributes from an update alone."""
    _refuse_udp(alb._lbs[properties["LoadBalancerArn"]].get("IpAddressType"), properties["Protocol"])
    arn, attributes = create(logical_id, properties, stack_name)
    own = properties.get("ListenerAttributes") or []
    alb._listener_attrs[arn] = [{"Key": one["Key"], "Value": one["Value"]} for one in own]
    return arn, attributes


def install():
    alb._lb_xml = _described
    provisioners._RESOURCE_HANDLERS["AWS::ElasticLoadBalancingV2::Listener"]["create"] = _listener_with_attributes
    register(
        "AWS::ElasticLoadBalancingV2::LoadBalancer",
        create,
        delete,
        update,
        replaced_by=("Name", "Scheme", "Type"),
        names_update=True,
    )
