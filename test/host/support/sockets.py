"""Stands for systemd's socket units on a test host: holds the sockets of a service, and starts it when somebody asks, with them as its
files 3, 4, …, and again when it has ended.

sockets.py NAME CAPABILITIES COMMAND SOCKET...

NAME.pid holds the service's process while it runs, which has no capability but these. Each SOCKET is ADDRESS:PORT, the path of a Unix
socket, or netfilter:GROUPS:MIB with a netlink socket's groups and the size of its buffer.
"""

import os
import select
import shlex
import socket
import subprocess
import sys

NETFILTER, RCVBUFFORCE = 12, 33


def netlink(groups: str, mib: str) -> socket.socket:
    events = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, NETFILTER)
    events.setsockopt(socket.SOL_SOCKET, RCVBUFFORCE, int(mib) << 20)
    events.bind((0, int(groups)))
    return events


def unix(path: str) -> socket.socket:
    os.makedirs(os.path.dirname(path), exist_ok=True)
    if os.path.exists(path):
        os.remove(path)
    server = socket.socket(socket.AF_UNIX)
    server.bind(path)
    server.listen()
    return server


def opened(place: str) -> socket.socket:
    if place.startswith("/"):
        return unix(place)
    if place.startswith("netfilter:"):
        return netlink(*place.split(":")[1:])
    address, _, port = place.rpartition(":")
    return socket.create_server((address, int(port)))


name, rights, command, *places = sys.argv[1:]
sockets = [opened(place) for place in places]
bounded = ["setpriv", "--no-new-privs", "--bounding-set", rights, "--inh-caps", rights, *shlex.split(command)]


def in_place() -> None:
    """As 3, 4, …, whatever they are here."""
    copies = [os.dup(one.fileno()) for one in sockets]
    for place, copy in enumerate(copies, 3):
        os.dup2(copy, place)


while True:
    select.select(sockets, [], [])
    environment = {**os.environ, "LISTEN_FDS": f"{len(sockets)}"}
    service = subprocess.Popen(bounded, env=environment, preexec_fn=in_place, close_fds=False)
    with open(f"{name}.pid", "w") as pid:
        pid.write(f"{service.pid}")
    service.wait()
    os.remove(f"{name}.pid")
