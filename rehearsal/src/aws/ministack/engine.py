"""What the plug-in touches inside ministack, in one place.

ministack brings CloudFormation itself (order, rollback, updates, change sets, drift) and most of EC2. Everything the
plug-in adds goes through the few names below; requirements.txt pins the version that they were read in.
"""

from datetime import datetime, timedelta, timezone

from ministack.services import alb, cloudformation, ec2
from ministack.services.cloudformation import engine, handlers, helpers, provisioners, stacks

__all__ = [
    "action",
    "drop_tags",
    "ec2",
    "events_in_order",
    "new_resources_are_created",
    "provisioners",
    "register",
    "resource_definition",
    "run_on_worker_thread",
    "send_back_failed_update",
    "set_tags",
    "stack_id_of",
    "stack_of",
    "take_over",
    "take_over_balancing",
    "wait_late",
    "with_properties",
]


def register(
    resource_type,
    create,
    delete,
    update=None,
    replaced_by=(),
    maybe_replaced_by=(),
    tagged=True,
    names_update=False,
):
    """Teach CloudFormation a resource type.

    create(logical_id, properties, stack_name) and update(physical_id, old, new, stack_name) return the physical id and
    the attributes of Fn::GetAtt; delete(physical_id, properties). An exception's text becomes the event's reason.
    replaced_by: the properties whose change makes a new resource (the schema's createOnlyProperties).
    names_update: whether update gets the logical id too, as its last argument.
    """
    handlers = {"create": create, "delete": delete}
    if update is not None:
        handlers["update"] = update
    if names_update:
        handlers["update_with_logical_id"] = True
    provisioners._RESOURCE_HANDLERS[resource_type] = handlers
    provisioners._REPLACING_PROPERTIES[resource_type] = frozenset(replaced_by)
    provisioners._CONDITIONALLY_REPLACING_PROPERTIES[resource_type] = frozenset(maybe_replaced_by)
    if tagged:
        # CloudFormation then adds its own aws:cloudformation:* tags, as on AWS.
        provisioners._STACK_TAG_PROPERTY[resource_type] = ("Tags", "list")


def with_properties(resource_type, changed):
    """Give what creates and updates a type `changed(properties)` instead of a template's own."""
    handlers = provisioners._RESOURCE_HANDLERS[resource_type]
    create, update = handlers["create"], handlers["update"]

    def create_changed(logical_id, properties, stack_name):
        return create(logical_id, changed(properties), stack_name)

    def update_changed(physical_id, old, new, *rest, **named):
        return update(physical_id, changed(old), changed(new), *rest, **named)

    handlers.update(create=create_changed, update=update_changed)


def stack_id_of(stack_name):
    """The ARN of a live stack."""
    return provisioners._cr_stack_id(stack_name)


def stack_of(parameters):
    """The stack that a request of CloudFormation's API names, by name or ARN; None: there is none."""
    return handlers._resolve_stack(helpers._p(parameters, "StackName"))


def resource_definition(stack_name, logical_id):
    """A resource as the template says that is being deployed."""
    return provisioners._cfn_wait_condition_definition(stack_name, logical_id)


def action(name):
    """What answers an action of CloudFormation's API."""
    return cloudformation._ACTION_HANDLERS[name]


def take_over(name, handler):
    """Let handler(parameters) answer an action of CloudFormation's API."""
    cloudformation._ACTION_HANDLERS[name] = handler


def take_over_balancing(name, handler):
    """Let handler(parameters) answer an action of Elastic Load Balancing's API."""
    alb._ACTION_MAP[name] = handler


def run_on_worker_thread(resource_type):
    """For types whose creation or update waits: requests are answered meanwhile."""
    known = stacks._runs_on_worker_thread
    stacks._runs_on_worker_thread = lambda asked: asked == resource_type or known(asked)


def send_back_failed_update(resource_type):
    """For types whose update may have changed something before it fails."""
    known = stacks._sends_back_failed_update
    stacks._sends_back_failed_update = lambda asked: asked == resource_type or known(asked)


def set_tags(resource_id, new, old=None):
    provisioners._ec2_apply_tags(resource_id, new, old)


def drop_tags(resource_id):
    ec2._tags.pop(resource_id, None)


def wait_late(wait_type):
    """Create every resource that does not depend on a wait condition before the first one starts to wait, and between
    two waits whatever the first one held up.

    AWS works on independent resources at the same time; ministack works one after the other. Without this an address
    or a security group rule could be created only after the host has signalled.
    """
    sort = engine._topological_sort

    def sorted_late(resources, conditions):
        order = sort(resources, conditions)
        sorted_names = []
        while order:
            held = set()
            for name in order:
                resource = resources[name]
                if resource.get("Type") == wait_type or engine._extract_deps(resource, set(order)) & held:
                    held.add(name)
            # If all are held, the first in order is a condition: whatever it depends on is created already.
            ready = [name for name in order if name not in held] or order[:1]
            sorted_names += ready
            order = [name for name in order if name not in ready]
        return sorted_names

    engine._topological_sort = sorted_late
    stacks._topological_sort = sorted_late


def events_in_order():
    """Give each stack event a time of its own, a millisecond apart: the CDK CLI sorts by time, and shows equal ones in
    the wrong order."""
    last = datetime.fromtimestamp(0, timezone.utc)

    def later_than_the_last():
        nonlocal last
        last = max(datetime.now(timezone.utc), last + timedelta(milliseconds=1))
        return last.strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3] + "Z"

    stacks.now_iso = later_than_the_last


def new_resources_are_created():
    """A resource that an update adds has CREATE_* events, as on AWS; in ministack an update has UPDATE_* only."""
    add_event = stacks._add_event
    new = set()

    def add(stack_id, stack_name, logical_id, resource_type, status, *rest, **named):
        key = (stack_id, logical_id)
        if status == "UPDATE_IN_PROGRESS" and resource_type != "AWS::CloudFormation::Stack":
            if logical_id not in cloudformation._stacks[stack_name].get("_resources", {}):
                new.add(key)
        if key in new and status.startswith("UPDATE_"):
            if status != "UPDATE_IN_PROGRESS":
                new.discard(key)
            status = status.replace("UPDATE_", "CREATE_")
        add_event(stack_id, stack_name, logical_id, resource_type, status, *rest, **named)

    stacks._add_event = add
