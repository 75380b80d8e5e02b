"""Sends back what came first on a connection, and closes it. Argument: port."""

import socket
import sys

server = socket.create_server(("::", int(sys.argv[1])), family=socket.AF_INET6, dualstack_ipv6=True)
print("ready", flush=True)
while True:
    connection, _ = server.accept()
    with connection:
        connection.settimeout(5)
        try:
            connection.sendall(connection.recv(4096))
        except OSError:
            pass
