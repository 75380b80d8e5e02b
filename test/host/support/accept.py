"""Stands for systemd's sockets of a TCP port or a path on a test host: starts a service when somebody asks, with the listening socket
as its file 3, and again when it has ended.

accept.py NAME ADDRESS:PORT|PATH CAPABILITIES COMMAND...

NAME.pid holds the service's process while it runs.
"""

import os
import select
import socket
import subprocess
import sys

name, place, rights, *command = sys.argv[1:]
if place.startswith("/"):
    os.makedirs(os.path.dirname(place), exist_ok=True)
    if os.path.exists(place):
        os.remove(place)
    server = socket.socket(socket.AF_UNIX)
    server.bind(place)
    server.listen()
else:
    address, _, port = place.rpartition(":")
    server = socket.create_server((address, int(port)))
bounded = ["setpriv", "--no-new-privs", "--bounding-set", rights, "--inh-caps", rights]


def socket_in_place() -> None:
    os.dup2(os.dup(server.fileno()), 3)


while True:
    select.select([server], [], [])
    service = subprocess.Popen([*bounded, *command], preexec_fn=socket_in_place, close_fds=False)
    with open(f"{name}.pid", "w") as pid:
        pid.write(f"{service.pid}")
    service.wait()
    os.remove(f"{name}.pid")
