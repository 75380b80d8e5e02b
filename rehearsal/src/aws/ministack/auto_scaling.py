"""AWS::AutoScaling::AutoScalingGroup with instances of its launch template, signals, and rolling updates.

ministack keeps the group's record and mock instances that nobody sees. Here a group has real instances (instance.py),
CloudFormation waits for their signals as CreationPolicy and UpdatePolicy say, and what the API changes (a desired
capacity, a terminated instance) is followed. Signals of a group must carry the instance's id: SignalResource's reference
says so. Texts of events as in public reports (issues awslabs/amazon-eks-ami#66, buildkite/elastic-ci-stack-for-aws#130).

A host that somebody calls unhealthy (SetInstanceHealth) is replaced after the grace period, but not while the group rolls. Who
looks at hosts, as a balancer does, does it from outside. A host that goes leaves as leaving.py says, and nothing waits for it.

Not here: scaling by load, hooks at a launch, and what AWS's rollback does with instances that have the right data of another template version: here they stay.
"""

import json
import re
import time

import draining
import instance
import instance_types
from engine import (
    action,
    drop_tags,
    ec2,
    provisioners,
    register,
    resource_definition,
    run_on_worker_thread,
    send_back_failed_update,
    stack_id_of,
    stack_of,
    take_over,
)
from leaving import IN_SERVICE, end, in_service, retire
from ministack.services import alb, autoscaling
from ministack.services.cloudformation import helpers, stacks, wait_conditions

GROUP = "AWS::AutoScaling::AutoScalingGroup"

# When each instance came, and the groups that roll just now.
_launched: dict[str, float] = {}
_rolling: set[str] = set()


def _launch_data(template):
    """The properties of an instance of this template's version."""
    known = ec2._launch_templates.get(template.get("LaunchTemplateId", ""))
    if known is None:
        raise ValueError("Launch template name and ID must not be null")
    number = int(template["Version"])
    found = [one for one in known["Versions"] if one["VersionNumber"] == number]
    if not found:
        raise ValueError(f"Could not find the version {number} of launch template {known['LaunchTemplateId']}")
    return found[0]["LaunchTemplateData"]


def _subnet_of(one):
    return ec2._instances[one["InstanceId"]]["SubnetId"]


def _place(group, only):
    """Subnet and type of the next host: the emptiest subnet whose zone has one of the types, and the first of them. AWS tries again and again
    where there is none; here that fails at once."""
    subnets = group["VPCZoneIdentifier"].split(",")
    taken = [_subnet_of(one) for one in in_service(group)]
    for subnet in sorted(subnets, key=lambda one: (taken.count(one), subnets.index(one))):
        zone = ec2._subnets[subnet]["AvailabilityZone"]
        found = instance_types.available(instance_types.preferred(group, only), zone)
        if found is not None:
            return {"SubnetId": subnet, "InstanceType": found}
    raise ValueError("We currently do not have sufficient capacity in the Availability Zones you requested.")


def _surplus(group):
    """Of the subnet with the most instances the oldest one: the default termination policy, as far as it knows no versions."""
    members = in_service(group)
    taken = [_subnet_of(one) for one in members]
    return max(members, key=lambda one: taken.count(_subnet_of(one)))["InstanceId"]


def _launch(group):
    template = instance_types.template_of(group)
    data = _launch_data(template)
    profile = (data.get("IamInstanceProfile") or {}).get("Arn", "").rpartition("/")[2]
    # CloudFormation's own tags of a group are its instances' too.
    passed_on = [
        tag for tag in group["Tags"] if tag["PropagateAtLaunch"] or tag["Key"].startswith("aws:cloudformation:")
    ]
    tags = [{"Key": tag["Key"], "Value": tag["Value"]} for tag in passed_on]
    # A launch template has another word for an interface's groups than an instance has.
    interfaces = [{**one, "GroupSet": one.get("Groups", [])} for one in data.get("NetworkInterfaces") or []]
    properties = {
        **{key: value for key, value in data.items() if key != "IamInstanceProfile"},
        **({"NetworkInterfaces": interfaces} if interfaces else {}),
        **({"IamInstanceProfile": profile} if profile else {}),
        **_place(group, data.get("InstanceType")),
        "Tags": [*tags, {"Key": "aws:autoscaling:groupName", "Value": group["AutoScalingGroupName"]}],
    }
    instance_id, attributes = instance.create("Host", properties, "")
    _launched[instance_id] = time.monotonic()
    group["Instances"].append(
        {
            "InstanceId": instance_id,
            "LifecycleState": IN_SERVICE,
            "HealthStatus": "Healthy",
            "AvailabilityZone": attributes["AvailabilityZone"],
            "ProtectedFromScaleIn": False,
            "LaunchTemplate": dict(template),
            "_mixed": group.get("_mixed"),
            "LaunchConfigurationName": "",
        }
    )
    for arn in group.get("TargetGroupARNs", []):
        draining.register(arn, instance_id)
    return instance_id


