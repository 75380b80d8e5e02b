"""A small application: says who it is and whom it sees. Arguments: tcp or udp, port, name, the address that it listens on
(default: all of the host's)."""

import json
import socket
import sys

protocol, port, name = sys.argv[1], int(sys.argv[2]), sys.argv[3]
address = sys.argv[4] if len(sys.argv) > 4 else "::"
if ":" not in address:
    address = "::ffff:" + address
server = socket.socket(socket.AF_INET6, socket.SOCK_STREAM if protocol == "tcp" else socket.SOCK_DGRAM)
server.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
server.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
server.bind((address, port))


def answer(client):
    seen = {"name": name, "client": client[0].removeprefix("::ffff:"), "clientPort": client[1], "port": port}
    return json.dumps(seen).encode()


if protocol == "tcp":
    server.listen(64)
print("ready", flush=True)
while True:
    if protocol == "udp":
        _, client = server.recvfrom(2048)
        server.sendto(answer(client), client)
        continue
    connection, client = server.accept()
    with connection:
        connection.settimeout(5)
        try:
            connection.recv(4096)
            body = answer(client)
            # Good enough as an HTTP answer too, for nginx in front of it.
            connection.sendall(b"HTTP/1.0 200 OK\r\nContent-Length: %d\r\n\r\n%s" % (len(body), body))
        except OSError:
            pass
