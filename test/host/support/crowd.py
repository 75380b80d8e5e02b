"""Many clients at once that are slow, each with a connection of its own, until it is ended.

crowd.py readers ADDRESS PORT COUNT BYTES   ask for so much and read next to nothing of it
crowd.py heads ADDRESS PORT COUNT           send the head of a request, a byte now and then; who is cut off comes again
crowd.py flood ADDRESS PORT COUNT           ask as often as there are answers"""

import selectors
import socket
import sys
import threading
import time

mode, address, port, count = sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4])


def connect():
    client = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    # What the kernel would take in for the client is not left to wait at the gateway.
    client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    client.settimeout(20)
    client.connect((address, port))
    return client


def readers(size):
    request = f"GET / HTTP/1.1\r\nHost: crowd\r\nX-Test-Filler: {size}\r\n\r\n".encode()
    clients = []
    for _ in range(count):
        client = connect()
        client.sendall(request)
        client.recv(1)
        clients.append(client)
    print("ready", flush=True)
    while True:
        time.sleep(5)
        for client in clients:
            client.recv(1)


def heads():
    start = b"GET / HTTP/1.1\r\nHost: crowd\r\nX-Slow: "
    selector = selectors.DefaultSelector()

    def begin():
        client = connect()
        client.sendall(start)
        selector.register(client, selectors.EVENT_READ)

    for _ in range(count):
        begin()
    print("ready", flush=True)
    while True:
        for key, _ in selector.select(1):
            selector.unregister(key.fileobj)
            key.fileobj.close()
            begin()
        for key in list(selector.get_map().values()):
            try:
                key.fileobj.send(b"x")
            except OSError:
                pass


def flood():
    request = b"GET / HTTP/1.1\r\nHost: crowd\r\nUser-Agent: flood\r\n\r\n"

    def ask():
        client = connect()
        while True:
            try:
                client.sendall(request)
                if not client.recv(65536):
                    raise ConnectionError
            except OSError:
                client.close()
                client = connect()

    for _ in range(count):
        threading.Thread(target=ask, daemon=True).start()
    time.sleep(1)
    print("ready", flush=True)
    threading.Event().wait()


if mode == "readers":
    readers(int(sys.argv[5]))
elif mode == "heads":
    heads()
else:
    flood()
