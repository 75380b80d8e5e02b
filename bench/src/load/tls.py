"""Makes connections that carry nothing, as many as it can, and prints how many: one JSON object.

tls.py ADDRESS PORT SECONDS none 1.3      without TLS, opened and closed
tls.py ADDRESS PORT SECONDS full 1.3      each connection is a stranger's
tls.py ADDRESS PORT SECONDS resumed 1.2   each continues the first one's session"""

import json
import os
import select
import socket
import ssl
import sys
import time

address, port, seconds, kind = sys.argv[1], int(sys.argv[2]), float(sys.argv[3]), sys.argv[4]
PROCESSES = 2

context = ssl.create_default_context()
context.check_hostname = False
context.verify_mode = ssl.CERT_NONE
context.minimum_version = context.maximum_version = {"1.2": ssl.TLSVersion.TLSv1_2, "1.3": ssl.TLSVersion.TLSv1_3}[
    sys.argv[5]
]


def handshake(session):
    """One connection, up to the tickets that end its handshake at the server's side too. Returns its session."""
    with socket.create_connection((address, port), 10) as client:
        with context.wrap_socket(client, session=session) as tls:
            if tls.session_reused != (session is not None):
                raise SystemExit("a session was resumed" if session is None else "a session was not resumed")
            tls.setblocking(False)
            while not tls.session.has_ticket:
                select.select([tls], [], [], 10)
                try:
                    tls.recv(1)
                except ssl.SSLWantReadError:
                    pass  # what came was no data, but maybe a ticket
            return tls.session


def connection():
    with socket.create_connection((address, port), 10) as client:
        client.shutdown(socket.SHUT_WR)
        client.recv(1)  # the server's end of it


def count():
    session = handshake(None) if kind == "resumed" else None
    made, begin = 0, time.monotonic()
    while time.monotonic() < begin + seconds:
        connection() if kind == "none" else handshake(session)
        made += 1
    return made


def in_processes():
    read, write = os.pipe()
    children = []
    for _ in range(PROCESSES):
        child = os.fork()
        if child == 0:
            os.write(write, f"{count()}\n".encode())
            os._exit(0)
        children.append(child)
    os.close(write)
    if any(os.waitpid(child, 0)[1] for child in children):
        raise SystemExit("a process failed")
    with os.fdopen(read) as lines:
        return sum(int(line) for line in lines)


begin = time.monotonic()
made = in_processes()
print(json.dumps({"made": made + PROCESSES, "seconds": time.monotonic() - begin}))
