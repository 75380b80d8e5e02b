"""A resolver of TXT records that has what the Route 53 of the local AWS endpoint has at that moment. Arguments: address, the endpoint's
unix socket, a file to write the names asked for to."""

import re
import socket
import struct
import sys
from xml.etree import ElementTree

from over_socket import ask

SPACE = "{https://route53.amazonaws.com/doc/2013-04-01/}"
TXT = 16


def listed(path):
    status, body = ask(sys.argv[2], "GET", f"/2013-04-01/hostedzone{path}")
    assert status == 200, body
    return ElementTree.fromstring(body)


def texts(name):
    """The values of a name, as they are in the zone with the longest name that fits."""
    zones = [(z.findtext(SPACE + "Name"), z.findtext(SPACE + "Id")) for z in listed("").iter(SPACE + "HostedZone")]
    fitting = [zone for zone in zones if f".{name}.".endswith(f".{zone[0]}")]
    if not fitting:
        return []
    _, zone = max(fitting, key=lambda zone: len(zone[0]))
    return [
        value.text
        for one in listed(f"/{zone.rpartition('/')[2]}/rrset").iter(SPACE + "ResourceRecordSet")
        if one.findtext(SPACE + "Name") == f"{name}." and one.findtext(SPACE + "Type") == "TXT"
        for value in one.iter(SPACE + "Value")
    ]


def answer(query):
    labels, at = [], 12
    while query[at]:
        labels.append(query[at + 1 : at + 1 + query[at]].decode().lower())
        at += 1 + query[at]
    (kind,) = struct.unpack(">H", query[at + 1 : at + 3])
    name = ".".join(labels)
    with open(sys.argv[3], "a") as file:
        file.write(f"{name} {kind}\n")
    found = texts(name) if kind == TXT else []
    # RFC 1035, section 4.1.1: a response to a recursive query, without error.
    head = query[:2] + struct.pack(">HHHHH", 0x8180, 1, len(found), 0, 0) + query[12 : at + 5]
    records = b""
    for value in found:
        data = b"".join(bytes([len(part)]) + part.encode() for part in re.findall(r'"([^"]*)"', value))
        # The name is a pointer to the question's; type, class IN, TTL, length.
        records += struct.pack(">HHHIH", 0xC00C, TXT, 1, 1, len(data)) + data
    return head + records


server = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
server.bind((sys.argv[1], 53))
print("ready", flush=True)
while True:
    query, client = server.recvfrom(512)
    server.sendto(answer(query), client)
