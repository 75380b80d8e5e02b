"""A small resolver for A records: answers from a JSON file (name to address, or to several), which is read for each question, with a TTL of
1 s; NXDOMAIN for names that are not in it. Arguments: address, that file, a file to write the names asked for to."""

import json
import socket
import struct
import sys

server = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
server.bind((sys.argv[1], 53))
print("ready", flush=True)
while True:
    query, client = server.recvfrom(512)
    labels, at = [], 12
    while query[at]:
        labels.append(query[at + 1 : at + 1 + query[at]].decode())
        at += 1 + query[at]
    question = query[12 : at + 5]
    name = ".".join(labels)
    with open(sys.argv[3], "a") as file:
        file.write(f"{name}\n")
    with open(sys.argv[2]) as file:
        addresses = json.load(file).get(name) or []
    if isinstance(addresses, str):
        addresses = [addresses]
    # RFC 1035, section 4.1.1: a response to a recursive query, with code 0 (no error) or 3 (no such name).
    code = 0x8180 if addresses else 0x8183
    answer = query[:2] + struct.pack(">HHHHH", code, 1, len(addresses), 0, 0) + question
    for address in addresses:
        # The name is a pointer to the question's; type A, class IN, TTL, length.
        answer += struct.pack(">HHHIH", 0xC00C, 1, 1, 1, 4) + socket.inet_aton(address)
    server.sendto(answer, client)
