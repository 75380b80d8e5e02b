"""IPv6 in a VPC: AWS::EC2::VPCCidrBlock and SubnetCidrBlock, the ranges of VPC and subnet, and what the EC2 API tells of them.

Ranges are of 2001:db8::/32, which RFC 3849 keeps for documentation: a /56 for each VPC, as Amazon gives it.
"""

from ipaddress import IPv6Address, IPv6Network

from engine import ec2, provisioners, register
from ministack.services import alb

_POOL = IPv6Network("2001:db8:1200::/40")
_HANDLERS = provisioners._RESOURCE_HANDLERS
_REPLACED_BY = (
    "AmazonProvidedIpv6CidrBlock",
    "CidrBlock",
    "Ipv4IpamPoolId",
    "Ipv4NetmaskLength",
    "Ipv6CidrBlock",
    "Ipv6CidrBlockNetworkBorderGroup",
    "Ipv6IpamPoolId",
    "Ipv6NetmaskLength",
    "Ipv6Pool",
    "VpcId",
)


class Ranges(list):
    """A VPC's ranges: the attribute Ipv6CidrBlocks is read again whenever it is asked for, so it is the same list in every
    copy that the engine keeps of the VPC."""

    def __deepcopy__(self, memo):
        return self


def _existing(all_of_it, kind, its_id):
    if its_id not in all_of_it:
        raise ValueError(f"The {kind} ID '{its_id}' does not exist")
    return all_of_it[its_id]


def _with_ranges(step):
    def call(*arguments, **named):
        vpc_id, attributes = step(*arguments, **named)
        ranges = ec2._vpcs[vpc_id].setdefault("_ipv6", Ranges())
        return vpc_id, {**attributes, "Ipv6CidrBlocks": ranges}

    return call


def _free_range():
    used = {block for vpc in ec2._vpcs.values() for block in vpc.get("_ipv6", [])}
    return next(str(n) for n in _POOL.subnets(new_prefix=56) if str(n) not in used)


def _open_acls():
    """AWS lets IPv6 through the default ACL of a VPC that gets a range. ministack answers with the default VPC's for every subnet."""
    for acl in ec2._network_acls.values():
        if acl["IsDefault"] and not any("Ipv6CidrBlock" in entry for entry in acl["Entries"]):
            rule = {"RuleNumber": 101, "Protocol": "-1", "RuleAction": "allow", "Ipv6CidrBlock": "::/0"}
            acl["Entries"] += [{**rule, "Egress": egress} for egress in (False, True)]


def create_block(logical_id, properties, stack_name):
    if str(properties.get("AmazonProvidedIpv6CidrBlock")).lower() != "true":
        raise ValueError("The rehearsal knows VPCCidrBlock with AmazonProvidedIpv6CidrBlock only")
    vpc = _existing(ec2._vpcs, "vpc", properties["VpcId"])
    ranges = vpc.setdefault("_ipv6", Ranges())
    if ranges:
        raise ValueError("The VPC has an IPv6 CIDR block of Amazon already")
    ranges.append(_free_range())
    _open_acls()
    association = f"vpc-cidr-assoc-{vpc['VpcId'][4:]}v6"
    return association, {"Id": association}


def delete_block(physical_id, properties):
    vpc = ec2._vpcs.get(properties["VpcId"])
    if vpc is None:
        return
    if any(s["VpcId"] == vpc["VpcId"] and s.get("Ipv6CidrBlock") for s in ec2._subnets.values()):
        raise ValueError(f"InvalidCidrBlock.InUse: The vpc {vpc['VpcId']} currently has a subnet within its CIDR block")
    vpc.get("_ipv6", Ranges()).clear()


def _in_use(block):
    return any(
        i.get("Ipv6Address") and IPv6Address(i["Ipv6Address"]) in IPv6Network(block)
        for i in ec2._instances.values()
        if i["State"]["Name"] != "terminated"
    )


def _check(subnet, block):
    """A /64 of the VPC's range that no other subnet has."""
    network = IPv6Network(block)
    ranges = ec2._vpcs[subnet["VpcId"]].get("_ipv6", [])
    if network.prefixlen != 64 or not any(network.subnet_of(IPv6Network(r)) for r in ranges):
        raise ValueError(f"The IPv6 CIDR '{block}' must be a /64 of the VPC's range ({', '.join(ranges) or 'none'})")
    if any(s is not subnet and s.get("Ipv6CidrBlock") == block for s in ec2._subnets.values()):
        raise ValueError(f"The IPv6 CIDR '{block}' conflicts with another subnet")


def _shape(subnet, properties):
    block = properties.get("Ipv6CidrBlock")
    assign = str(properties.get("AssignIpv6AddressOnCreation", False)).lower() == "true"
    if assign and not block:
        raise ValueError("AssignIpv6AddressOnCreation needs an Ipv6CidrBlock")
    old = subnet.get("Ipv6CidrBlock")
    if old and old != block and subnet.get("AssignIpv6AddressOnCreation"):
        raise ValueError(
            "InvalidCidrBlock.InUse: The subnet IPv6 CIDR block may not be disassociated, "
            "because its subnet has assign-ipv6-address-on-creation set to true."
        )
    if old and old != block and _in_use(old):
        raise ValueError(f"InvalidCidrBlock.InUse: The subnet IPv6 CIDR block {old} has addresses in use")
    if block and block != old:
        _check(subnet, block)
    subnet["Ipv6CidrBlock"] = block
    subnet["AssignIpv6AddressOnCreation"] = assign


