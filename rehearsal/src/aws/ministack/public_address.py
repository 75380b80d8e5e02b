"""Public addresses from TEST-NET-3 (RFC 5737), so that nothing of a rehearsal is somebody's real address.

203.0.113.0/24 is also where the rehearsal's admin lives (.7). Elastic IPs start at .100, the passing addresses that an
instance has until its Elastic IP arrives start at .200.
"""

from ipaddress import IPv4Address

from engine import ec2

_ELASTIC = [str(IPv4Address("203.0.113.100") + n) for n in range(100)]
_PASSING = [str(IPv4Address("203.0.113.200") + n) for n in range(55)]


def _used():
    return {a["PublicIp"] for a in ec2._addresses.values()} | {
        i.get("PublicIpAddress") for i in ec2._instances.values() if i["State"]["Name"] != "terminated"
    }


def _next(pool, what):
    used = _used()
    for address in pool:
        if address not in used:
            return address
    raise ValueError(f"The maximum number of {what} has been reached.")


def elastic():
    return _next(_ELASTIC, "addresses")


def passing():
    return _next(_PASSING, "public addresses")


def install():
    """AllocateAddress and RunInstances draw from the pools too, whoever calls them."""
    original = ec2._random_ip

    def pooled(prefix):
        if prefix == "52.":
            return elastic()
        if prefix == "54.":
            return passing()
        return original(prefix)

    ec2._random_ip = pooled
