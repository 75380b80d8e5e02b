"""An open connection in which either end sends segments that are far outside of the other's window, as a network that holds packets back
may, and then goes on. Arguments: serve PORT DISTANCE..., or ask ADDRESS PORT DISTANCE... (a connection for each distance of the asking
end; prints a line for each). The serving end sends those of its own distances in every connection. A distance `r5000` is a reset."""

import socket
import struct
import sys
import time

# linux/tcp.h
TCP_REPAIR, TCP_REPAIR_QUEUE, TCP_QUEUE_SEQ, RECEIVE, SEND, OFF_SILENTLY = 19, 20, 21, 1, 2, -1
ACK, RST = 0x10, 0x04


def numbers(connection):
    """The next sequence numbers of this end and of the other."""
    option = socket.IPPROTO_TCP
    connection.setsockopt(option, TCP_REPAIR, 1)
    found = []
    for queue in (SEND, RECEIVE):
        connection.setsockopt(option, TCP_REPAIR_QUEUE, queue)
        found.append(connection.getsockopt(option, TCP_QUEUE_SEQ) & 0xFFFFFFFF)
    connection.setsockopt(option, TCP_REPAIR, OFF_SILENTLY)
    return found


def checksum(data):
    total = sum(struct.unpack("!%dH" % (len(data) // 2), data))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF


def stray(connection, distance):
    flags, data = (RST, b"") if distance.startswith("r") else (ACK, b"stray!")
    sequence, acknowledged = numbers(connection)
    sequence = (sequence + int(distance.lstrip("r"))) % (1 << 32)
    here, there = connection.getsockname(), connection.getpeername()
    head = struct.pack("!HHIIBBHHH", here[1], there[1], sequence, acknowledged, 5 << 4, flags, 1024, 0, 0)
    if "." in here[0]:
        addresses = b"".join(socket.inet_aton(a[0].removeprefix("::ffff:")) for a in (here, there))
        pseudo = addresses + struct.pack("!HH", socket.IPPROTO_TCP, len(head + data))
        head = head[:16] + struct.pack("!H", checksum(pseudo + head + data)) + head[18:]
    family = socket.AF_INET if "." in here[0] else socket.AF_INET6
    with socket.socket(family, socket.SOCK_RAW, socket.IPPROTO_TCP) as s:
        if family == socket.AF_INET6:
            s.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_CHECKSUM, 16)
        s.bind((here[0].removeprefix("::ffff:"), 0))
        s.sendto(head + data, (there[0].removeprefix("::ffff:"), 0))


def serve(port, *distances):
    server = socket.create_server(("::", port), family=socket.AF_INET6, dualstack_ipv6=True)
    print("ready", flush=True)
    while True:
        connection, _ = server.accept()
        with connection:
            connection.settimeout(5)
            try:
                connection.recv(99)
                connection.sendall(b"first")
                for distance in distances:
                    stray(connection, distance)
                    time.sleep(0.02)
                connection.recv(99)
                connection.sendall(b"second")
            except OSError:
                pass


def ask(address, port, distance):
    with socket.create_connection((address, port), 3) as connection:
        try:
            connection.sendall(b"one")
            answers = [connection.recv(99).decode()]
            stray(connection, distance)
            # A reset that answers the stray segment comes first.
            time.sleep(0.05)
            connection.sendall(b"two")
            answers.append(connection.recv(99).decode())
        except OSError as error:
            answers.append(str(error))
    return " ".join(answers)


match sys.argv[1:]:
    case ["serve", port, *distances]:
        serve(int(port), *distances)
    case ["ask", address, port, *distances]:
        for d in distances:
            print(d, ask(address, int(port), d), flush=True)
