"""Opens a WebSocket, sends words one by one and prints what comes back. Arguments: address, port, words; or address, port and a path:
then it sends numbers until that file is there, and prints how many came back, and whether it was cut."""

import base64
import os
import socket
import sys
import time

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
    print(status, flush=True)
    if sys.argv[3].startswith("/"):
        count, cut = 0, False
        while not cut and not os.path.exists(sys.argv[3]):
            number = b"%08d" % count
            try:
                client.sendall(number)
                cut = stream.read(len(number)) != number
            except OSError:
                cut = True
            count += not cut
            time.sleep(0.05)
        print(f"{count} {'cut' if cut else 'open'}", flush=True)
        sys.exit()
    for word in sys.argv[3:] if status == "101" else []:
        client.sendall(word.encode())
        print(stream.read(len(word.encode())).decode())
