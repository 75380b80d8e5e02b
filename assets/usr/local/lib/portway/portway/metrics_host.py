"""How the host is, for metrics.py."""

import importlib
import json
import os
import re
import struct
from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Union

from portway.files import read
from portway.metrics_forwards import dropped
from portway.metrics_logs import Logs
from portway.paths import GOOD, RECORD, SETTINGS, SUMS

Rows = list[tuple[Mapping[str, str], Union[int, float]]]
Family = tuple[str, str, str, Rows]

CONNTRACK = "/proc/sys/net/netfilter/nf_conntrack_"
# struct timex of linux/timex.h on 64 bits: the offset, and the status with two of its bits.
OFFSET, STATUS, UNSYNCHRONIZED, NANOSECONDS = 8, 40, 0x40, 0x2000


def clock() -> tuple[float, bool]:
    """The kernel's clock: its offset in seconds from that of its time servers, and whether they keep it."""
    # Nothing in Python's own modules asks for it.
    ctypes = importlib.import_module("ctypes")
    state = ctypes.create_string_buffer(256)
    if ctypes.CDLL(None).adjtimex(state) < 0:
        return 0, False
    offset, status = struct.unpack_from("q", state, OFFSET)[0], struct.unpack_from("i", state, STATUS)[0]
    return offset / (1e9 if status & NANOSECONDS else 1e6), not status & UNSYNCHRONIZED


def memory() -> tuple[int, int]:
    """Bytes that programs may still take, and all."""
    free, total = [
        int(re.findall(f"^{name}: +(\\d+)", read("/proc/meminfo"), re.M)[0]) << 10
        for name in ("MemAvailable", "MemTotal")
    ]
    return free, total


def content() -> tuple[str, float]:
    """The name of the good content, and since when it is."""
    names = re.findall("^PORTWAY_CONTENT='?(\\w+)", read(GOOD + SETTINGS), re.M)
    sums = GOOD + SUMS
    return (names or [""])[0], os.path.getmtime(sums) if os.path.exists(sums) else 0


def mended() -> int:
    """How many differences were put right. The record keeps the last 1,000 times."""
    return sum(len(json.loads(line)["what"]) for line in read(RECORD).splitlines() if line.endswith("}"))


def blocked() -> Rows:
    """Sources that `protect` blocks now, or would block, by reason. Without it nothing."""
    # Only hosts with `protect` have this module.
    if not os.path.exists(f"{os.path.dirname(__file__)}/blocked.py"):
        return []
    module = importlib.import_module("portway.blocked")
    _, sources = module.load()
    counts = Counter([block.reason for block in sources.values()])
    return [({"reason": reason}, counts[reason]) for reason in module.WHY]


def families(logs: Logs) -> Iterator[Family]:
    def gauge(name: str, meaning: str, *values: Union[int, float]) -> Family:
        return f"portway_{name}", "gauge", meaning, [({}, value) for value in values]

    tracked = [int(word) for name in ("count", "max") if (word := read(CONNTRACK + name))]
    if len(tracked) == 2:
        yield gauge("tracked_connections", "Connections that the kernel tracks.", tracked[0])
        yield gauge("tracked_connections_limit", "How many connections it tracks at most.", tracked[1])
    free, total = memory()
    yield gauge("memory_available_bytes", "Memory that programs may still take.", free)
    yield gauge("memory_bytes", "Memory of the host.", total)
    disk = os.statvfs("/var/log")
    yield gauge("disk_available_bytes", "Room on the disk.", disk.f_bavail * disk.f_frsize)
    yield gauge("disk_bytes", "Size of the disk.", disk.f_blocks * disk.f_frsize)
    offset, is_kept = clock()
    yield gauge("clock_offset_seconds", "How far the clock is from that of its time servers.", offset)
    yield gauge("clock_synchronized", "Whether time servers keep the clock.", int(is_kept))
    name, since = content()
    rows: Rows = [({"content": name}, 1)]
    yield "portway_content_info", "gauge", "What the host runs: the hash that `portway status` and the log name.", rows
    yield gauge("content_timestamp_seconds", "When this content was set up, in seconds since 1970.", since)
    yield ("portway_mended_total", "counter", "Differences by others that were put right.", [({}, mended())])
    yield ("portway_blocked_sources", "gauge", "Sources that `protect` blocks for a time, by reason.", blocked())
    by: Rows = [({"by": reason}, count) for reason, count in sorted(dropped()["host"].items())]
    yield ("portway_blocked_packets_total", "counter", "Packets of blocked sources that the kernel dropped.", by)
    yield ("portway_log_gaps_total", "counter", "Logs that were gone before they were counted.", [({}, logs.gaps)])
