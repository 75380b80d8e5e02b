"""What sources did, in bounded memory: for `portway top`.

A source is an IPv4 address, or the /64 of an IPv6 one, which is what one subscriber has. Both as bytes.
"""

import socket
from typing import Optional

# How many sources are counted one by one. With more, the half that did least is added up in OTHERS.
MOST = 10_000
OTHERS = b""
# The numbers of a source, in their order: connections open now, connections that began, requests, bytes, answers with a
# status of 4xx and 5xx, requests and connections that the gateway itself refused.
OPEN, NEW, REQUESTS, BYTES, CLIENT_ERRORS, SERVER_ERRORS, REFUSED = range(7)

Numbers = list[int]


def source_of(text: str) -> Optional[bytes]:
    """The source of an address in text. None if it is not one: a program on this host may use a unix socket."""
    family = socket.AF_INET6 if ":" in text else socket.AF_INET
    try:
        return reduce(socket.inet_pton(family, text))
    except (OSError, ValueError):
        return None


def reduce(address: bytes) -> bytes:
    if len(address) == 16 and address.startswith(bytes(10) + b"\xff\xff"):
        return address[12:]
    return address[:8] if len(address) == 16 else address


def name_of(source: bytes) -> str:
    """As people read it. Made of numbers alone, so no client can write to the terminal."""
    if source == OTHERS:
        return "others"
    if len(source) == 4:
        return socket.inet_ntop(socket.AF_INET, source)
    return socket.inet_ntop(socket.AF_INET6, source + bytes(8)) + "/64"


class Sums:
    def __init__(self, most: int = MOST) -> None:
        self.most = most
        self.by_source: dict[bytes, Numbers] = {}

    def of(self, source: bytes) -> Numbers:
        found = self.by_source.get(source)
        if found is None:
            if len(self.by_source) > self.most:
                self.merge()
            found = self.by_source[source] = [0] * 7
        return found

    def merge(self) -> None:
        """Makes room. Whoever does much soon has a place of his own again, with what he does from then on."""
        ranked = sorted(self.by_source.items(), key=weight)
        others = self.by_source.setdefault(OTHERS, [0] * 7)
        for source, numbers in ranked[: len(ranked) // 2]:
            if source != OTHERS:
                for place, number in enumerate(numbers):
                    others[place] += number
                del self.by_source[source]


def weight(one: tuple[bytes, Numbers]) -> tuple[int, int]:
    """By what a source costs: its requests and connections, then its bytes."""
    numbers = one[1]
    return numbers[OPEN] + numbers[NEW] + numbers[REQUESTS] + numbers[REFUSED], numbers[BYTES]
