"""What the plug-in touches inside ministack, in one place.

ministack brings CloudFormation itself (order, rollback, updates, change sets, drift) and most of EC2. Everything the
plug-in adds goes through the few names below; requirements.txt pins the version that they were read in.
"""

from ministack.core.responses import get_account_id, get_region
from ministack.services import ec2
from ministack.services.cloudformation import engine, provisioners, stacks

__all__ = ["ec2", "get_account_id", "get_region", "provisioners", "register", "stack_id_of", "stacks", "wait_late"]


def register(
    resource_type,
    create,
    delete,
    update=None,
    replaced_by=(),
    maybe_replaced_by=(),
    tagged=True,
):
    """Teach CloudFormation a resource type.

    create(logical_id, properties, stack_name) and update(physical_id, old, new, stack_name) return the physical id and
    the attributes of Fn::GetAtt; delete(physical_id, properties). An exception's text becomes the event's reason.
    replaced_by: the properties whose change makes a new resource (the schema's createOnlyProperties).
    """
    handlers = {"create": create, "delete": delete}
    if update is not None:
        handlers["update"] = update
    provisioners._RESOURCE_HANDLERS[resource_type] = handlers
    provisioners._REPLACING_PROPERTIES[resource_type] = frozenset(replaced_by)
    provisioners._CONDITIONALLY_REPLACING_PROPERTIES[resource_type] = frozenset(maybe_replaced_by)
    if tagged:
        # CloudFormation then adds its own aws:cloudformation:* tags, as on AWS.
        provisioners._STACK_TAG_PROPERTY[resource_type] = ("Tags", "list")


def stack_id_of(stack_name):
    """The ARN of a live stack."""
    return provisioners._cr_stack_id(stack_name)


def set_tags(resource_id, new, old=None):
    provisioners._ec2_apply_tags(resource_id, new, old)


def drop_tags(resource_id):
    ec2._tags.pop(resource_id, None)


def wait_late(wait_type):
    """Create every resource that does not depend on a wait condition before the first one starts to wait.

    AWS works on independent resources at the same time; ministack works one after the other. Without this an address
    or a security group rule could be created only after the host has signalled.
    """
    sort = engine._topological_sort

    def sorted_late(resources, conditions):
        order = sort(resources, conditions)
        held = set()
        for name in order:
            resource = resources[name]
            if resource.get("Type") == wait_type or engine._extract_deps(resource, set(order)) & held:
                held.add(name)
        return [n for n in order if n not in held] + [n for n in order if n in held]

    engine._topological_sort = sorted_late
    stacks._topological_sort = sorted_late
