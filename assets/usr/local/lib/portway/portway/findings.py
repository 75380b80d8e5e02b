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
from collections.abc import Iterator
from importlib import import_module
from importlib.util import find_spec
from typing import Any

from portway.files import forwards, replace
from portway.files import read as text

LOGS = "/var/log/portway"
STATE = "/var/lib/portway/findings.json"
FORGET_AFTER = 7 * 86400
# The start of the line is nginx's own. Text from clients comes after it.
SHARE = re.compile(rb'\S+ \S+ \[error\] \d+#\d+: \*\d+ limiting connections by zone "share-([\w-]+)')
# On hosts whose kernel limits clients.
KERNEL = "portway.kernel_findings"
SAYS = {
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
    if find_spec(KERNEL):
        yield from import_module(KERNEL).found(read)


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
    kernel = import_module(KERNEL) if find_spec(KERNEL) else None
    says = {**SAYS, **(kernel.SAYS if kernel else {})}
    return (kernel.warnings() if kernel else []) + [
        warning(says[key[0]], key[1], *value)
        for key, value in sorted(counts.items())
        if key[0] in says and key[1] in there
    ]


def warning(text: str, name: str, count: int, since: int, last: int) -> str:
    when = {key: time.strftime("%FT%TZ", time.gmtime(seconds)) for key, seconds in (("since", since), ("last", last))}
    return f"{name}: {text.format(count=count, **when)}"
