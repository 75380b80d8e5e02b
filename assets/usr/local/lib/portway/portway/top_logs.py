"""Requests and sessions of forwards on nginx, from its logs, and the connections that are open: for `portway top`.

Of clients' text nothing is kept but the address, so they can write nothing into the table.
"""

import contextlib
import json
import os
import socket
from collections.abc import Iterator
from typing import Any, BinaryIO

from portway.top_sums import BYTES, CLIENT_ERRORS, NEW, OPEN, REFUSED, REQUESTS, SERVER_ERRORS, Sums, reduce, source_of

LOGS = "/var/log/portway"
# Log lines are at most some 10 KB long.
PIECE = 1 << 20
# The gateway's own answers to clients that it does not serve.
REFUSALS = (403, 429, 503)
ESTABLISHED = "01"


class Tail:
    """The lines that are added to a log. Once the log is set aside (rotate.py), nginx writes to the old file for a moment."""

    def __init__(self, name: str):
        self.path = f"{LOGS}/{name}"
        self.files: list[BinaryIO] = []
        self.rest: dict[int, bytes] = {}
        self.open(os.SEEK_END)

    def open(self, whence: int) -> None:
        with contextlib.suppress(OSError):
            file = open(self.path, "rb")  # noqa: SIM115
            file.seek(0, whence)
            self.files.append(file)

    def lines(self) -> Iterator[bytes]:
        for file in self.files:
            while piece := file.read(PIECE):
                *whole, rest = (self.rest.get(file.fileno(), b"") + piece).split(b"\n")
                # Nothing that nginx writes is so long.
                self.rest[file.fileno()] = rest if len(rest) < PIECE else b""
                yield from whole
        self.follow()

    def follow(self) -> None:
        """Opens the file that took the log's place, and closes the one before at the next look."""
        with contextlib.suppress(OSError):
            now = os.stat(self.path)
            if len(self.files) > 1:
                old = self.files.pop(0)
                self.rest.pop(old.fileno(), None)
                old.close()
            if not self.files or os.fstat(self.files[-1].fileno()).st_ino != now.st_ino:
                self.open(os.SEEK_SET)


def entries(tail: Tail) -> Iterator[dict[str, Any]]:
    for line in tail.lines():
        with contextlib.suppress(ValueError):
            entry = json.loads(line.decode(errors="replace"))
            if isinstance(entry, dict):
                yield entry


class Logs:
    def __init__(self) -> None:
        self.requests, self.sessions = Tail("access.log"), Tail("stream.log")

    def look(self, sums: Sums, since: str = "", until: str = "~") -> None:
        """Adds what was logged since the last look, and between two times as nginx writes them."""
        for tail, add in ((self.requests, add_request), (self.sessions, add_session)):
            for entry in entries(tail):
                with contextlib.suppress(KeyError, TypeError, ValueError):
                    if since <= entry["time"] < until:
                        add(sums, entry)


def add_request(sums: Sums, entry: dict[str, Any]) -> None:
    # A line stands for so many.
    times, status, size = int(entry["sample"] or 1), int(entry["status"]), int(entry["bytes"])
    source = source_of(entry["client"])
    if source is None:
        return
    numbers = sums.of(source)
    numbers[REQUESTS] += times
    numbers[BYTES] += times * size
    numbers[CLIENT_ERRORS] += times * (400 <= status < 500)
    numbers[SERVER_ERRORS] += times * (status >= 500)
    numbers[REFUSED] += times * (status in REFUSALS and not entry["target"])


def add_session(sums: Sums, entry: dict[str, Any]) -> None:
    times, status = int(entry["sample"] or 1), int(entry["status"])
    size = int(entry["sent"]) + int(entry["received"])
    source = source_of(entry["client"])
    if source is None:
        return
    numbers = sums.of(source)
    numbers[NEW] += times
    numbers[BYTES] += times * size
    numbers[REFUSED] += times * (status in REFUSALS and not entry["target"])


def sockets() -> Iterator[tuple[int, bytes]]:
    """The port here, and the source, of each TCP connection."""
    for name in ("tcp", "tcp6"):
        with contextlib.suppress(OSError), open(f"/proc/net/{name}") as table:
            next(table)
            for line in table:
                _, here, peer, state, _ = line.split(None, 4)
                if state == ESTABLISHED:
                    yield int(here.rpartition(":")[2], 16), reduce(address(peer.partition(":")[0]))


def address(digits: str) -> bytes:
    """As the kernel prints it: words of four bytes in its own order."""
    return b"".join(socket.htonl(int(digits[at : at + 8], 16)).to_bytes(4, "big") for at in range(0, len(digits), 8))


def add_open(sums: Sums, ports: set[int]) -> None:
    """Adds the connections to these ports that are open now."""
    for port, source in sockets():
        if port in ports:
            sums.of(source)[OPEN] += 1
