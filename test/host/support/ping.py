"""Sends an ICMP echo request to an address and prints whether it was answered within a second. Argument: address."""

import socket
import struct
import sys
import time

address = sys.argv[1]
token = b"portway!"
if ":" in address:
    # The kernel writes the checksum of ICMPv6.
    family, protocol, request, reply, start = socket.AF_INET6, socket.IPPROTO_ICMPV6, b"\x80\0\0\0", 129, 0
else:
    total = 0x0800 + sum(struct.unpack("!4H", token))
    checksum = ~((total & 0xFFFF) + (total >> 16)) & 0xFFFF
    request = struct.pack("!BBH", 8, 0, checksum)
    # A raw socket of IPv4 gives the IP header too.
    family, protocol, reply, start = socket.AF_INET, socket.IPPROTO_ICMP, 0, 20
end = time.monotonic() + 1
with socket.socket(family, socket.SOCK_RAW, protocol) as s:
    s.sendto(request + token, (address, 0))
    while (left := end - time.monotonic()) > 0:
        s.settimeout(left)
        try:
            packet = s.recv(2048)[start:]
        except TimeoutError:
            break
        if packet[0] == reply and packet[4:] == token:
            print("answered")
            sys.exit()
print("silent")
