"""Stands for systemd's socket units on a test host: holds the sockets of a service, and starts it whenever there is something to
read.

  activate.py NAME GROUPS MIB PATH COMMAND...

NAME.pid holds the service's process while it runs. GROUPS and MIB are of the netlink socket, PATH is of the other one.
"""

import os
import select
import socket
import subprocess
import sys

NETFILTER, RCVBUFFORCE = 12, 33

name, groups, mib, path, *command = sys.argv[1:]
events = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, NETFILTER)
events.setsockopt(socket.SOL_SOCKET, RCVBUFFORCE, int(mib) << 20)
events.bind((0, int(groups)))
os.makedirs(os.path.dirname(path), exist_ok=True)
if os.path.exists(path):
    os.remove(path)
asked = socket.socket(socket.AF_UNIX)
asked.bind(path)
asked.listen()


def sockets_in_place() -> None:
    """As 3 and 4, whatever they are here."""
    copies = [os.dup(one.fileno()) for one in (events, asked)]
    for place, copy in enumerate(copies, 3):
        os.dup2(copy, place)


while True:
    select.select([events, asked], [], [])
    environment = {**os.environ, "LISTEN_FDS": "2"}
    service = subprocess.Popen(command, env=environment, preexec_fn=sockets_in_place, close_fds=False)
    with open(f"{name}.pid", "w") as pid:
        pid.write(f"{service.pid}")
    service.wait()
    os.remove(f"{name}.pid")