def create_subnet_block(logical_id, properties, stack_name):
    subnet = _existing(ec2._subnets, "subnet", properties["SubnetId"])
    if subnet.get("Ipv6CidrBlock"):
        raise ValueError(f"The subnet {subnet['SubnetId']} has an IPv6 CIDR block already")
    _shape(subnet, {"Ipv6CidrBlock": properties.get("Ipv6CidrBlock")})
    subnet["_block_beside"] = True
    association = f"subnet-cidr-assoc-{subnet['SubnetId'][7:]}v6"
    return association, {"Id": association}


def delete_subnet_block(physical_id, properties):
    subnet = ec2._subnets.get(properties["SubnetId"])
    if subnet is None:
        return
    if any(subnet["SubnetId"] in lb.get("_ipv6", {}) for lb in alb._lbs.values()):
        raise ValueError(f"InvalidCidrBlock.InUse: {subnet['Ipv6CidrBlock']} has addresses of a load balancer in use")
    _shape(subnet, {})
    del subnet["_block_beside"]


def routes_ipv6(subnet_id):
    """Whether a subnet's route table leads ::/0 anywhere."""
    return any(
        route.get("DestinationIpv6CidrBlock") == "::/0"
        for table in ec2._route_tables.values()
        if any(one.get("SubnetId") == subnet_id for one in table["Associations"])
        for route in table["Routes"]
    )


def _with_range(step, new_properties):
    def call(*arguments, **named):
        subnet_id, attributes = step(*arguments, **named)
        subnet = ec2._subnets[subnet_id]
        # A range that is a resource of its own is none of the subnet's properties.
        if "_block_beside" not in subnet:
            _shape(subnet, arguments[new_properties])
        return subnet_id, {**attributes, "Ipv6CidrBlocks": [b for b in [subnet["Ipv6CidrBlock"]] if b]}

    return call


def address(subnet, count):
    """An IPv6 address for a new instance: the first free one from ::10 on, the same in every run. None where none is due."""
    block = subnet.get("Ipv6CidrBlock")
    if count is None and subnet.get("AssignIpv6AddressOnCreation"):
        count = 1
    if not count:
        return None
    if not block:
        raise ValueError(f"The subnet '{subnet['SubnetId']}' has no IPv6 CIDR block")
    if int(count) != 1:
        raise ValueError("The rehearsal gives an instance one IPv6 address")
    used = {i.get("Ipv6Address") for i in ec2._instances.values() if i["State"]["Name"] != "terminated"}
    network = IPv6Network(block)
    return next(str(network[n]) for n in range(0x10, 0x1000) if str(network[n]) not in used)


def _associations(blocks, kind):
    items = "".join(
        f"<item><ipv6CidrBlock>{block}</ipv6CidrBlock><associationId>{kind}-cidr-assoc-{n}</associationId>"
        f"<ipv6CidrBlockState><state>associated</state></ipv6CidrBlockState></item>"
        for n, block in enumerate(blocks)
    )
    return f"<ipv6CidrBlockAssociationSet>{items}</ipv6CidrBlockAssociationSet>"


def _describe(fields, blocks, kind):
    def xml(resource, tag="item"):
        text = fields(resource, tag)
        if resource.get("AssignIpv6AddressOnCreation"):
            text = text.replace("<assignIpv6AddressOnCreation>false", "<assignIpv6AddressOnCreation>true")
        end = text.rindex(f"</{tag}>")
        return text[:end] + _associations(blocks(resource), kind) + text[end:]

    return xml


def install():
    register("AWS::EC2::VPCCidrBlock", create_block, delete_block, replaced_by=_REPLACED_BY, tagged=False)
    register(
        "AWS::EC2::SubnetCidrBlock",
        create_subnet_block,
        delete_subnet_block,
        replaced_by=("SubnetId", "Ipv6CidrBlock", "Ipv6IpamPoolId", "Ipv6NetmaskLength"),
        tagged=False,
    )
    vpc = _HANDLERS["AWS::EC2::VPC"]
    vpc.update(create=_with_ranges(vpc["create"]), update=_with_ranges(vpc["update"]))
    subnet = _HANDLERS["AWS::EC2::Subnet"]
    subnet.update(create=_with_range(subnet["create"], 1), update=_with_range(subnet["update"], 2))
    ec2._vpc_fields_xml = _describe(ec2._vpc_fields_xml, lambda r: r.get("_ipv6", []), "vpc")
    ec2._subnet_fields_xml = _describe(
        ec2._subnet_fields_xml, lambda r: [b for b in [r.get("Ipv6CidrBlock")] if b], "subnet"
    )
