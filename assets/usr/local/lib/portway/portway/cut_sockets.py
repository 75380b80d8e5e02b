"""Ends connections of nginx's forwards: see cut.py. After a reload, nginx's old workers would finish them.

UDP needs nothing: all clients are new to the new workers.
"""

import re
import socket

from portway.commands import run
from portway.old_workers import identities
from portway.old_workers import limit as limit
from portway.served import Connection, Content, address, end_sockets, split_target

LINE = re.compile(r"(\S+):(\d+) +(\S+):(\d+)(.*)$")


def sockets() -> list[tuple[Connection, set[str]]]:
    """TCP connections of this host, and the ids of the processes that have them."""
    found = []
    for line in run("ss", "-Htnp", "state", "connected").stdout.splitlines():
        match = LINE.search(line)
        if match:
            host, port, peer, peer_port, rest = match.groups()
            connection = Connection(f"{address(host)}", int(port), f"{address(peer)}", int(peer_port))
            found.append((connection, set(re.findall(r"pid=(\d+)", rest))))
    return found


def is_left(connection: Connection, is_old: bool, old: Content, new: Content, is_drained: bool) -> bool:
    """Whether the change leaves a client's connection behind. `is_old`: a worker from before the change has it."""
    sharers = old.all_at("tcp", connection.port)
    here = [forward for forward in sharers if forward.engine == "nginx"]
    if not here:
        return False
    if not new.all_at("tcp", connection.port):
        return True
    client = address(connection.peer)
    for forward in here:
        then = new.follows(forward, old)
        # On a shared port, only what changed: the client may use the other forward.
        if then and old.admits(forward, client) and not new.admits(then, client):
            return True
        if then and is_drained and is_old and len(sharers) == 1 and forward.targets - then.targets:
            return True
    return False


def former_targets(old: Content, new: Content, is_drained: bool) -> set[str]:
    """Former targets of forwards that share or shared a port, where a client's connection does not tell which one it uses. Targets that
    another forward kept are left out."""
    left: set[str] = set()
    kept: set[str] = set()
    for forward in old.forwards:
        if forward.engine == "nginx":
            then = new.follows(forward, old)
            targets = then.targets if then else frozenset()
            kept |= forward.targets & targets
            if len(old.all_at(forward.protocol, forward.first)) > 1 and (is_drained or not then):
                left |= forward.targets - targets
    return left - kept


def addresses_of(target: str) -> set[tuple[str, int, int]]:
    host, first, last = split_target(target)
    try:
        found = socket.getaddrinfo(host or "127.0.0.1", first, type=socket.SOCK_STREAM)
    except OSError:
        return set()
    return {(f"{address(str(name[0]))}", first, last) for *_, name in found}


def cut(old: Content, new: Content, is_drained: bool, workers: list[str]) -> int:
    before = {worker.partition(" ")[0] for worker in set(workers) & set(identities())}
    places = {place for target in former_targets(old, new, is_drained) for place in addresses_of(target)}
    left = []
    for one, processes in sockets():
        is_old = bool(processes & before)
        is_at_target = any(one.peer == host and first <= one.peer_port <= last for host, first, last in places)
        if (is_old and is_at_target) or is_left(one, is_old, old, new, is_drained):
            left.append(one)
    end_sockets(left)
    return len(left)