def _resize(group):
    """As many instances as desired."""
    while len(in_service(group)) < group["DesiredCapacity"]:
        _launch(group)
    while len(in_service(group)) > group["DesiredCapacity"]:
        retire(group, _surplus(group))


def _set_instance_health(parameters):
    """The API's action by which health checks of one's own end an instance."""
    instance_id, health, respect = (
        autoscaling._p(parameters, one) for one in ("InstanceId", "HealthStatus", "ShouldRespectGracePeriod")
    )
    groups = [one for one in autoscaling._asgs.values() if instance_id in [i["InstanceId"] for i in in_service(one)]]
    if not groups:
        return autoscaling._error(
            "ValidationError", f"Instance Id not found - No managed instance found for {instance_id}"
        )
    (group,) = groups
    young = time.monotonic() - _launched[instance_id] < group["HealthCheckGracePeriod"]
    if health == "Unhealthy" and not (young and respect != "false") and group["AutoScalingGroupName"] not in _rolling:
        retire(group, instance_id)
        _resize(group)
    return autoscaling._xml(200, "SetInstanceHealthResponse", "")


def _attach(group, arns):
    """Lets the group's instances be targets of these target groups, and of no others."""
    for arn in arns:
        if arn not in alb._tgs:
            raise ValueError(f"Target group '{arn}' not found.")
    before = group.get("TargetGroupARNs", [])
    group["TargetGroupARNs"] = list(arns)
    ids = [one["InstanceId"] for one in in_service(group)]
    for one in ids:
        for arn in set(before) - set(arns):
            draining.deregister(arn, one)
        for arn in set(arns) - set(before):
            draining.register(arn, one)


# --- signals


def _wait(group, stack_name, logical_id, count, timeout):
    """Waits until so many instances have signalled."""
    stack_id = stack_id_of(stack_name)
    _event(stack_name, logical_id, group, f"Waiting on {count} resource signal(s) with a timeout of {timeout}.")
    seconds = wait_conditions.validate_resource_signal_timeout(timeout, logical_id)
    slot = wait_conditions.register_slot(stack_id)
    try:
        wait_conditions.wait_for(slot, stack_id, stack_name, logical_id, GROUP, count, seconds)
    except RuntimeError as failure:
        raise ValueError(_unsatisfied("1 FAILURE", count)) from failure
    except TimeoutError as late:
        (came, _) = re.findall(r"\d+", str(late))
        raise ValueError(_unsatisfied(f"{came} SUCCESS", count)) from late


def _unsatisfied(came, count):
    return f"Received {came} signal(s) out of {count}. Unable to satisfy 100% MinSuccessfulInstancesPercent requirement"


def _event(stack_name, logical_id, group, words):
    stacks._add_event(
        stack_id_of(stack_name),
        stack_name,
        logical_id,
        GROUP,
        "UPDATE_IN_PROGRESS",
        words,
        physical_id=group["AutoScalingGroupName"],
    )


def _only_from_instances():
    """A group takes signals of its own instances alone."""
    take = wait_conditions.signal_resource

    def checked(stack_id, logical_id, unique_id, status):
        waiting = wait_conditions._waiting.get((stack_id, logical_id), {})
        if waiting.get("resource_type") == GROUP and unique_id not in ec2._instances:
            return False
        return take(stack_id, logical_id, unique_id, status)

    wait_conditions.signal_resource = checked


def _also_in_a_rollback():
    """A rollback rolls the group too, and waits as before: its hosts' signals are taken (issue
    buildkite/elastic-ci-stack-for-aws#130 shows such events)."""
    signal = action("SignalResource")

    def taken(parameters):
        stack = stack_of(parameters) or {}
        name, unique_id, status = (helpers._p(parameters, one) for one in ("LogicalResourceId", "UniqueId", "Status"))
        waiting = wait_conditions._waiting.get((stack.get("StackId"), name), {})
        if stack.get("StackStatus") == "UPDATE_ROLLBACK_IN_PROGRESS" and waiting.get("resource_type") == GROUP:
            if wait_conditions.signal_resource(stack["StackId"], name, unique_id, status):
                return helpers._xml(200, "SignalResourceResponse", "")
        return signal(parameters)

    take_over("SignalResource", taken)


