"""Packets of an IP protocol without ports. Arguments: serve PROTOCOL ADDRESS (sends each packet back; to the text `who?` its sender's
address), or ask PROTOCOL ADDRESS TEXT [SOURCE] (prints the text that came back, and from whom)."""

import socket
import sys

verb, protocol, address = sys.argv[1], int(sys.argv[2]), sys.argv[3]
# A raw socket of IPv4 gives the IP header too.
family, start = (socket.AF_INET6, 0) if ":" in address else (socket.AF_INET, 20)
with socket.socket(family, socket.SOCK_RAW, protocol) as s:
    s.settimeout(3 if verb == "ask" else None)
    if verb == "serve":
        s.bind((address, 0))
        print("ready", flush=True)
        while True:
            packet, client = s.recvfrom(2048)
            s.sendto(packet[start:].replace(b"who?", client[0].encode()), client)
    s.bind((sys.argv[5] if len(sys.argv) > 5 else "", 0))
    # The first eight bytes are what ESP has: a number of the connection, and one of the packet.
    s.sendto(b"\0\0\x10\x01\0\0\0\x01" + sys.argv[4].encode(), (address, 0))
    packet, client = s.recvfrom(2048)
    print(packet[start + 8 :].decode(), client[0])
