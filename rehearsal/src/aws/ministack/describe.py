"""What the EC2 API tells about an instance and ministack leaves out: metadata options, IPv6 and the user data itself."""

from engine import ec2

_instance_xml = ec2._instance_xml
_attribute = ec2._ACTION_MAP["DescribeInstanceAttribute"]


def instance_xml(instance):
    options = instance.get("MetadataOptions")
    xml = _instance_xml(instance)
    if not options:
        return xml
    six = f"<ipv6Address>{instance['Ipv6Address']}</ipv6Address>" if instance.get("Ipv6Address") else ""
    return xml[: xml.rindex("</item>")] + (
        f"{six}"
        "<metadataOptions><state>applied</state>"
        f"<httpTokens>{options['HttpTokens']}</httpTokens>"
        f"<httpPutResponseHopLimit>{options['HttpPutResponseHopLimit']}</httpPutResponseHopLimit>"
        f"<httpEndpoint>{options['HttpEndpoint']}</httpEndpoint>"
        f"<instanceMetadataTags>{options['InstanceMetadataTags']}</instanceMetadataTags></metadataOptions></item>"
    )


def instance_attribute(parameters):
    instance = ec2._instances.get(ec2._p(parameters, "InstanceId"))
    if instance is None or ec2._p(parameters, "Attribute") != "userData":
        return _attribute(parameters)
    value = f"<value>{instance['UserData']}</value>" if instance["UserData"] else ""
    return ec2._xml(
        200,
        "DescribeInstanceAttributeResponse",
        f"<instanceId>{instance['InstanceId']}</instanceId><userData>{value}</userData>",
    )


def install():
    ec2._instance_xml = instance_xml
    ec2._ACTION_MAP["DescribeInstanceAttribute"] = instance_attribute