# --- the resource


def create(logical_id, properties, stack_name):
    policy = instance_types.policy_of(properties)
    name, attributes = provisioners._asg_create(logical_id, properties, stack_name)
    group = autoscaling._asgs[name]
    group["_mixed"] = policy
    group["_warmup"] = properties.get("DefaultInstanceWarmup")
    try:
        _attach(group, properties.get("TargetGroupARNs") or [])
        _resize(group)
        signal = (resource_definition(stack_name, logical_id).get("CreationPolicy") or {}).get("ResourceSignal")
        if signal is not None:
            count = wait_conditions.validate_count(signal.get("Count"), logical_id)
            _wait(group, stack_name, logical_id, count, signal.get("Timeout", "PT5M"))
    except Exception:
        # The engine has no id yet by which it could delete it.
        delete(name, properties)
        raise
    return name, attributes


def update(physical_id, old, new, stack_name, logical_id):
    group = autoscaling._asgs[physical_id]
    desired = group["DesiredCapacity"]
    group["_mixed"] = instance_types.policy_of(new)
    _, attributes = provisioners._asg_update(physical_id, old, new, stack_name, logical_id)
    group["_warmup"] = new.get("DefaultInstanceWarmup")
    # A deploy that names none leaves it, within the new bounds.
    wanted = int(new.get("DesiredCapacity", desired))
    group["DesiredCapacity"] = max(group["MinSize"], min(wanted, group["MaxSize"]))
    _attach(group, new.get("TargetGroupARNs") or [])
    _roll(group, stack_name, logical_id)
    _resize(group)
    return physical_id, attributes


def _fits(group, one):
    """Other types to choose from replace a host too: reference of Overrides, "some interruptions"."""
    now = (_launch_data(instance_types.template_of(group)), instance_types.preferred(group, ""))
    then = (_launch_data(one["LaunchTemplate"]), instance_types.preferred(one, ""))
    same = json.dumps(now, sort_keys=True) == json.dumps(then, sort_keys=True)
    return same and _subnet_of(one) in group["VPCZoneIdentifier"]


def _roll(group, stack_name, logical_id):
    """Replaces the instances of another template in batches: new ones signal before as many old ones go."""
    policy = resource_definition(stack_name, logical_id).get("UpdatePolicy") or {}
    rolling = policy.get("AutoScalingRollingUpdate")
    if rolling is None:
        return
    if int(rolling["MinInstancesInService"]) + int(rolling.get("MaxBatchSize", 1)) > group["MaxSize"]:
        raise ValueError(
            "The rehearsal makes no smaller batches: MaxSize must have room for one beside MinInstancesInService"
        )
    _rolling.add(group["AutoScalingGroupName"])
    try:
        _replace_each(group, rolling, stack_name, logical_id)
    finally:
        _rolling.discard(group["AutoScalingGroupName"])


def _replace_each(group, rolling, stack_name, logical_id):
    batch = int(rolling.get("MaxBatchSize", 1))
    all_old = [one["InstanceId"] for one in in_service(group) if not _fits(group, one)]
    for first in range(0, len(all_old), batch):
        old = all_old[first : first + batch]
        # Where enough others serve, CloudFormation ends the old ones first.
        ends_first = len(in_service(group)) - len(old) >= int(rolling.get("MinInstancesInService", 0))
        if ends_first:
            for one in old:
                retire(group, one)
        new = [_launch(group) for _ in old]
        try:
            if str(rolling.get("WaitOnResourceSignals", False)).lower() == "true":
                _wait(group, stack_name, logical_id, len(new), rolling.get("PauseTime", "PT5M"))
        except ValueError:
            for one in new:
                retire(group, one)
            raise
        if not ends_first:
            for one in old:
                retire(group, one)
        _event(stack_name, logical_id, group, f"Successfully terminated instance(s) [{','.join(old)}]")


def delete(physical_id, properties):
    group = autoscaling._asgs.get(physical_id)
    for one in list(group["Instances"]) if group else []:
        end(group, one["InstanceId"])
        drop_tags(one["InstanceId"])
    provisioners._asg_delete(physical_id, properties)


def install():
    run_on_worker_thread(GROUP)
    send_back_failed_update(GROUP)
    register(GROUP, create, delete, update, replaced_by=("AutoScalingGroupName", "InstanceId"), names_update=True)
    autoscaling._reconcile_instances = _resize
    autoscaling._ACTION_MAP["SetInstanceHealth"] = _set_instance_health
    _only_from_instances()
    _also_in_a_rollback()
