"""Health checks that speak enough of a database's protocol to leave no trace there.

Each function returns if the server answered, and raises an OSError if it did not.
"""

import socket
import ssl
import struct
import time

# The account that the MySQL check logs in with: no password, no rights. The server need not have it.
USER = b"portway"

# CLIENT_LONG_PASSWORD, CLIENT_PROTOCOL_41, CLIENT_SECURE_CONNECTION, CLIENT_PLUGIN_AUTH
CAPABILITIES = 0x1 | 0x200 | 0x8000 | 0x80000

# SSLRequest: the message's length and its code.
SSL_REQUEST = struct.pack(">II", 8, 80877103)

ERROR, MORE, SWITCH = b"\xff", b"\x01", b"\xfe"


class Conversation:
    """A connection whose operations together take no longer than `timeout`."""

    def __init__(self, host: str, port: int, timeout: float):
        self.end = time.monotonic() + timeout
        self.socket: socket.socket = socket.create_connection((host, port), timeout)

    def __enter__(self) -> "Conversation":
        return self

    def __exit__(self, *_: object) -> None:
        self.socket.close()

    def receive(self, size: int) -> bytes:
        data = b""
        while len(data) < size:
            self.socket.settimeout(max(0.001, self.end - time.monotonic()))
            part = self.socket.recv(size - len(data))
            if not part:
                raise ConnectionError("closed by the server")
            data += part
        return data


# A complete login, since the server counts incomplete ones (`max_connect_errors`) and blocks the gateway after 100. A
# refused login is an answer too, and is not counted. A server that is full, or blocks the gateway, says so before the
# login.
# @see https://dev.mysql.com/doc/dev/mysql-server/latest/page_protocol_connection_phase.html
def mysql(host: str, port: int, timeout: float) -> None:
    with Conversation(host, port, timeout) as server:
        greeting, _ = read_packet(server)
        if greeting[:1] == ERROR:
            raise ConnectionError(greeting[3:].decode("ascii", "replace"))
        if greeting[:1] != b"\x0a":
            raise ConnectionError("no MySQL server")
        # The last part of the greeting. Using the server's own method saves it a question.
        method = greeting.rstrip(b"\0").rsplit(b"\0", 1)[-1]
        login = struct.pack("<IIB23x", CAPABILITIES, 1 << 24, 45) + USER + b"\0\0" + method + b"\0"
        write_packet(server, 1, login)
        answer, number = read_packet(server)
        if answer[:1] == SWITCH:
            # Another method: an empty password is the same in all of them.
            write_packet(server, number + 1, b"")
            answer, number = read_packet(server)
        if answer[:1] not in (ERROR, MORE):
            # COM_QUIT
            write_packet(server, 0, b"\x01")


def read_packet(server: Conversation) -> tuple[bytes, int]:
    head = server.receive(4)
    return server.receive(int.from_bytes(head[:3], "little")), head[3]


def write_packet(server: Conversation, number: int, data: bytes) -> None:
    server.socket.sendall(len(data).to_bytes(3, "little") + bytes([number]) + data)


# Asks whether the server accepts TLS, which a process of its own answers. If it does, TLS begins, since the server logs
# a connection that ends in between. When the connection ends after that, the server assumes that the client changed its
# mind.
# @see https://www.postgresql.org/docs/current/protocol-flow.html#PROTOCOL-FLOW-SSL
def postgres(host: str, port: int, timeout: float) -> None:
    with Conversation(host, port, timeout) as server:
        server.socket.sendall(SSL_REQUEST)
        answer = server.receive(1)
        if answer == b"S":
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
            # Nothing secret is sent, so the server's identity does not matter.
            context.check_hostname = False
            context.verify_mode = ssl.CERT_NONE
            server.socket.settimeout(max(0.001, server.end - time.monotonic()))
            encrypted = context.wrap_socket(server.socket)
            server.socket = encrypted
            encrypted.unwrap()
        elif answer != b"N":
            raise ConnectionError("no PostgreSQL server")
