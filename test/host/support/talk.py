"""Long conversations, to see which of them go on. Arguments:
serve NAME PORT [CERTIFICATE]   answers each message with NAME, on TCP and UDP, or on TLS with a file of certificate and key;
                                answers `GET` by a stream that never ends, and a WebSocket handshake by a conversation
hold STATE CONVERSATIONS         holds the conversations of a JSON list, a message each 50 ms. STATE gets, as JSON by their names,
                                who answered last, how long ago, and how the conversation ended. It ends when the file STATE.stop is there.

A conversation has a name, a kind (tcp, udp, tls, http, websocket or wss), and the addresses `from` and `to`, and a port."""

import json
import os
import socket
import ssl
import sys
import threading
import time

PERIOD = 0.05
PLAIN = b"GET / HTTP/1.0\r\nHost: pass.example\r\n"
HELLO = b"GET / HTTP/1.1\r\nHost: pass.example\r\n"
UPGRADE = b"Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"


def answer(connection, name):
    try:
        if context:
            connection = context.wrap_socket(connection, server_side=True)
        while data := connection.recv(4096):
            if data.startswith(b"GET ") and b"pgrade: websocket" in data:
                connection.sendall(b"HTTP/1.1 101 Switching\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n")
            elif data.startswith(b"GET "):
                connection.sendall(b"HTTP/1.0 200 OK\r\nX-Accel-Buffering: no\r\n\r\n")
                while True:
                    connection.sendall(name)
                    time.sleep(PERIOD)
            else:
                connection.sendall(name)
    except OSError:
        pass
    connection.close()


def serve(name, port):
    server = socket.create_server(("::", port), family=socket.AF_INET6, dualstack_ipv6=True)
    datagrams = socket.socket(socket.AF_INET6, socket.SOCK_DGRAM)
    datagrams.bind(("::", port))

    def reply():
        while True:
            try:
                datagrams.sendto(name, datagrams.recvfrom(4096)[1])
            # The gateway says that it has nobody any more who waits for an answer.
            except OSError:
                pass

    threading.Thread(target=reply, daemon=True).start()
    print("ready", flush=True)
    while True:
        threading.Thread(target=answer, args=(server.accept()[0], name), daemon=True).start()


class Conversation:
    def __init__(self, kind, to, port, **more):
        self.kind, self.heard, self.by, self.ended = kind, time.monotonic(), "", ""
        family = socket.AF_INET6 if ":" in to else socket.AF_INET
        self.socket = socket.socket(family, socket.SOCK_DGRAM if kind == "udp" else socket.SOCK_STREAM)
        self.socket.bind((more["from"], 0))
        self.socket.settimeout(5)
        self.socket.connect((to, port))
        if kind in ("tls", "wss"):
            client = ssl.create_default_context()
            client.check_hostname, client.verify_mode = False, ssl.CERT_NONE
            self.socket = client.wrap_socket(self.socket, server_hostname=more.get("host", "pass.example"))
        if kind in ("http", "websocket", "wss"):
            # An answer without a length: of HTTP/1.0, nginx makes chunks for HTTP/1.1.
            self.socket.sendall((PLAIN if kind == "http" else HELLO + UPGRADE) + b"\r\n")
            head = b""
            while b"\r\n\r\n" not in head:
                head += self.socket.recv(1)
            if b" 200 " not in head and b" 101 " not in head:
                raise ValueError(head)
        self.socket.settimeout(0)

    def send(self):
        if self.kind != "http" and not self.ended:
            self.take(lambda: self.socket.send(b"hello"))

    def receive(self):
        data = self.take(lambda: self.socket.recv(4096))
        if data:
            self.heard, self.by = time.monotonic(), data[-4:].decode()
        elif data == b"":
            self.ended = self.ended or "closed"

    def take(self, what):
        try:
            return what()
        except (BlockingIOError, ssl.SSLWantReadError):
            return None
        except OSError as error:
            if self.kind != "udp":
                self.ended = type(error).__name__

    def state(self):
        return {"by": self.by, "silent": round(time.monotonic() - self.heard, 2), "ended": self.ended}


def hold(path, conversations):
    held = {one.pop("name"): Conversation(**one) for one in json.loads(conversations)}
    print("ready", flush=True)
    while not os.path.exists(f"{path}.stop"):
        began = time.monotonic()
        for conversation in held.values():
            conversation.send()
        time.sleep(PERIOD)
        for conversation in held.values():
            if not conversation.ended:
                conversation.receive()
        # The machine was busy: nobody's fault.
        late = time.monotonic() - began - PERIOD
        if late > 0.2:
            for conversation in held.values():
                conversation.heard += late
        with open(f"{path}.new", "w") as file:
            json.dump({name: one.state() for name, one in held.items()}, file)
        os.replace(f"{path}.new", path)


context = None
if sys.argv[1] == "serve":
    if len(sys.argv) > 4:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(sys.argv[4])
    serve(sys.argv[2].encode(), int(sys.argv[3]))
else:
    hold(sys.argv[2], sys.argv[3])
