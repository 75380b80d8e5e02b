"""What DescribeAutoScalingGroups tells of a group besides: its types, its target groups, its warm-up, and the processes that somebody
suspended, by SuspendProcesses and ResumeProcesses. A suspended process is only told here: nothing stops."""

import instance_types
from ministack.services import autoscaling


def _described(parameters, describe=autoscaling._describe_asgs):
    status, headers, body = describe(parameters)
    text = body.decode()
    for group in autoscaling._asgs.values():
        arns = "".join(f"<member>{arn}</member>" for arn in group.get("TargetGroupARNs", []))
        suspended = "".join(
            f"<member><ProcessName>{name}</ProcessName><SuspensionReason>User suspended</SuspensionReason></member>"
            for name in group.get("_suspended", [])
        )
        warmup = group.get("_warmup")
        more = (
            f"<TargetGroupARNs>{arns}</TargetGroupARNs><SuspendedProcesses>{suspended}</SuspendedProcesses>"
            f"{instance_types.described(group)}"
            f"{'' if warmup is None else f'<DefaultInstanceWarmup>{warmup}</DefaultInstanceWarmup>'}"
        )
        own = f"<AutoScalingGroupARN>{group['AutoScalingGroupARN']}</AutoScalingGroupARN>"
        text = text.replace(own, own + more)
    return status, headers, text.encode()


def _change(parameters, changed, action):
    group = autoscaling._asgs.get(autoscaling._p(parameters, "AutoScalingGroupName"))
    if group is None:
        return autoscaling._error("ValidationError", "AutoScalingGroup name not found")
    named = set(autoscaling._parse_member_list(parameters, "ScalingProcesses"))
    group["_suspended"] = sorted(changed(set(group.get("_suspended", [])), named))
    return autoscaling._xml(200, f"{action}Response", "")


def install():
    autoscaling._ACTION_MAP.update(
        DescribeAutoScalingGroups=_described,
        SuspendProcesses=lambda parameters: _change(parameters, set.union, "SuspendProcesses"),
        ResumeProcesses=lambda parameters: _change(parameters, set.difference, "ResumeProcesses"),
    )
