"""AWS::EC2::Instance: launch, change in place (stop, modify, start), replacement, termination.

Source: the resource's schema and the CloudFormation user guide. Checked as strictly as EC2 does where Portway can get
it wrong: groups, subnet and key pair must exist, user data is valid Base64 of at most 16,384 bytes.
"""

import base64
import binascii
import hashlib
import re
from datetime import datetime, timedelta, timezone
from ipaddress import IPv4Network

import ipv6
from engine import drop_tags, ec2, register, set_tags

# createOnlyProperties of the schema (plus BlockDeviceMappings, which is conditional and replaces when it changes).
_REPLACED_BY = (
    "AvailabilityZone",
    "BlockDeviceMappings",
    "CpuOptions",
    "ElasticGpuSpecifications",
    "ElasticInferenceAccelerators",
    "EnclaveOptions",
    "HibernationOptions",
    "HostResourceGroupArn",
    "ImageId",
    "Ipv6AddressCount",
    "Ipv6Addresses",
    "KeyName",
    "LaunchTemplate",
    "LicenseSpecifications",
    "NetworkInterfaces",
    "PlacementGroupName",
    "PrivateIpAddress",
    "SecurityGroups",
    "SubnetId",
)
_USER_DATA_LIMIT = 16384
_TIME = "%Y-%m-%dT%H:%M:%S.000Z"


def _one(store, key, code):
    if key not in store:
        raise ValueError(f"{code} '{key}' does not exist")
    return store[key]


def _network(properties):
    """Subnet, groups, asked private address, whether there is a public one and how many IPv6 addresses: of the instance
    or its interface."""
    interfaces = properties.get("NetworkInterfaces") or [{}]
    first = interfaces[0]
    subnet_id = properties.get("SubnetId") or first.get("SubnetId")
    groups = properties.get("SecurityGroupIds") or first.get("GroupSet") or []
    private = properties.get("PrivateIpAddress") or first.get("PrivateIpAddress")
    if not subnet_id:
        raise ValueError("The rehearsal has no default VPC: an instance needs a SubnetId.")
    subnet = _one(ec2._subnets, subnet_id, "The subnet ID")
    public = first.get("AssociatePublicIpAddress")
    if public is None:
        public = subnet.get("MapPublicIpOnLaunch", False)
    groups = groups or [ec2._vpcs[subnet["VpcId"]]["DefaultSecurityGroupId"]]
    six = properties.get("Ipv6AddressCount", first.get("Ipv6AddressCount"))
    return subnet, groups, private, str(public).lower() == "true", six


def _groups(group_ids):
    return [
        {"GroupId": g, "GroupName": _one(ec2._security_groups, g, "The security group")["GroupName"]} for g in group_ids
    ]


def _private_address(subnet, asked):
    """The first free address from the tenth on: the same in every run. (AWS keeps the first four and the last.)"""
    network = IPv4Network(subnet["CidrBlock"])
    used = {
        i["PrivateIpAddress"]
        for i in ec2._instances.values()
        if i["SubnetId"] == subnet["SubnetId"] and i["State"]["Name"] != "terminated"
    }
    if asked:
        if asked in used:
            raise ValueError(f"Address {asked} is in use.")
        return asked
    hosts = range(10, network.num_addresses - 1) if network.num_addresses > 16 else range(4, network.num_addresses - 1)
    for n in hosts:
        if str(network[n]) not in used:
            return str(network[n])
    raise ValueError(f"There are not enough free addresses in subnet '{subnet['SubnetId']}'.")


def _user_data(properties):
    text = properties.get("UserData") or ""
    try:
        size = len(base64.b64decode(text, validate=True))
    except (binascii.Error, ValueError) as error:
        raise ValueError("Invalid BASE64 encoding of user data.") from error
    if size > _USER_DATA_LIMIT:
        raise ValueError(f"User data is limited to {_USER_DATA_LIMIT} bytes")
    return text


