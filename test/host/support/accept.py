"""Stands for systemd's sockets with Accept=yes on a test host: starts a service for each connection, which is its standard input.

accept.py ADDRESS:PORT CAPABILITIES COMMAND...
"""

import socket
import subprocess
import sys

place, rights, *command = sys.argv[1:]
address, _, port = place.rpartition(":")
server = socket.create_server((address, int(port)))
bounded = ["setpriv", "--no-new-privs", "--bounding-set", rights, "--inh-caps", rights]
while True:
    client, _ = server.accept()
    with client:
        subprocess.Popen([*bounded, *command], stdin=client)
