"""AWS::IAM::InstanceProfile: its physical id and Ref are the name (user guide).

ministack uses the ARN for both, which EC2 takes for an unknown name. Only the translation stands here.
"""

from engine import provisioners
from ministack.services import iam

_HANDLERS = provisioners._RESOURCE_HANDLERS["AWS::IAM::InstanceProfile"]
_create, _update, _delete = (_HANDLERS[step] for step in ("create", "update", "delete"))


def _arn(name):
    profile = iam._instance_profiles.get(name)
    return profile["Arn"] if profile else name


def _named(result):
    arn, attributes = result
    return arn.rsplit("/", 1)[-1], attributes


def create(logical_id, properties, stack_name):
    return _named(_create(logical_id, properties, stack_name))


def update(physical_id, *arguments):
    return _named(_update(_arn(physical_id), *arguments))


def delete(physical_id, properties):
    _delete(_arn(physical_id), properties)


def install():
    _HANDLERS.update(create=create, update=update, delete=delete)