def _image_id(name):
    """EC2 resolves `resolve:ssm:<parameter>` when it launches, and reports an AMI id ever after."""
    if name.startswith("resolve:ssm:"):
        return "ami-" + hashlib.sha256(name.encode()).hexdigest()[:17]
    return name


def _root_device(image):
    """The AMI's own root device name: Canonical's images use /dev/sda1, Debian's and Amazon's /dev/xvda."""
    return "/dev/sda1" if "/canonical/" in image else "/dev/xvda"


def architecture(instance_type):
    return "arm64" if re.match(r"^(a1|[a-z]+\d+g[a-z]*)\.", instance_type) else "x86_64"


def _metadata_options(properties):
    asked = properties.get("MetadataOptions") or {}
    tags = asked.get("InstanceMetadataTags", "disabled")
    if tags == "enabled":
        _check_tag_keys(properties)
    return {
        "HttpTokens": asked.get("HttpTokens", "optional"),
        "HttpPutResponseHopLimit": int(asked.get("HttpPutResponseHopLimit", 1)),
        "HttpEndpoint": asked.get("HttpEndpoint", "enabled"),
        "InstanceMetadataTags": tags,
    }


def _check_tag_keys(properties):
    """The metadata service takes fewer keys than EC2 does (user guide; wording: issue aws/aws-cli#8825)."""
    for tag in properties.get("Tags") or []:
        if not re.fullmatch(r"[0-9a-zA-Z\-_+=,.@:]{1,255}", tag["Key"]) or tag["Key"] in (".", "..", "_index"):
            raise ValueError(
                f"'{tag['Key']}' is not a valid tag key. Tag keys must match pattern "
                "([0-9a-zA-Z\\-_+=,.@:]{1,255}), and must not be a reserved name ('.', '..', '_index')"
            )


def _attach_volumes(instance, properties):
    """Root volume by the AMI's device name; a mapping with another name is one more volume, as on EC2."""
    root = instance["BlockDeviceMappings"][0]
    asked = {m["DeviceName"]: m.get("Ebs") or {} for m in properties.get("BlockDeviceMappings") or []}
    name = instance["RootDeviceName"]
    root["DeviceName"] = name
    _shape(ec2._volumes[root["Ebs"]["VolumeId"]], asked.pop(name, {}), name)
    for device, ebs in asked.items():
        volume_id = ec2._new_volume_id()
        volume = {**ec2._volumes[root["Ebs"]["VolumeId"]], "VolumeId": volume_id}
        volume["Attachments"] = [{**volume["Attachments"][0], "VolumeId": volume_id}]
        ec2._volumes[volume_id] = volume
        _shape(volume, {"VolumeSize": 8, "Encrypted": False, **ebs}, device)
        instance["BlockDeviceMappings"].append({"DeviceName": device, "Ebs": {**root["Ebs"], "VolumeId": volume_id}})


def _shape(volume, ebs, device):
    volume["Size"] = int(ebs.get("VolumeSize", volume["Size"]))
    volume["VolumeType"] = ebs.get("VolumeType", "gp2")
    volume["Encrypted"] = str(ebs.get("Encrypted", False)).lower() == "true"
    volume["Attachments"][0]["Device"] = device


def _later_than(launch_time):
    """Now, but never the second of the last start: on EC2 a stop and a start take longer than that."""
    last = datetime.strptime(launch_time, _TIME).replace(tzinfo=timezone.utc)
    return max(datetime.now(timezone.utc), last + timedelta(seconds=1)).strftime(_TIME)


def _attributes(instance):
    return {
        "InstanceId": instance["InstanceId"],
        "AvailabilityZone": instance["Placement"]["AvailabilityZone"],
        "PrivateIp": instance["PrivateIpAddress"],
        "PrivateDnsName": instance["PrivateDnsName"],
        "PublicIp": instance["PublicIpAddress"],
        "PublicDnsName": instance["PublicDnsName"],
        "VpcId": instance["VpcId"],
    }


