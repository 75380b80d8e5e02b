"""Opens a WebSocket, sends words one by one and prints what comes back. Arguments: address, port, words."""

import base64
import os
import socket
import sys

with socket.create_connection((sys.argv[1], int(sys.argv[2])), 5) as client:
    key = base64.b64encode(os.urandom(16)).decode()
    client.sendall(
        b"GET /socket HTTP/1.1\r\nHost: test\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
        b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: %s\r\n\r\n" % key.encode()
    )
    stream = client.makefile("rb")
    status = stream.readline().decode().split()[1]
    while stream.readline().strip():
        pass
    print(status)
    for word in sys.argv[3:] if status == "101" else []:
        client.sendall(word.encode())
        print(stream.read(len(word.encode())).decode())
