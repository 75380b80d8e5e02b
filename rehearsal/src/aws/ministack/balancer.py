"""AWS::ElasticLoadBalancingV2::LoadBalancer of type network: subnets with fixed addresses.

ministack has load balancers, target groups and listeners, but no SubnetMappings, and new listeners without attributes. A balancer holds its addresses: they
cannot be released meanwhile, and nothing else can take them. A balancer without a security group never gets one.
"""

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


def _release(arn):
    for address in ec2._addresses.values():
        if address["AssociationId"] == arn:
            address["AssociationId"] = None


def _described(balancer, describe=alb._lb_xml):
    """With the addresses that it holds; ministack leaves the place for them empty."""
    text = describe(balancer)
    for subnet, allocation in balancer.get("_addresses", {}).items():
        held = (
            f"<member><IpAddress>{ec2._addresses[allocation]['PublicIp']}</IpAddress>"
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
    _release(physical_id)
    _hold(physical_id, mappings)
    return provisioners._elbv2_load_balancer_update(physical_id, old, known, stack_name, logical_id)


def delete(physical_id, properties):
    _release(physical_id)
    provisioners._elbv2_load_balancer_delete(physical_id, properties)


def _listener_with_attributes(logical_id, properties, stack_name, create=provisioners._elbv2_listener_create):
    """ministack takes a listener's attributes from an update alone."""
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
