"""Opens connections, asks once on each of them, says `ready` and leaves them open until it is ended.

idle.py ADDRESS PORT COUNT plain|tls"""

import os
import signal
import socket
import ssl
import sys

address, port, count, kind = sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), sys.argv[4]
PROCESSES = 2

context = ssl.create_default_context()
context.check_hostname = False
context.verify_mode = ssl.CERT_NONE


def connection():
    client = socket.create_connection((address, port), 10)
    if kind == "tls":
        client = context.wrap_socket(client)
    client.sendall(b"GET / HTTP/1.1\r\nHost: idle\r\n\r\n")
    answer = b""
    while not answer.endswith(b"ok\n"):
        piece = client.recv(4096)
        if not piece:
            raise SystemExit(f"no answer, but: {answer}")
        answer += piece
    return client


ready, write = os.pipe()
children = []
for _ in range(PROCESSES):
    child = os.fork()
    if child == 0:
        kept = [connection() for _ in range(count // PROCESSES)]
        os.write(write, b".")
        signal.pause()
    children.append(child)
os.close(write)


def end(*_):
    for child in children:
        os.kill(child, signal.SIGKILL)
    os._exit(0)


signal.signal(signal.SIGTERM, end)
said = 0
while said < PROCESSES:
    if not os.read(ready, 1):
        raise SystemExit("a process failed")
    said += 1
print("ready", flush=True)
signal.pause()