def create(logical_id, properties, stack_name):
    if properties.get("NetworkInterfaces") and properties.get("Ipv6AddressCount"):
        raise ValueError("Network interfaces and an instance-level IPv6 address count may not be specified together")
    subnet, group_ids, asked, public, six = _network(properties)
    six_address = ipv6.address(subnet, six)
    groups = _groups(group_ids)
    user_data = _user_data(properties)
    image = properties.get("ImageId")
    if not image:
        raise ValueError("The request must contain the parameter ImageId")
    key_name = properties.get("KeyName", "")
    if key_name:
        _one(ec2._key_pairs, key_name, "The key pair")
    profile = None
    if properties.get("IamInstanceProfile"):
        profile, error = ec2._resolve_iam_instance_profile(iam_name=properties["IamInstanceProfile"])
        if error:
            raise ValueError(f"Invalid IAM Instance Profile name {properties['IamInstanceProfile']}")
    instance_type = properties.get("InstanceType", "m1.small")
    (instance,) = ec2._launch_instances_internal(
        image_id=_image_id(image),
        instance_type=instance_type,
        subnet_id=subnet["SubnetId"],
        count=1,
        key_name=key_name,
        user_data=user_data,
        sg_ids=group_ids,
        requested_private_ip=_private_address(subnet, asked),
        iam_profile=profile,
    )
    instance["SecurityGroups"] = groups
    instance["Placement"]["AvailabilityZone"] = subnet["AvailabilityZone"]
    instance["Architecture"] = architecture(instance_type)
    instance["RootDeviceName"] = _root_device(image)
    instance["MetadataOptions"] = _metadata_options(properties)
    instance["SourceDestCheck"] = str(properties.get("SourceDestCheck", True)).lower() == "true"
    instance["Ipv6Address"] = six_address
    instance["_passing"] = public
    if not public:
        instance["PublicIpAddress"] = instance["PublicDnsName"] = ""
    for volume in (ec2._volumes[m["Ebs"]["VolumeId"]] for m in instance["BlockDeviceMappings"]):
        volume["AvailabilityZone"] = subnet["AvailabilityZone"]
    _attach_volumes(instance, properties)
    set_tags(instance["InstanceId"], properties)
    return instance["InstanceId"], _attributes(instance)


def update(physical_id, old, new, stack_name):
    """In place. User data and type need a stop and a start, which EC2 shows as a new launch time."""
    instance = _one(ec2._instances, physical_id, "The instance ID")
    user_data = _user_data(new)
    if new.get("SecurityGroupIds"):
        instance["SecurityGroups"] = _groups(new["SecurityGroupIds"])
    instance["MetadataOptions"] = _metadata_options(new)
    instance["SourceDestCheck"] = str(new.get("SourceDestCheck", True)).lower() == "true"
    if user_data != instance["UserData"] or new.get("InstanceType") != old.get("InstanceType"):
        ec2._stop_instances({"InstanceId.1": [physical_id]})
        instance["UserData"] = user_data
        instance["InstanceType"] = new.get("InstanceType", instance["InstanceType"])
        instance["Architecture"] = architecture(instance["InstanceType"])
        ec2._start_instances({"InstanceId.1": [physical_id]})
        instance["State"] = {"Code": 16, "Name": "running"}
        instance["LaunchTime"] = _later_than(instance["LaunchTime"])
    set_tags(physical_id, new, old)
    return physical_id, _attributes(instance)


def delete(physical_id, properties):
    instance = ec2._instances.get(physical_id)
    if instance is None or instance["State"]["Name"] == "terminated":
        return
    ec2._terminate_instances({"InstanceId.1": [physical_id]})
    for mapping in instance["BlockDeviceMappings"]:
        ec2._volumes.pop(mapping["Ebs"]["VolumeId"], None)
    for address in ec2._addresses.values():
        if address["InstanceId"] == physical_id:
            address.update(AssociationId=None, InstanceId=None, PrivateIpAddress=None)
    drop_tags(physical_id)


def install():
    register(
        "AWS::EC2::Instance",
        create,
        delete,
        update,
        replaced_by=_REPLACED_BY,
        maybe_replaced_by=("InstanceType", "SecurityGroupIds", "UserData", "PrivateDnsNameOptions"),
    )
