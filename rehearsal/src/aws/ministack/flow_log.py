"""AWS::EC2::FlowLog. Nothing is logged: the rehearsal only needs it to be created, described and deleted."""

from engine import ec2, register, set_tags

_REPLACED_BY = (
    "DeliverCrossAccountRole",
    "DeliverLogsPermissionArn",
    "DestinationOptions",
    "LogDestination",
    "LogDestinationType",
    "LogFormat",
    "LogGroupName",
    "MaxAggregationInterval",
    "ResourceId",
    "ResourceType",
    "TrafficType",
)


def create(logical_id, properties, stack_name):
    known = set(ec2._flow_logs)
    members = ("ResourceType", "TrafficType", "LogDestinationType", "LogDestination", "LogGroupName")
    parameters = {name: [properties[name]] for name in members if properties.get(name)}
    ec2._create_flow_logs({"ResourceId.1": [properties["ResourceId"]], **parameters})
    (flow_log_id,) = set(ec2._flow_logs) - known
    set_tags(flow_log_id, properties)
    return flow_log_id, {"Id": flow_log_id}


def update(physical_id, old, new, stack_name):
    set_tags(physical_id, new, old)
    return physical_id, {"Id": physical_id}


def delete(physical_id, properties):
    ec2._delete_flow_logs({"FlowLogId.1": [physical_id]})


def install():
    register("AWS::EC2::FlowLog", create, delete, update, replaced_by=_REPLACED_BY)
