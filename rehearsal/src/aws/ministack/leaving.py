"""How an instance leaves its group: its target groups drain it, then a lifecycle hook holds it, then it ends.

Source: user guide of EC2 Auto Scaling, "Lifecycle hooks" and "Attach a load balancer": the group waits for the longest deregistration
delay. Nobody completes a hook here, so it lasts its heartbeat timeout.
"""

import contextvars
import threading

import draining
import instance
import pace
from ministack.services import autoscaling

IN_SERVICE = "InService"
_TERMINATING = "autoscaling:EC2_INSTANCE_TERMINATING"


def in_service(group):
    """A group's instances that count, the oldest first."""
    return [one for one in group["Instances"] if one["LifecycleState"] == IN_SERVICE]


def retire(group, instance_id):
    """Lets an instance of a group leave. Returns at once; it does not count any more."""
    (member,) = [one for one in group["Instances"] if one["InstanceId"] == instance_id]
    member["LifecycleState"] = "Terminating"
    arns = group.get("TargetGroupARNs", [])
    for arn in arns:
        draining.deregister(arn, instance_id)
    _later(max([draining.delay(arn) for arn in arns], default=0), _hold, group, member)


def end(group, instance_id):
    """Ends an instance at once."""
    group["Instances"][:] = [one for one in group["Instances"] if one["InstanceId"] != instance_id]
    draining.forget(instance_id)
    instance.delete(instance_id, {})


def _hold(group, member):
    hooks = [
        one
        for one in autoscaling._hooks.values()
        if one["AutoScalingGroupName"] == group["AutoScalingGroupName"] and one["LifecycleTransition"] == _TERMINATING
    ]
    if hooks:
        member["LifecycleState"] = "Terminating:Wait"
    held = max([pace.seconds(one["HeartbeatTimeout"]) for one in hooks], default=0)
    _later(held, end, group, member["InstanceId"])


def _later(seconds, work, *what):
    """On a thread, in the account of the request that is being answered. The endpoint may end meanwhile."""
    timer = threading.Timer(seconds, contextvars.copy_context().run, (work, *what))
    timer.daemon = True
    timer.start()
