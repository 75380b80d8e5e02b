"""The types that an Auto Scaling group launches: that of its launch template, or those of its MixedInstancesPolicy in order of preference,
on demand. A zone that the lab calls short of a type has none of it.

Source: user guide of EC2 Auto Scaling, "Allocation strategies for multiple instance types": with `prioritized`, a zone gets the first type
that it has. A policy with spot hosts or weights is refused, since Portway makes none.
"""

# Zones and types of which EC2 has no more.
short: set[tuple[str, str]] = set()


def be_short(zone, types):
    short.difference_update({one for one in short if one[0] == zone})
    short.update((zone, one) for one in types)


def policy_of(properties):
    """A template's policy, checked. None: it has a launch template alone."""
    policy = properties.get("MixedInstancesPolicy")
    if policy is None:
        return None
    if properties.get("LaunchTemplate"):
        raise ValueError("Valid requests must contain either LaunchTemplate or MixedInstancesPolicy parameter.")
    told = policy.get("InstancesDistribution") or {}
    if str(told.get("OnDemandPercentageAboveBaseCapacity", 100)) != "100":
        raise ValueError("The rehearsal has no spot hosts.")
    if told.get("OnDemandAllocationStrategy", "prioritized") != "prioritized":
        raise ValueError("The rehearsal knows prioritized types alone.")
    overrides = policy["LaunchTemplate"].get("Overrides") or []
    if any(set(one) != {"InstanceType"} for one in overrides):
        raise ValueError("The rehearsal knows types alone in Overrides.")
    return policy


def template_of(group):
    """The launch template of a group, alone or in its policy."""
    policy = group.get("_mixed")
    return group["LaunchTemplate"] if policy is None else policy["LaunchTemplate"]["LaunchTemplateSpecification"]


def preferred(group, only):
    """The group's types; `only` is that of its launch template."""
    policy = group.get("_mixed")
    return [one["InstanceType"] for one in policy["LaunchTemplate"].get("Overrides") or []] if policy else [only]


def available(types, zone):
    """The first of the types that the zone has. None: it has none of them."""
    return next((one for one in types if (zone, one) not in short), None)


def described(group):
    """A group's policy as DescribeAutoScalingGroups tells it."""
    policy = group.get("_mixed")
    if policy is None:
        return ""
    template = template_of(group)
    types = preferred(group, "")
    overrides = "".join(f"<member><InstanceType>{one}</InstanceType></member>" for one in types)
    return (
        "<MixedInstancesPolicy><LaunchTemplate><LaunchTemplateSpecification>"
        f"<LaunchTemplateId>{template['LaunchTemplateId']}</LaunchTemplateId><Version>{template['Version']}</Version>"
        f"</LaunchTemplateSpecification><Overrides>{overrides}</Overrides></LaunchTemplate><InstancesDistribution>"
        "<OnDemandAllocationStrategy>prioritized</OnDemandAllocationStrategy>"
        "<OnDemandPercentageAboveBaseCapacity>100</OnDemandPercentageAboveBaseCapacity>"
        "</InstancesDistribution></MixedInstancesPolicy>"
    )
