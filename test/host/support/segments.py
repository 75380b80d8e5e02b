"""Sends so many bytes, or takes them and says which largest segment it was offered and how many came. Arguments: serve PORT BYTES (sends
to each that connects), take ADDRESS PORT, or plain INTERFACE (its packets leave one by one, as a real network's do, and not in bundles that
the other end cuts)."""

import ctypes
import fcntl
import socket
import struct
import sys

# linux/ethtool.h: ETHTOOL_STSO, ETHTOOL_SGSO, ETHTOOL_SGRO
FEATURES = (0x1F, 0x24, 0x2C)
SIOCETHTOOL = 0x8946


def serve(port, size):
    server = socket.create_server(("::", port), family=socket.AF_INET6, dualstack_ipv6=True)
    print("ready", flush=True)
    while True:
        connection, _ = server.accept()
        with connection:
            segment = connection.getsockopt(socket.IPPROTO_TCP, socket.TCP_MAXSEG)
            connection.sendall(b"%8d" % segment + b"x" * size)


def take(address, port):
    with socket.create_connection((address, port), 5) as client:
        segment = client.getsockopt(socket.IPPROTO_TCP, socket.TCP_MAXSEG)
        client.settimeout(5)
        data = b""
        while chunk := client.recv(1 << 20):
            data += chunk
        print(segment, int(data[:8]), len(data) - 8)


def plain(interface):
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
        for feature in FEATURES:
            value = ctypes.create_string_buffer(struct.pack("II", feature, 0))
            fcntl.ioctl(s, SIOCETHTOOL, struct.pack("16sP", interface.encode(), ctypes.addressof(value)))


match sys.argv[1:]:
    case ["serve", port, size]:
        serve(int(port), int(size))
    case ["take", address, port]:
        take(address, int(port))
    case ["plain", interface]:
        plain(interface)
