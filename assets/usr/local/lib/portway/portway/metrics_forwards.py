"""What each forward carries, for metrics.py."""

import contextlib
import glob
import importlib
import json
import os
import re
import socket
import time
from base64 import b64decode
from calendar import timegm
from collections import Counter
from collections.abc import Iterator, Mapping
from time import strptime
from typing import Any, Union

from portway.files import forwards, read
from portway.metrics_logs import BOUNDS, Logs, Sums

Rows = list[tuple[Mapping[str, str], Union[int, float]]]
Family = tuple[str, str, str, Rows]

CERTIFICATES = "/etc/portway/tls/*.pem"
# The end of a certificate's validity in its DER: two times after one another, each as UTCTime or GeneralizedTime (RFC 5280, 4.1.2.5).
VALIDITY = re.compile(rb"(?:\x17\x0d\d{12}|\x18\x0f\d{14})Z(?:\x17\x0d(\d{12})|\x18\x0f(\d{14}))Z")
PEM = re.compile(r"-----BEGIN CERTIFICATE-----(.*?)-----END", re.S)
# When drops.py was asked, and what it said.
asked: list[Any] = [-9, {}]
# By path: the file's time of change, and the certificate's end in seconds since 1970.
ends: dict[str, tuple[int, int]] = {}


def end_of(certificate: str) -> int:
    """When the first certificate in a PEM text ends, in seconds since 1970; 0 if there is none."""
    found = PEM.search(certificate)
    valid = VALIDITY.search(b64decode(found[1])) if found else None
    if not valid:
        return 0
    short, long = valid.groups(b"")
    # RFC 5280: a year of two digits from 50 on is of the last century.
    time = (long or (b"19" if short >= b"5" else b"20") + short).decode()
    return timegm(strptime(time, "%Y%m%d%H%M%S"))


def certificates() -> Rows:
    rows: Rows = []
    for path in sorted(glob.glob(CERTIFICATES)):
        changed = os.stat(path).st_mtime_ns
        if ends.get(path, (0, 0))[0] != changed:
            ends[path] = (changed, end_of(read(path)))
        forward, source, _ = os.path.basename(path).rsplit(".", 2)
        rows.append(({"forward": forward, "source": source}, ends[path][1]))
    return rows


def in_kernel(words: list[list[str]]) -> tuple[dict[str, list[int]], int]:
    """Packets, bytes and connections of forwards in the kernel, and how many connections ended uncounted."""
    # Only hosts with such forwards have this module.
    if not os.path.exists(f"{os.path.dirname(__file__)}/traffic.py"):
        return {}, 0
    carried: tuple[dict[str, list[int]], int] = importlib.import_module("portway.traffic").carried(words)
    return carried


def dropped() -> dict[str, dict[str, Any]]:
    """What drops.py tells; nothing if it does not answer. Asked once a second at most, since it starts a program."""
    if time.monotonic() - asked[0] > 1:
        asked[:] = [time.monotonic(), {}]
        with contextlib.suppress(OSError, ValueError), socket.socket(socket.AF_UNIX) as client:
            client.settimeout(5)
            client.connect("/run/portway/dropped")
            asked[:] = [time.monotonic(), json.load(client.makefile())]
    return asked[1] or {"forwards": {}, "host": {}}


def health() -> Rows:
    states = [json.loads(line) for line in read("/run/portway/health/state").splitlines()]
    return [({"forward": one["forward"], "target": one["target"]}, int(one["up"])) for one in states]


def histogram(metric: str, forward: str, one: Mapping[str, Any]) -> Rows:
    rows: Rows = []
    total = 0
    for bound, count in zip([*map(str, BOUNDS), "+Inf"], one["buckets"]):
        total += count
        rows.append(({"__name__": f"{metric}_bucket", "forward": forward, "le": bound}, total))
    rows.append(({"__name__": f"{metric}_sum", "forward": forward}, one["milliseconds"] / 1000))
    rows.append(({"__name__": f"{metric}_count", "forward": forward}, total))
    return rows


def together(name: str, logs: Logs) -> Sums:
    """What nginx has carried of a forward, which may have been of TCP before it was of HTTP."""
    total: Sums = {"connections": 0, "bytes": 0, "refused": Counter()}
    for each in (logs.requests, logs.sessions):
        if name in each:
            total["connections"] += each[name]["connections"]
            total["bytes"] += each[name]["bytes"]
            total["refused"].update(each[name]["refused"])
    return total


def families(logs: Logs) -> Iterator[Family]:
    words = forwards()
    kernel, lost = in_kernel(words)
    # The logs may also have counted what the kernel carries now, and a series may come only once.
    there = [name for name, _, engine, *_ in words if engine == "nginx"]
    requests = {name: one for name, one in logs.requests.items() if name in there}
    sums = {name: together(name, logs) for name in there if name in logs.requests or name in logs.sessions}
    yield (
        "portway_forward_info",
        "gauge",
        "A forward: where it listens, and what carries it.",
        [({"forward": name, "listener": listener, "engine": engine}, 1) for name, listener, engine, *_ in words],
    )
    yield (
        "portway_forward_connections_total",
        "counter",
        "Connections of clients. HTTP: those with at least one request. UDP: flows.",
        [
            *[({"forward": name}, one[2]) for name, one in kernel.items()],
            *[({"forward": name}, one["connections"]) for name, one in sums.items()],
        ],
    )
    yield (
        "portway_forward_bytes_total",
        "counter",
        "Bytes from and to clients. In the kernel with all headers of IP, by nginx without them.",
        [
            *[({"forward": name}, one[1]) for name, one in kernel.items()],
            *[({"forward": name}, one["bytes"]) for name, one in sums.items()],
        ],
    )
    yield (
        "portway_forward_packets_total",
        "counter",
        "Packets from and to clients, of forwards in the kernel.",
        [({"forward": name}, one[0]) for name, one in kernel.items()],
    )
    yield (
        "portway_uncounted_connections_total",
        "counter",
        "Connections in the kernel that ended too fast to be counted.",
        [({}, lost)] if kernel else [],
    )
    yield (
        "portway_http_requests_total",
        "counter",
        "HTTP requests, by the answer's status.",
        [
            ({"forward": name, "code": code}, count)
            for name, one in requests.items()
            for code, count in sorted(one["codes"].items())
        ],
    )
    yield (
        "portway_http_request_seconds",
        "histogram",
        "Seconds from a request's first byte to its answer's last.",
        [row for name, one in requests.items() for row in histogram("portway_http_request_seconds", name, one)],
    )
    yield (
        "portway_refused_total",
        "counter",
        "Requests and sessions that the gateway itself refused, or for which nginx reached no target.",
        [
            ({"forward": name, "reason": reason}, count)
            for name, one in sums.items()
            for reason, count in sorted(one["refused"].items())
        ],
    )
    drops = dropped()["forwards"]
    yield (
        "portway_dropped_packets_total",
        "counter",
        "Packets of clients that the kernel dropped by what the forward says.",
        [
            ({"forward": name, "reason": reason}, count)
            for name, *_ in words
            for reason, count in sorted(drops.get(name, {}).items())
        ],
    )
    yield ("portway_target_up", "gauge", "Whether a target with a health check is healthy.", health())
    yield (
        "portway_certificate_end_timestamp_seconds",
        "gauge",
        "When a certificate ends, in seconds since 1970.",
        certificates(),
    )
