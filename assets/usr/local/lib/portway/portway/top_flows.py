"""Connections and bytes of forwards in the kernel, from connection tracking: for `portway top`.

A connection counts for the source that opened it. Bytes are those of IP packets, both ways.
"""

import socket
import struct
from collections.abc import Iterator
from itertools import chain
from typing import NamedTuple, Optional

from portway.top_sums import BYTES, NEW, OPEN, Sums, reduce

# linux/netlink.h: the size and type of a message. Then 12 more bytes, and 4 of linux/nfnetlink.h. A type below 4 ends a list.
HEAD = struct.Struct("=IH")
FIRST = 20
LIST = b"\x14\0\0\0\1\1\1\3" + bytes(12)
# linux/nfnetlink_conntrack.h
TUPLE, STATUS, SENT, ANSWERED, ID = 1, 3, 9, 10, 12
# linux/nf_conntrack_common.h
DST_NAT = 32
# The multicast group of connections that end (NFNLGRP_CONNTRACK_DESTROY), as a bit.
ENDS = 1 << 2
# linux/socket.h and asm/socket.h
SO_RCVBUFFORCE, SO_MEMINFO = 33, 55


class Flow(NamedTuple):
    # The kernel's id, and the port asked for.
    key: int
    source: bytes
    bytes: int


def flow_of(message: bytes) -> Optional[Flow]:
    """None if no forward translated it."""
    parts: dict[int, bytes] = {}
    at = FIRST
    while at + 4 <= len(message):
        size, kind = struct.unpack_from("=HH", message, at)
        if size < 4:
            break
        parts[kind & 0x3FFF] = message[at + 4 : at + size]
        at += (size + 3) & ~3
    way, status = parts.get(TUPLE, b""), parts.get(STATUS, b"")
    if len(way) < 28 or len(status) < 4 or not status[3] & DST_NAT:
        return None
    # The two addresses, each with a head of four bytes; then the protocol and its ports, unless it has none.
    size = 4 if way[4] == 8 else 16
    ports = 4 + 2 * (4 + size) + 4 + 8
    port = way[ports + 12 : ports + 14] if way[ports + 10 : ports + 11] == b"\3" else b""
    # Packets and bytes, each with a head of four bytes.
    counted = [parts[kind][16:24] for kind in (SENT, ANSWERED) if kind in parts]
    key = int.from_bytes(parts.get(ID, b""), "big") << 16 | int.from_bytes(port, "big")
    return Flow(key, reduce(way[8 : 8 + size]), sum(int.from_bytes(number, "big") for number in counted))


def messages(data: bytes) -> Iterator[Optional[bytes]]:
    """None at the end of a list."""
    at = 0
    while at + 16 <= len(data):
        length, kind = HEAD.unpack_from(data, at)
        if kind < 4 or length < 16:
            yield None
            return
        yield data[at : at + length]
        at += length


def tracked() -> Iterator[Flow]:
    with socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 12) as conntrack:
        conntrack.send(LIST)
        while True:
            for message in messages(conntrack.recv(1 << 16)):
                if message is None:
                    return
                flow = flow_of(message)
                if flow:
                    yield flow


class Flows:
    """Hears of each connection that ends, so that short ones between two looks count as well."""

    def __init__(self) -> None:
        self.events = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW | socket.SOCK_NONBLOCK, 12)
        # Only root may have as much.
        self.events.setsockopt(socket.SOL_SOCKET, SO_RCVBUFFORCE, 16 << 20)
        self.events.bind((0, ENDS))
        # The bytes of each connection at the last look.
        self.seen = {flow.key: flow.bytes for flow in tracked()}
        # What ended since.
        self.gone: dict[int, Flow] = {}

    def hear(self) -> None:
        """Reads what waits. To be called several times a second: the kernel keeps some 20,000."""
        while True:
            try:
                data = self.events.recv(1 << 16)
            except BlockingIOError:
                return
            except OSError:
                # It was full for a while.
                continue
            for message in messages(data):
                flow = flow_of(message) if message else None
                if flow:
                    self.gone[flow.key] = flow

    def lost(self) -> int:
        """How many ends found no room, since the beginning."""
        numbers = struct.unpack("9I", self.events.getsockopt(socket.SOL_SOCKET, SO_MEMINFO, 36))
        return int(numbers[-1])

    def look(self, sums: Sums) -> None:
        """Adds what happened since the last look. Of open connections it keeps two numbers each: there may be very many."""
        self.hear()
        ended, self.gone = self.gone, {}
        sizes: dict[int, int] = {}
        for flow in tracked():
            # The kernel may list one twice.
            if flow.key not in ended and flow.key not in sizes:
                sizes[flow.key] = flow.bytes
                add(sums, flow, self.seen.pop(flow.key, None))
                sums.of(flow.source)[OPEN] += 1
        self.hear()
        for flow in chain(ended.values(), self.gone.values()):
            # Or it ended after it was listed.
            add(sums, flow, self.seen.pop(flow.key, None) if flow.key not in sizes else sizes.pop(flow.key))
        self.seen, self.gone = sizes, {}


def add(sums: Sums, flow: Flow, before: Optional[int]) -> None:
    """`before`: its bytes at the last look; None if it is new."""
    numbers = sums.of(flow.source)
    numbers[BYTES] += max(0, flow.bytes - (before or 0))
    numbers[NEW] += before is None
