"""AWS::EC2::Route as strictly as EC2: a destination that a route table has already is refused, not overwritten, and a route
to an instance needs one that is there, in the table's own VPC."""

from engine import ec2, provisioners

_HANDLERS = provisioners._RESOURCE_HANDLERS["AWS::EC2::Route"]
_create, _update = _HANDLERS["create"], _HANDLERS["update"]


def _check_target(properties):
    instance_id = properties.get("InstanceId")
    if not instance_id:
        return
    instance = ec2._instances.get(instance_id)
    if instance is None or instance["State"]["Name"] == "terminated":
        raise ValueError(f"The instance ID '{instance_id}' does not exist")
    table = ec2._route_tables.get(properties.get("RouteTableId"))
    if table is not None and table["VpcId"] != instance["VpcId"]:
        raise ValueError(f"route table {table['RouteTableId']} and instance {instance_id} belong to different networks")


def create(logical_id, properties, stack_name):
    key, destination = provisioners._ec2_route_destination(properties)
    table = ec2._route_tables.get(properties.get("RouteTableId"), {"Routes": []})
    if any(route.get(key) == destination for route in table["Routes"]):
        raise ValueError(f"The route identified by {destination} already exists.")
    _check_target(properties)
    return _create(logical_id, properties, stack_name)


def update(physical_id, old, new, *arguments, **named):
    _check_target(new)
    return _update(physical_id, old, new, *arguments, **named)


def install():
    _HANDLERS.update(create=create, update=update)
