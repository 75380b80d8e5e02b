"""What nginx's logs and the kernel's counters contain that somebody should act on: a forward that used up its share of
connections, and targets whose logins belong to a connection. portway-logs collects it every 20 s before it rotates, and
`portway status` before it prints. So each run reads only what was written since the last one.

/var/lib/portway/findings.json keeps how far each log was read, and for each finding how often it occurred, since when,
and when last.
"""

import contextlib
import fcntl
import json
import os
import re
import time
from collections.abc import Iterable, Iterator
from typing import Any

from portway.commands import run
from portway.files import forwards, replace
from portway.files import read as text

LOGS = "/var/log/portway"
STATE = "/var/lib/portway/findings.json"
FORGET_AFTER = 7 * 86400
# The start of the line is nginx's own. Text from clients comes after it.
SHARE = re.compile(rb'\S+ \S+ \[error\] \d+#\d+: \*\d+ limiting connections by zone "share-([\w-]+)')
HEADS = "/etc/portway/heads.nft"
COUNTER = re.compile(r"counter from-(\S+) \{\s+packets (\d+)")
LIMIT = re.compile(r'^\[(\d+):\d+\] -A PORTWAY-LIMIT.* "portway:([\w-]+)" .*-j DROP', re.M)
SAYS = {
    # Without logs nobody looks but `portway status`, so it cannot tell since when.
    "limit": "clients went over its limits: {count} packets dropped, the last before {last} (docs/packets.md)",
    "heads": "too many clients wait for an answer or send a request slowly: {count} packets dropped since {since}, the last at {last} "
    "(docs/limits.md)",
    "share": "has used up its share of connections: {count} refused since {since}, the last at {last} (docs/limits.md)",
    "login": "targets ask for NTLM or Negotiate, which log in a connection: {count} answers since {since}, the last at {last}. Set "
    "targetKeepAlive: false; NTLM itself needs Forward.tcp (docs/delivery.md)",
}


# For each log its inode and the offset up to which it was read; for each counter 0 and its value.
Read = dict[str, tuple[int, int]]
# For each kind and forward: how often, since when and when last, in seconds since 1970.
Counts = dict[tuple[str, str], tuple[int, int, int]]


def new_lines(name: str, read: Read) -> Iterator[bytes]:
    """The complete lines added to a log since it was last read."""
    with contextlib.suppress(OSError), open(f"{LOGS}/{name}", "rb") as log:
        inode, offset = read.get(name, (0, 0))
        state = os.fstat(log.fileno())
        if state.st_ino != inode or state.st_size < offset:
            offset = 0
        log.seek(offset)
        for line in log:
            if line.endswith(b"\n"):
                offset += len(line)
                yield line
        read[name] = (state.st_ino, offset)


def entries(name: str, part: bytes, read: Read) -> Iterator[dict[str, Any]]:
    """The entries of a JSON log that contain `part`. Clients cannot forge it, since their quotes are escaped."""
    for line in new_lines(name, read):
        if part in line:
            with contextlib.suppress(ValueError):
                yield json.loads(line)


def found(read: Read) -> Iterator[tuple[str, str, int]]:
    """Kind, forward and number of each new finding."""
    by_port: dict[tuple[str, str], list[str]] = {}
    for name, listener, engine, *_ in forwards():
        if engine == "nginx":
            transport, _, ports = listener.partition("/")
            first, _, last = ports.partition("-")
            for port in range(int(first), int(last or first) + 1):
                by_port.setdefault((transport, str(port)), []).append(name)
    for line in new_lines("error.log", read):
        match = SHARE.match(line)
        if match:
            yield "share", match[1].decode(), 1
    # Only errors have this field. It is empty if there is nothing to report.
    for entry in entries("access.log", b'"login":"', read):
        for name in by_port.get(("tcp", entry["port"]), []) if entry["login"] else []:
            yield "login", name, 1
    # Refused datagrams are not errors, and a line stands for many. If the forward also has limits for each client,
    # those may be the cause.
    conf = text("/etc/nginx/nginx.conf")
    for entry in entries("stream.log", b'"status":503', read):
        for name in by_port.get(("udp", entry["port"]), []) if entry["protocol"] == "UDP" else []:
            if f"limit_conn open-{name} " not in conf:
                yield "share", name, int(entry["sample"])
    if os.path.exists(HEADS):
        listing = run("nft", "list", "counters", "table", "inet", "portway_heads").stdout
        yield from increases("heads", ((name, int(packets)) for name, packets in COUNTER.findall(listing)), read)
    if os.path.exists("/etc/portway/iptables.rules"):
        listing = "".join(run(f"{tool}-nft-save", "-ct", "filter").stdout for tool in ("iptables", "ip6tables"))
        dropped: dict[str, int] = {}
        for packets, name in LIMIT.findall(listing):
            dropped[name] = dropped.get(name, 0) + int(packets)
        yield from increases("limit", dropped.items(), read)


def increases(kind: str, counters: Iterable[tuple[str, int]], read: Read) -> Iterator[tuple[str, str, int]]:
    """By how much the counters of forwards grew. After a change of rules they begin again."""
    for name, count in counters:
        before = read.get(f"{kind} {name}", (0, 0))[1]
        read[f"{kind} {name}"] = (0, count)
        if count != before:
            yield kind, name, count - before if count > before else count


def load() -> tuple[Read, Counts]:
    """The kept state; a new one if it is missing or damaged."""
    with contextlib.suppress(OSError, ValueError, KeyError, TypeError), open(STATE) as file:
        state = json.load(file)
        read = {name: (int(inode), int(offset)) for name, (inode, offset) in state["read"].items()}
        counts = {
            (kind, name): (int(count), int(since), int(last)) for kind, name, count, since, last in state["counts"]
        }
        return read, counts
    return {}, {}


def collect() -> list[str]:
    """Reads the logs further, and returns the warnings."""
    folder = os.open(os.path.dirname(STATE), os.O_RDONLY)
    try:
        fcntl.flock(folder, fcntl.LOCK_EX)
        read, counts = load()
        now = int(time.time())
        for kind, name, more in found(read):
            count, since, _ = counts.get((kind, name), (0, now, now))
            counts[kind, name] = (count + more, min(since, now), now)
        # A time in the future counts as old.
        counts = {key: value for key, value in counts.items() if abs(now - value[2]) < FORGET_AFTER}
        # A full disk must not end the run. The next run counts the same lines again.
        with contextlib.suppress(OSError):
            replace(STATE, json.dumps({"read": read, "counts": [[*key, *value] for key, value in counts.items()]}))
    finally:
        os.close(folder)
    there = {name for name, *_ in forwards()}
    return [
        *([f"slow requests are not bounded by forward: try nft -f {HEADS}"] if is_unbounded() else []),
        *(warning(*key, *value) for key, value in sorted(counts.items()) if key[0] in SAYS and key[1] in there),
    ]


def is_unbounded() -> bool:
    """Whether the rules are missing that bound slow requests (host.d/nginx.sh)."""
    listing = ("nft", "list", "chain", "inet", "portway_heads", "heard")
    return os.path.exists(HEADS) and run(*listing).returncode != 0


def warning(kind: str, name: str, count: int, since: int, last: int) -> str:
    when = {key: time.strftime("%FT%TZ", time.gmtime(seconds)) for key, seconds in (("since", since), ("last", last))}
    return f"{name}: {SAYS[kind].format(count=count, **when)}"
