"""A request that is held in the middle (arguments: address, port): says "held" when its first half is sent, sends the rest once its
standard input ends, and prints the answer's status line."""

import socket
import sys

with socket.create_connection((sys.argv[1], int(sys.argv[2])), timeout=10) as connection:
    connection.sendall(b"POST / HTTP/1.1\r\nHost: held\r\nConnection: close\r\nContent-Length: 8\r\n\r\nfour")
    print("held", flush=True)
    sys.stdin.read()
    connection.sendall(b"more")
    print(connection.makefile().readline().strip())
