"""Sessions that are held open and do nothing else. Arguments:
serve PORT                             takes connections and datagrams and answers none of them, but each WebSocket handshake
open ADDRESS PORT COUNT LEFT KIND      opens so many connections of a kind, waits until at most LEFT of them are without an answer (20 s),
                                       stays for 1 s, and prints what became of them as JSON: "held", "closed", or the status of an answer
forge ADDRESS PORT COUNT NETWORK       sends so many datagrams, each from another source: NETWORK is the first half of them
segments ADDRESS PORT COUNT NETWORK    the same with segments of TCP connections that there are not; half of them with a wrong checksum

KIND is how a connection begins: `idle` says nothing, `get`, `post` (a body that never comes), `websocket`, or a host name, asked for by TLS.
`calm` is `get` with at most 100 that wait for an answer at a time.
`head`, `second` and `handshake` go on for ever, a byte each half second: a request, one after an answered one, and a TLS handshake."""

import collections
import json
import os
import selectors
import socket
import ssl
import struct
import sys
import time

HEADS = {
    "idle": "",
    "head": "GET / HTTP/1.1\r\nHost: test\r\nX-Long: ",
    "second": "GET / HTTP/1.1\r\nHost: test\r\n\r\n",
    "handshake": "\x16\x03\x01\x02\x00\x01",
    "get": "GET / HTTP/1.1\r\nHost: test\r\n\r\n",
    "calm": "GET / HTTP/1.1\r\nHost: test\r\n\r\n",
    "post": "POST / HTTP/1.1\r\nHost: test\r\nContent-Length: 1000\r\n\r\n",
    "websocket": "GET / HTTP/1.1\r\nHost: test\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
    "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n",
}
SWITCHED = b"HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n"


def serve(port):
    datagrams = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    datagrams.bind(("", port))
    server = socket.create_server(("", port), backlog=4096)
    server.setblocking(False)
    selector = selectors.DefaultSelector()
    selector.register(server, selectors.EVENT_READ)
    print("ready", flush=True)
    while True:
        for key, _ in selector.select():
            if key.fileobj is server:
                connection = server.accept()[0]
                selector.register(connection, selectors.EVENT_READ)
                continue
            try:
                data = key.fileobj.recv(4096)
                if b"\r\nUpgrade: websocket\r\n" in data:
                    key.fileobj.send(SWITCHED)
            except OSError:
                data = b""
            if not data:
                selector.unregister(key.fileobj)
                key.fileobj.close()


def hello(name):
    given, wanted = ssl.MemoryBIO(), ssl.MemoryBIO()
    try:
        ssl.create_default_context().wrap_bio(given, wanted, server_hostname=name).do_handshake()
    except ssl.SSLWantReadError:
        return wanted.read()


def hold(address, port, count, left, kind):
    head = HEADS[kind].encode() if kind in HEADS else hello(kind)
    selector, outcome = selectors.DefaultSelector(), {}

    def step(seconds):
        for key, _ in selector.select(seconds):
            client = key.fileobj
            try:
                if key.events & selectors.EVENT_WRITE:
                    client.send(head)
                    selector.modify(client, selectors.EVENT_READ)
                    continue
                data = client.recv(4096)
            except OSError:
                data = b""
            if data and client not in outcome:
                outcome[client] = data.split()[1].decode()
            elif not data:
                if kind == "second" or client not in outcome:
                    outcome[client] = "closed"
                selector.unregister(client)

    def drip():
        for key in list(selector.get_map().values()):
            # The others have not sent their beginning.
            if key.events != selectors.EVENT_READ:
                continue
            if kind == "second" and key.fileobj not in outcome:
                continue
            try:
                key.fileobj.send(b"x")
            except OSError:
                pass

    for i in range(count):
        client = socket.socket()
        client.setblocking(False)
        client.connect_ex((address, port))
        selector.register(client, selectors.EVENT_WRITE if head else selectors.EVENT_READ)
        # Each begins as soon as it is connected, since nginx drops clients that say nothing for long, and a busy machine makes
        # a hundred connects last seconds.
        step(0.02 if i % 100 == 0 else 0)
        patience = time.monotonic() + 20
        while kind == "calm" and i - len(outcome) >= 100 and time.monotonic() < patience:
            step(0.1)
    end, next_byte = time.monotonic() + 20, 0

    def waiting():
        return count - (list(outcome.values()).count("closed") if kind == "second" else len(outcome))

    while waiting() > left and time.monotonic() < end:
        if kind in ("head", "second", "handshake") and time.monotonic() > next_byte:
            drip()
            next_byte = time.monotonic() + 0.5
        step(0.1)
    end = time.monotonic() + 1
    while time.monotonic() < end:
        step(0.1)
    counts = collections.Counter(outcome.values())
    print(json.dumps({"held": count - len(outcome), **counts}))
    sys.stdout.flush()
    # Closing them one by one would take longer.
    os._exit(0)


def forge(address, port, count, network):
    raw = socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_RAW)
    to = socket.inet_aton(address)
    for i in range(count):
        source = socket.inet_aton(f"{network}.{i // 250 % 250}.{i % 250 + 1}")
        ip = struct.pack("!BBHHHBBH", 0x45, 0, 36, 0, 0, 64, 17, 0) + source + to
        raw.sendto(ip + struct.pack("!HHHH", 1024 + i // 62_500, port, 16, 0) + b"filling?", (address, 0))
        # As fast as the gateway takes them.
        if i % 50 == 0:
            time.sleep(0.001)


def checksum(data):
    total = sum(struct.unpack(f"!{len(data) // 2}H", data))
    while total > 0xFFFF:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF


def segments(address, port, count, network):
    raw = socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_RAW)
    to = socket.inet_aton(address)
    for i in range(count):
        source = socket.inet_aton(f"{network}.{i // 250 % 250}.{i % 250 + 1}")
        # 0x5018: a header of 20 bytes, ACK and PSH.
        parts = [1024 + i // 62_500, port, i, i, 0x5018, 1024, 0, 0]
        content = b"GET / HT"
        pseudo = source + to + struct.pack("!HH", 6, 20 + len(content))
        parts[6] = checksum(pseudo + struct.pack("!HHIIHHHH", *parts) + content) ^ (i % 2)
        ip = struct.pack("!BBHHHBBH", 0x45, 0, 40 + len(content), 0, 0, 64, 6, 0) + source + to
        raw.sendto(ip + struct.pack("!HHIIHHHH", *parts) + content, (address, 0))
        if i % 50 == 0:
            time.sleep(0.001)


mode, words = sys.argv[1], sys.argv[2:]
if mode == "serve":
    serve(int(words[0]))
elif mode == "open":
    hold(words[0], int(words[1]), int(words[2]), int(words[3]), words[4])
elif mode == "segments":
    segments(words[0], int(words[1]), int(words[2]), words[3])
else:
    forge(words[0], int(words[1]), int(words[2]), words[3])
