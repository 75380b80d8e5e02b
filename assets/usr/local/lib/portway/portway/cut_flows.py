"""Ends tracked flows of kernel forwards: see cut.py.

A flow whose entry is gone is a new one with its next packet. What is forbidden is dropped then, what has no forward is
refused, and the rest gets its new target.
"""

import re
from typing import NamedTuple

from portway.commands import run
from portway.served import Connection, Content, Forward, address, end_sockets, split_target

NUMBERS = {"6": "tcp", "17": "udp"}
ENTRY = re.compile(
    r"^\S+ +(\d+) .*?src=(\S+) dst=(\S+)(?: sport=(\d+) dport=(\d+))?.*? src=(\S+) dst=(\S+)(?: sport=(\d+) dport=(\d+))?",
    re.M,
)


class Flow(NamedTuple):
    family: str
    protocol: str
    client: str
    host: str
    client_port: int
    port: int
    # Who answers, and to whom.
    reply: Connection


def flows() -> list[Flow]:
    found = []
    for family in ("ipv4", "ipv6"):
        for entry in ENTRY.finditer(run("conntrack", "-L", "-f", family).stdout):
            number, client, host, source, port, replier, receiver, reply_source, reply_port = entry.groups("0")
            reply = Connection(replier, int(reply_source), receiver, int(reply_port))
            found.append(Flow(family, NUMBERS.get(number, number), client, host, int(source), int(port), reply))
    return found


def is_left(flow: Flow, old: Content, new: Content, is_drained: bool, own: set[str]) -> bool:
    """Whether the change leaves a flow behind. `own`: addresses of this host."""
    was, found = (content.all_at(flow.protocol, flow.port) for content in (old, new))
    if "iptables" not in [forward.engine for forward in was + found]:
        return False
    if not found:
        return True
    now = found[0]
    if flow.client not in own and not new.admits(now, address(flow.client)):
        return True
    # A TCP connection cannot move to another target.
    if flow.protocol == "tcp" and not is_drained:
        return False
    return now.engine != "iptables" or not leads_to(now, flow.reply, own)


def leads_to(forward: Forward, reply: Connection, own: set[str]) -> bool:
    """Whether the target that answers is one of the forward's."""
    for host, first, last in map(split_target, forward.targets):
        is_same = address(host) == address(reply.host) if host else reply.host in own
        if is_same and first <= reply.port <= last:
            return True
    return False


def end(flow: Flow) -> None:
    which = ["-f", flow.family, "-p", flow.protocol, "-s", flow.client, "-d", flow.host]
    if flow.port:
        which += ["--orig-port-src", f"{flow.client_port}", "--orig-port-dst", f"{flow.port}"]
    run("conntrack", "-D", *which)


def cut(old: Content, new: Content, is_drained: bool, _: list[str]) -> int:
    own = set(re.findall("inet6? ([^/ ]+)", run("ip", "-o", "addr").stdout))
    left = [flow for flow in flows() if flow.host in own and is_left(flow, old, new, is_drained, own)]
    try:
        # Of applications on this host. First, while their resets still find the way to the client.
        end_sockets([flow.reply for flow in left if flow.protocol == "tcp" and flow.reply.host in own])
    finally:
        for flow in left:
            end(flow)
    return len(left)
