"""What EC2 tells of an account before anything is made, which ministack does not have or has for x86_64 only."""

import re

from engine import ec2
from instance import architecture

# @see https://docs.aws.amazon.com/vpc/latest/userguide/amazon-vpc-limits.html
ADDRESSES = 5

_types = ec2._ACTION_MAP["DescribeInstanceTypes"]


def account_attributes(parameters):
    item = f"<item><attributeValue>{ADDRESSES}</attributeValue></item>"
    attribute = (
        f"<item><attributeName>vpc-max-elastic-ips</attributeName><attributeValueSet>{item}</attributeValueSet></item>"
    )
    return ec2._xml(200, "DescribeAccountAttributesResponse", f"<accountAttributeSet>{attribute}</accountAttributeSet>")


def instance_type_offerings(parameters):
    """Every type is offered in the first two zones, and only m6g in a third."""
    wanted = ec2._parse_filters(parameters).get("instance-type", [])
    items = "".join(
        f"<item><instanceType>{kind}</instanceType><locationType>availability-zone</locationType>"
        f"<location>{ec2.get_region()}{zone}</location></item>"
        for kind in wanted
        for zone in ("abc" if kind.startswith("m6g.") else "ab")
    )
    return ec2._xml(
        200, "DescribeInstanceTypeOfferingsResponse", f"<instanceTypeOfferingSet>{items}</instanceTypeOfferingSet>"
    )


def instance_types(parameters):
    """Each type with the architecture of its processor."""
    status, headers, body = _types(parameters)
    text = body.decode() if isinstance(body, bytes) else body

    def mended(found):
        return found[0].replace("<item>x86_64</item>", f"<item>{architecture(found[1])}</item>")

    text = re.sub(r"<instanceType>([^<]+)</instanceType>.*?</processorInfo>", mended, text, flags=re.DOTALL)
    return status, headers, text.encode() if isinstance(body, bytes) else text


def install():
    ec2._ACTION_MAP["DescribeAccountAttributes"] = account_attributes
    ec2._ACTION_MAP["DescribeInstanceTypeOfferings"] = instance_type_offerings
    ec2._ACTION_MAP["DescribeInstanceTypes"] = instance_types
