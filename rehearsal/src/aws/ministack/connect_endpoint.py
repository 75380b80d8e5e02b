"""AWS::EC2::InstanceConnectEndpoint: made, described and deleted, one for each VPC. It carries no connections."""

import secrets

from engine import ec2, register, set_tags

_REPLACED_BY = ("ClientToken", "PreserveClientIp", "SecurityGroupIds", "SubnetId")

_endpoints: dict[str, dict] = {}


def create(logical_id, properties, stack_name):
    subnet = ec2._subnets.get(properties["SubnetId"])
    if subnet is None:
        raise ValueError(f"The subnet ID '{properties['SubnetId']}' does not exist")
    vpc_id = subnet["VpcId"]
    if any(one["VpcId"] == vpc_id for one in _endpoints.values()):
        raise ValueError(f"The maximum number of EC2 Instance Connect Endpoints for the VPC {vpc_id} is 1")
    endpoint_id = f"eice-{secrets.token_hex(9)[:17]}"
    groups = list(properties.get("SecurityGroupIds") or [])
    _endpoints[endpoint_id] = {"VpcId": vpc_id, "SubnetId": properties["SubnetId"], "SecurityGroupIds": groups}
    set_tags(endpoint_id, properties)
    return endpoint_id, {"Id": endpoint_id}


def update(physical_id, old, new, stack_name):
    set_tags(physical_id, new, old)
    return physical_id, {"Id": physical_id}


def delete(physical_id, properties):
    _endpoints.pop(physical_id, None)


def describe(parameters):
    filters = ec2._parse_filters(parameters)
    items = "".join(
        f"<item><instanceConnectEndpointId>{endpoint_id}</instanceConnectEndpointId><state>create-complete</state>"
        f"<dnsName>{endpoint_id}.rehearsal.ec2-instance-connect-endpoint.{ec2.get_region()}.amazonaws.com</dnsName>"
        f"<vpcId>{one['VpcId']}</vpcId><subnetId>{one['SubnetId']}</subnetId><preserveClientIp>false</preserveClientIp>"
        f"<securityGroupIdSet>{''.join(f'<item>{group}</item>' for group in one['SecurityGroupIds'])}"
        "</securityGroupIdSet></item>"
        for endpoint_id, one in _endpoints.items()
        if one["VpcId"] in filters.get("vpc-id", [one["VpcId"]])
    )
    inner = f"<instanceConnectEndpointSet>{items}</instanceConnectEndpointSet>"
    return ec2._xml(200, "DescribeInstanceConnectEndpointsResponse", inner)


def delete_by_hand(parameters):
    endpoint_id = ec2._p(parameters, "InstanceConnectEndpointId")
    if endpoint_id not in _endpoints:
        return ec2._error(
            "InvalidInstanceConnectEndpointId.NotFound", f"The endpoint '{endpoint_id}' does not exist", 400
        )
    delete(endpoint_id, {})
    return ec2._xml(200, "DeleteInstanceConnectEndpointResponse", "")


def install():
    register("AWS::EC2::InstanceConnectEndpoint", create, delete, update, replaced_by=_REPLACED_BY)
    ec2._ACTION_MAP["DescribeInstanceConnectEndpoints"] = describe
    ec2._ACTION_MAP["DeleteInstanceConnectEndpoint"] = delete_by_hand
