"""What the forwards of this host have carried since it booted.

The kernel counts the packets and bytes of each tracked connection, and tells them when it forgets the connection. systemd
holds the socket that hears this (portway-traffic.socket), and starts this program when there is something to read, so
that nothing is lost while it starts again. It adds up what has ended, by the port that the client asked for, and ends
when all is quiet.

Whoever connects to its other socket gets the sums of all connections, ended or not, as JSON:

  {"lost": 0, "carried": {"393296": [PACKETS, BYTES, CONNECTIONS]}}

A key is a protocol's number * 65536 + a port, 0 if it has none. `lost`: how many connections of this host ended
uncounted, because more ended at once than the socket holds.
"""

import json
import re
import select
import signal
import socket
import struct
import time
from collections.abc import Iterator

from portway.files import read, replace

STATE = "/run/portway/carried"

# linux/netlink.h: the size and type of a message. A type below 4 ends a list.
HEAD = struct.Struct("=IH")
# Asks for all that is tracked.
LIST = b"\x14\0\0\0\1\1\1\3" + bytes(12)
# A message about a connection, from linux/nfnetlink_conntrack.h: attributes that begin with their size and type, in the
# byte order of all hosts, and that may hold others.
_WAY = rb"..\x01\x80(?:.{16}|.{40})..\x02\x80\x05\0\x01\0"
_PACKETS = rb"\x80\x0c\0\x01\0(.{8})\x0c\0\x02\0"
CONNECTION = re.compile(
    # What the client asked for: addresses, protocol and ports. Then the same of the answers.
    rb".{20}..\x01\x80%b(.)...(?:\x06\0\x02\0....\x06\0\x03\0(..)..)?(?:.{8})*?..\x02\x80%b"
    # Its id and status. Then packets and bytes both ways, if they are counted. Two beginnings are read as well.
    rb"(?=.*?(\x08\0\x0c\0)(....))(?=.*?\x08\0\x03\0(....))(?:.*?\x09%b(.{8})..\x0a%b(?<=(....))(.{8}))?"
    % (_WAY, _WAY, _PACKETS, _PACKETS),
    re.S,
)
FORMS = "BHIIIQQQIQ"
ID, BYTES = 0x08000C00, 0x0C000200

# Protocol, port, ID, id, status; packets and bytes of the client's, packets of the answers, BYTES, bytes of the answers.
Flow = tuple[int, ...]
Sums = dict[int, list[int]]

# The kernel puts no more into one part of a list.
buffer = bytearray(1 << 16)
# By the size of a message: where the numbers are. Nearly all that tell an end are alike, and so are read much faster.
layouts: dict[int, struct.Struct] = {}


def flows(size: int) -> Iterator[Flow]:
    """Those in the buffer; an empty one at the end of a list."""
    at = 0
    while at < size:
        length, kind = HEAD.unpack_from(buffer, at)
        found = CONNECTION.match(buffer, at, at + length)
        if found:
            yield tuple([int.from_bytes(number, "big") for number in found.groups(b"")])
            places = [found.start(n) for n in range(1, 11)]
            # All of them, and in order. A list has another.
            if at == 0 < places[0] and places == sorted({*places}):
                form = ">"
                for place, one in zip(places, FORMS):
                    form += f"{place - struct.calcsize(form)}x{one}"
                layouts[size] = struct.Struct(form)
        elif kind < 4:
            yield ()
        at += length


def ended(events: socket.socket) -> Iterator[Flow]:
    """What waits in the socket, at most as many as it holds."""
    for _ in range(50_000):
        try:
            size = events.recv_into(buffer)
        except BlockingIOError:
            return
        except OSError:
            # It was full for a while. The kernel counts what it did not take.
            continue
        flow = layouts[size].unpack_from(buffer) if size in layouts else None
        if flow and flow[2] == ID and flow[8] == BYTES:
            yield flow
        else:
            yield from flows(size)


def tracked() -> Iterator[Flow]:
    """What the kernel tracks now."""
    with socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 12) as conntrack:
        conntrack.send(LIST)
        while True:
            for flow in flows(conntrack.recv_into(buffer)):
                if not flow:
                    return
                yield flow


def add(sums: Sums, flow: Flow) -> None:
    protocol, port, _, _, status, packets, size, packets_back, _, size_back = flow
    # linux/nf_conntrack_common.h, IPS_DST_NAT
    if status & 32:
        key = protocol << 16 | port
        one = sums[key] if key in sums else sums.setdefault(key, [0, 0, 0])
        one[0] += packets + packets_back
        one[1] += size + size_back
        one[2] += 1


def with_tracked(sums: Sums, events: socket.socket) -> Sums:
    """The sums of all connections. `sums`, of those that have ended, goes on: some end meanwhile."""
    open_now = {flow[:4]: flow for flow in tracked()}
    for flow in ended(events):
        add(sums, flow)
        open_now.pop(flow[:4], None)
    everything = {key: [*one] for key, one in sums.items()}
    for flow in open_now.values():
        add(everything, flow)
    return everything


def carried(forwards: list[list[str]]) -> tuple[dict[str, list[int]], int]:
    """Asks the program: packets, bytes and connections of each forward in the kernel, and how many connections ended
    uncounted. Nothing if it does not answer."""
    with socket.socket(socket.AF_UNIX) as asked:
        try:
            asked.connect("/run/portway/traffic")
            answer = json.load(asked.makefile())
        except (OSError, ValueError):
            return {}, 0
    found = {}
    for name, listener, engine, *_ in forwards:
        if engine == "iptables":
            protocol, *ports = re.split("[/-]", listener)
            number = int({"tcp": 6, "udp": 17}.get(protocol, protocol)) << 16
            keys = range(number + int([*ports, 0][0]), number + int([0, *ports][-1]) + 1)
            found[name] = [sum(each) for each in zip(*(answer["carried"].get(f"{key}", (0, 0, 0)) for key in keys))]
    return found, answer["lost"]


def main(words: list[str]) -> None:
    # As in the unit.
    events, asked = socket.socket(fileno=3), socket.socket(fileno=4)
    events.setblocking(False)
    stop = {signal.SIGTERM}
    sums: Sums = {int(key): one for key, one in json.loads(read(STATE) or "{}").items()}
    program = read(__file__)
    while True:
        # Whoever stops it has to wait until what was read is in the file.
        signal.pthread_sigmask(signal.SIG_UNBLOCK, stop)
        ready = select.select([events, asked], [], [], 60)[0]
        signal.pthread_sigmask(signal.SIG_BLOCK, stop)
        for flow in ended(events):
            add(sums, flow)
        everything = with_tracked(sums, events) if asked in ready else {}
        replace(STATE, json.dumps(sums))
        if asked in ready:
            # SO_MEMINFO: its last number counts the messages that found no room.
            *_, lost = struct.unpack("9I", events.getsockopt(socket.SOL_SOCKET, 55, 36))
            with asked.accept()[0] as connection:
                connection.sendall(json.dumps({"lost": lost, "carried": everything}).encode())
        # A changed program is started by what ends next.
        if not ready or read(__file__) != program:
            return
        # Ends are read together, since starting to read costs more than reading.
        time.sleep(0.2)
