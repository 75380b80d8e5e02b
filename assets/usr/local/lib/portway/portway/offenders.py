"""Who offends, and for how long each of these sources is blocked. protect.py does what this says.

A source is an IPv4 address, or the /64 that an IPv6 client has at least. Neither this module nor protect.py imports json,
re, socket, signal or typing, which would take 3 MB more.
"""

import _socket
from collections.abc import Iterable

# How long a source is blocked, the first time and each further time, in seconds.
TIMES = (60, 600, 3600, 86400)
# So long after its block has ended, a source begins anew.
REMEMBERED = 86400
# How many sources are blocked or remembered. Beyond that, the one whose block ends first is let go.
MOST = 4096
# How many sources are counted at once. Beyond that, the one that was first noticed is forgotten.
COUNTED = 16384
# Within how many seconds the offences of a kind count together.
WINDOWS = {"refused": 10, "logins": 60}
# With how many open connections a source that opens them too fast is blocked: twice as many as it may open in a second, within
# these bounds. Somebody else may forge what is too fast, so there must be more than the source would have anyway; and the
# sets have room for 2,048.
OPEN = (20, 1000)


class Block:
    """`reason`: the kind of offences; `number`: how many there were; `level`: the index into TIMES; the times in seconds
    since 1970; `named`: a proxy says that it was this source, which is no proof."""

    __slots__ = ("level", "named", "number", "reason", "since", "until")

    def __init__(self, reason: str, number: int, level: int, since: float, until: float, named: bool = False):
        self.reason, self.number, self.level, self.since, self.until = reason, number, level, since, until
        self.named = named

    def __str__(self) -> str:
        named = " named" if self.named else ""
        return f"{self.reason} {self.number} {self.level} {self.since:.1f} {self.until:.1f}{named}"


# Family, the number that an address of it begins with, and how many bits come after that.
Network = tuple[int, int, int]


def value_of(address: str) -> tuple[int, int]:
    """An address as family (4, 6) and number. An IPv4 address in IPv6's clothes is one of IPv4. ValueError: it is none."""
    family = 6 if ":" in address else 4
    try:
        packed = _socket.inet_pton(_socket.AF_INET6 if family == 6 else _socket.AF_INET, address)
    except OSError:
        raise ValueError(f"no address: {address}") from None
    if packed[:12] == b"\0" * 10 + b"\xff\xff":
        family, packed = 4, packed[12:]
    return family, int.from_bytes(packed, "big")


def text_of(family: int, value: int) -> str:
    if family == 4:
        return _socket.inet_ntop(_socket.AF_INET, value.to_bytes(4, "big"))
    return _socket.inet_ntop(_socket.AF_INET6, value.to_bytes(16, "big"))


def source_of(address: str) -> str:
    """The source that an address belongs to: `198.51.100.7`, `2001:db8:1:2::/64`. ValueError: it is no address."""
    family, value = value_of(address.removesuffix("/64"))
    return text_of(4, value) if family == 4 else text_of(6, value >> 64 << 64) + "/64"


def network(text: str) -> Network:
    address, _, length = text.partition("/")
    family, value = value_of(address)
    rest = (32 if family == 4 else 128) - int(length)
    return family, value >> rest, rest


def overlaps(source: str, networks: Iterable[Network]) -> bool:
    """Whether a source has addresses in one of the networks, or they in it."""
    address, _, is_six = source.partition("/")
    family, value = value_of(address)
    own = 64 if is_six else 0
    for its_family, its_value, its_rest in networks:
        rest = max(own, its_rest)
        if its_family == family and value >> rest == its_value >> (rest - its_rest):
            return True
    return False


class Offenders:
    """`most`: how many offences of each kind lead to a block. `never`: networks that are never blocked."""

    def __init__(self, most: dict[str, int], never: Iterable[str]):
        self.most = most
        self.never = [network(text) for text in never]
        # Each source that is blocked or remembered.
        self.known: dict[str, Block] = {}
        # For each source and kind, and whether a proxy named it: since when, and how many.
        self.counts: dict[tuple[str, str, bool], tuple[float, int]] = {}

    def is_blocked(self, source: str, now: float) -> bool:
        block = self.known.get(source)
        # If the clock was put back, a block must not last longer for it.
        return block is not None and block.since <= now + 60 and now < block.until

    def blocked(self, now: float) -> dict[str, Block]:
        return {source: block for source, block in self.known.items() if self.is_blocked(source, now)}

    def note(self, address: str, kind: str, now: float, named: bool = False) -> str:
        """Notes one offence. Returns the source if it is to be blocked now, else nothing."""
        most = self.most.get(kind)
        if not most:
            return ""
        source = source_of(address)
        since, count = self.counts.pop((source, kind, named), (now, 0))
        if not since <= now < since + WINDOWS[kind]:
            since, count = now, 0
        # At the end, so the first one is the one that was noticed first.
        self.counts[source, kind, named] = since, count + 1
        if len(self.counts) > COUNTED:
            del self.counts[next(iter(self.counts))]
        if count + 1 < most or not self.block(source, kind, count + 1, now, named):
            return ""
        del self.counts[source, kind, named]
        return source

    def block(self, source: str, reason: str, count: int, now: float, named: bool = False) -> bool:
        """Blocks a source, unless it is blocked or must never be. Whether it does. Who is blocked by a proxy's word is blocked again
        for what it does itself."""
        is_blocked = self.is_blocked(source, now) and (named or not self.known[source].named)
        if is_blocked or overlaps(source, self.never):
            return False
        before = self.known.pop(source, None)
        is_new = before is None or not before.since <= now < before.until + REMEMBERED
        level = 0 if before is None or is_new else min(before.level + 1, len(TIMES) - 1)
        if len(self.known) >= MOST:
            del self.known[min(self.known, key=lambda one: self.known[one].until)]
        self.known[source] = Block(reason, count, level, now, now + TIMES[level], named)
        return True

    def tidy(self, now: float) -> None:
        """Forgets whatever is over."""
        self.known = {one: block for one, block in self.known.items() if now < block.until + REMEMBERED}
        self.counts = {key: item for key, item in self.counts.items() if item[0] <= now < item[0] + WINDOWS[key[1]]}

    def forgive(self, source: str) -> bool:
        """Lets a source in again, and forgets what it did. Whether anything was known of it."""
        for kind in WINDOWS:
            for named in (False, True):
                self.counts.pop((source, kind, named), None)
        return self.known.pop(source, None) is not None

    def save(self) -> str:
        """All that is known, a source a line."""
        return "".join(f"{source} {block}\n" for source, block in self.known.items())

    def restore(self, saved: str, now: float) -> None:
        """Takes over what was saved, except what must not be blocked any more, and what damage or a wrong clock made."""
        for line in saved.splitlines()[:MOST]:
            try:
                source, reason, number, level, since, until, *named = line.split()
                block = Block(reason, int(number), int(level), float(since), float(until), named == ["named"])
                is_right = source_of(source) == source and block.until - block.since <= TIMES[block.level] + 1
            except (IndexError, ValueError):
                continue
            if is_right and block.since <= now + 60 and not overlaps(source, self.never):
                self.known[source] = block
