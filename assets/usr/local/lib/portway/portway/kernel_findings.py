"""What the kernel's counters say that somebody should act on: clients over the limits of forwards on iptables, and too
many clients of a forward on nginx that wait for an answer. For findings.py, on hosts that have such rules."""

import os
import re
from collections.abc import Iterable, Iterator

from portway.commands import run

HEADS = "/etc/portway/heads.nft"
COUNTER = re.compile(r"counter from-(\S+) \{\s+packets (\d+)")
LIMIT = re.compile(r'^\[(\d+):\d+\] -A PORTWAY-LIMIT.* "portway:([\w-]+)" .*-j DROP', re.M)
SAYS = {
    # Without logs nobody looks but `portway status`, so it cannot tell since when.
    "limit": "clients went over its limits: {count} packets dropped, the last before {last} (docs/packets.md)",
    "heads": "too many clients wait for an answer: {count} packets dropped since {since}, the last at {last} (docs/limits.md)",
}
# A forward and its dropped packets, or how many they are more.
Counted = tuple[str, int]
# As findings.py keeps it: for each counter 0 and its value.
Read = dict[str, tuple[int, int]]


def by_heads(listing: str) -> list[Counted]:
    """What the counters of `nft list counters table inet portway_heads` say."""
    return [(name, int(count)) for name, count in COUNTER.findall(listing)]


def by_limits(rules: str) -> list[Counted]:
    """What the rules of `iptables-nft-save -ct filter` say."""
    return [(name, int(count)) for count, name in LIMIT.findall(rules)]


def found(read: Read) -> Iterator[tuple[str, str, int]]:
    """Kind, forward and number of each new finding."""
    listing = run("nft", "list", "counters", "table", "inet", "portway_heads").stdout
    yield from increases("heads", by_heads(listing), read)
    rules = "".join(run(f"{tool}-nft-save", "-ct", "filter").stdout for tool in ("iptables", "ip6tables"))
    yield from increases("limit", by_limits(rules), read)


def increases(kind: str, counters: Iterable[Counted], read: Read) -> Iterator[tuple[str, str, int]]:
    """By how much the counters of forwards grew. After a change of rules they begin again."""
    counts: dict[str, int] = {}
    for name, count in counters:
        counts[name] = counts.get(name, 0) + count
    for name, now in counts.items():
        before = read.get(f"{kind} {name}", (0, 0))[1]
        read[f"{kind} {name}"] = (0, now)
        if now != before:
            yield kind, name, now - before if now > before else now


def is_unbounded() -> bool:
    """Whether the rules are missing that bound slow requests (host.d/nginx.sh)."""
    listing = ("nft", "list", "chain", "inet", "portway_heads", "heard")
    return os.path.exists(HEADS) and run(*listing).returncode != 0


def warnings() -> list[str]:
    return [f"slow requests are not bounded: nft -f {HEADS}"] if is_unbounded() else []
