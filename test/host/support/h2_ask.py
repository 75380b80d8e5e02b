"""One request over HTTP/2 with a head as it is given, which ordinary clients would not send. Arguments: address, port, the
name for TLS, and the fields in order, such as `:authority=a.example`. Prints the body, or `refused` with the status or the end
of the stream."""

import socket
import ssl
import struct
import sys

# The statuses that have a number of their own in HPACK's static table.
STATUSES = {0x88: 200, 0x89: 204, 0x8A: 206, 0x8B: 304, 0x8C: 400, 0x8D: 404, 0x8E: 500}
DATA, HEADERS, RST_STREAM, SETTINGS, GOAWAY = 0, 1, 3, 4, 7


def frame(kind, flags, stream, content=b""):
    return struct.pack("!I", len(content))[1:] + bytes([kind, flags]) + struct.pack("!I", stream) + content


def text(value):
    return bytes([len(value)]) + value.encode()


def read(connection, count):
    content = b""
    while len(content) < count:
        more = connection.recv(count - len(content))
        if not more:
            sys.exit(print("refused: closed"))
        content += more
    return content


context = ssl._create_unverified_context()
context.set_alpn_protocols(["h2"])
connection = context.wrap_socket(
    socket.create_connection((sys.argv[1], int(sys.argv[2])), 5), server_hostname=sys.argv[3]
)
# Literal fields, neither indexed nor compressed.
fields = b"".join(b"\0" + text(name) + text(value) for name, _, value in (word.partition("=") for word in sys.argv[4:]))
preface = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + frame(SETTINGS, 0, 0)
connection.sendall(preface + frame(HEADERS, 5, 1, fields))
body = b""
while True:
    head = read(connection, 9)
    kind, flags, stream = head[3], head[4], struct.unpack("!I", head[5:])[0]
    content = read(connection, int.from_bytes(head[:3], "big"))
    if kind == SETTINGS and not flags & 1:
        connection.sendall(frame(SETTINGS, 1, 0))
    if kind in (RST_STREAM, GOAWAY):
        sys.exit(print("refused: reset"))
    if kind == HEADERS and STATUSES.get(content[0]) != 200:
        sys.exit(print(f"refused: {STATUSES.get(content[0], 'another status')}"))
    if kind == DATA:
        body += content
    if stream == 1 and flags & 1:
        sys.exit(print(body.decode()))
