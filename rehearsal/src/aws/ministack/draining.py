"""Targets that leave a target group: they are `draining` for its deregistration delay, and `unused` afterwards.

ministack forgets a target at once. What a balancer does with a draining target is not here, but in who plays the balancer.
Source: user guide of Network Load Balancers, "Target health status" and "Deregistration delay".
"""

import time

import pace
from engine import take_over_balancing
from ministack.services import alb

_DELAY = "deregistration_delay.timeout_seconds"
_DEFAULT_DELAY = 300
# When a target is no longer draining, beside its id and port in ministack's record.
_UNTIL = "_until"


def delay(arn):
    """A target group's, in seconds of this endpoint."""
    told = {one["Key"]: one["Value"] for one in alb._tg_attrs.get(arn, [])}
    return pace.seconds(float(told.get(_DELAY, _DEFAULT_DELAY)))


def register(arn, instance_id):
    """A target that comes back while it drains is a target again."""
    others = [one for one in alb._targets.get(arn, []) if one["Id"] != instance_id]
    alb._targets[arn] = [*others, {"Id": instance_id, "Port": alb._tgs[arn]["Port"]}]


def deregister(arn, instance_id):
    for target in alb._targets.get(arn, []):
        if target["Id"] == instance_id:
            target.setdefault(_UNTIL, time.monotonic() + delay(arn))


def forget(instance_id):
    """Removes an instance that has ended."""
    for targets in alb._targets.values():
        targets[:] = [one for one in targets if one["Id"] != instance_id]


def _described(target, instance_id):
    if target is None or time.monotonic() >= target.get(_UNTIL, float("inf")):
        return "unused", "Target.NotRegistered", "Target is not registered to the target group"
    if _UNTIL in target:
        return "draining", "Target.DeregistrationInProgress", "Target deregistration is in progress"
    return "healthy", "", ""


def _target_health(parameters):
    arn = alb._p(parameters, "TargetGroupArn")
    if arn not in alb._tgs:
        return alb._error("TargetGroupNotFound", f"Target group '{arn}' not found.")
    known = {one["Id"]: one for one in alb._targets.get(arn, [])}
    asked = [one["Id"] for one in alb._parse_targets_param(parameters)]
    members = ""
    for instance_id in asked or known:
        state, reason, words = _described(known.get(instance_id), instance_id)
        if state == "unused" and not asked:
            continue
        why = f"<Reason>{reason}</Reason><Description>{words}</Description>" if reason else ""
        members += (
            f"<member><Target><Id>{instance_id}</Id><Port>{alb._tgs[arn]['Port']}</Port></Target>"
            f"<TargetHealth><State>{state}</State>{why}</TargetHealth></member>"
        )
    descriptions = f"<TargetHealthDescriptions>{members}</TargetHealthDescriptions>"
    return alb._xml(200, "DescribeTargetHealth", descriptions)


def _changing(action, change):
    """An action of the API that changes targets one by one: `change` is `register` or `deregister`."""

    def act(parameters):
        arn = alb._p(parameters, "TargetGroupArn")
        if arn not in alb._tgs:
            return alb._error("TargetGroupNotFound", f"Target group '{arn}' not found.")
        for one in alb._parse_targets_param(parameters):
            change(arn, one["Id"])
        return alb._empty(action)

    take_over_balancing(action, act)


def install():
    take_over_balancing("DescribeTargetHealth", _target_health)
    _changing("DeregisterTargets", deregister)
    _changing("RegisterTargets", register)
