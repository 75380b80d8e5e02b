"""What a content serves, and to whom; and the sockets that serve it."""

import ipaddress
import re
from typing import Any, NamedTuple, Optional

from portway.commands import run
from portway.files import read

FORWARDS, SOURCES = "/etc/portway/forwards", "/etc/portway/sources"

# How many sockets one call of ss ends.
BATCH = 50


class Connection(NamedTuple):
    """A socket of this host."""

    host: str
    port: int
    peer: str
    peer_port: int


class Forward(NamedTuple):
    name: str
    # tcp, udp, or the number of a protocol without ports.
    protocol: str
    first: int
    last: int
    engine: str
    targets: frozenset[str]
    # Networks of ipaddress.
    allow: list[Any]
    deny: list[Any]
    # Its clients come through trusted proxies, so the other end of a connection is not the client.
    is_proxied: bool

    def has(self, protocol: str, port: int) -> bool:
        return self.protocol == protocol and self.first <= port <= self.last


class Content:
    def __init__(self, forwards: str, sources: str):
        """From the texts of FORWARDS and SOURCES."""
        lists: dict[tuple[str, str], list[str]] = {}
        for name, what, *networks in map(str.split, sources.splitlines()):
            found = lists.setdefault((name, what), [])
            for network in networks:
                # A list of the stack's stands before those that name it.
                found += lists.get((network, "list"), [network])
        self.blocked = networks_of(lists, "*", "deny")
        self.forwards = []
        for name, listener, engine, *targets in map(str.split, forwards.splitlines()):
            protocol, _, ports = listener.partition("/")
            first, _, last = (ports or "0").partition("-")
            ports_and_targets = (int(first), int(last or first), engine, frozenset(targets))
            admitted = (networks_of(lists, name, "allow"), networks_of(lists, name, "deny"), (name, "proxied") in lists)
            self.forwards.append(Forward(name, protocol, *ports_and_targets, *admitted))

    def all_at(self, protocol: str, port: int) -> list[Forward]:
        """Two forwards may share a port of TLS."""
        return [forward for forward in self.forwards if forward.has(protocol, port)]

    def follows(self, forward: Forward, old: "Content") -> Optional[Forward]:
        """What a forward became: the one of its name, or the one that took its listener under a new name."""
        known = {one.name for one in old.forwards}
        rivals = [one for one in self.all_at(forward.protocol, forward.first) if one.name not in known]
        return next((one for one in self.forwards if one.name == forward.name), rivals[0] if rivals else None)

    def admits(self, forward: Forward, client: Any) -> bool:
        deny, allow = ([], []) if forward.is_proxied else (forward.deny, forward.allow)
        if client.is_loopback:
            return True
        return not is_in(client, self.blocked + deny) and (not allow or is_in(client, allow))


# Networks by a forward's name and what they are for.
Lists = dict[tuple[str, str], list[str]]


def networks_of(lists: Lists, name: str, what: str) -> list[Any]:
    return [ipaddress.ip_network(text, strict=False) for text in lists.get((name, what), [])]


def is_in(client: Any, networks: list[Any]) -> bool:
    return any(client in network for network in networks)


def address(text: str) -> Any:
    """An address as ss and conntrack print it."""
    found = ipaddress.ip_address(text.strip("[]").partition("%")[0])
    return getattr(found, "ipv4_mapped", None) or found


def split_target(target: str) -> tuple[str, int, int]:
    """Host and ports of a target; the host is empty for the gateway itself, the ports are 0 if it has none."""
    found = re.match(r"(?:(\[.*\]|[^:]*):)?(\d+)(?:-(\d+))?$", target)
    if not found:
        return target.strip("[]"), 0, 0
    host, first, last = found.groups("")
    return host.strip("[]"), int(first), int(last or first)


def texts_of(tree: str) -> list[str]:
    """The texts of a content, by which it can be kept."""
    return [read(tree + path) for path in (FORWARDS, SOURCES)]


def place(host: str, port: int) -> str:
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def end_sockets(connections: list[Connection]) -> None:
    """Ends sockets of this host: both ends get a reset.

    @raise OSError if this kernel cannot
    """
    texts = [f"( src = {place(one.host, one.port)} and dst = {place(one.peer, one.peer_port)} )" for one in connections]
    for start in range(0, len(texts), BATCH):
        which = " or ".join(texts[start : start + BATCH])
        run("ss", "-KHtn", "state", "connected", which)
        if run("ss", "-Htn", "state", "established", which).stdout:
            raise OSError("this kernel cannot end sockets (CONFIG_INET_DIAG_DESTROY)")
