"""Adds up nginx's logs for metrics: one short line for each request, and one for each session of TCP, UDP and TLS forwards.

They have no clients and no URLs in them, so that all is in them: neither `logs` of a forward nor a flood leaves out a line.
Rotated as all logs are (rotate.py). /var/lib/portway/metrics.json keeps the sums and how far each log was read, together, so that
nothing is missed or read twice over a restart.
"""

import contextlib
import glob
import json
import os
import re
import time
from bisect import bisect_left
from collections import Counter
from collections.abc import Iterator
from operator import add
from typing import IO, Any

from portway.files import read, replace

FOLDER = "/var/log/portway"
STATE = "/var/lib/portway/metrics.json"
# Bounds of the histogram of seconds: those of Prometheus' own clients.
BOUNDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10)
# rotate.py compresses a log 20 s after it was set aside, when nginx has closed it. So nothing comes after this time.
LATE = 60
# A line takes a thousand bytes of memory while it is read.
CHUNK = 1 << 16

# So many kinds of lines, and their counting takes as long as looking all of them up.
FEW = 8
# How much of a piece shows of which kinds it is.
SAMPLE = 2048
# A line of another kind makes so much dearer. Smaller ones are not counted faster.
BLOCK = 1 << 12

# As lib/nginx/metrics.ts writes a line: what it is; bytes received and sent; its place among the requests of its connection, 1 for a session.
LINE = re.compile(rb"^(\S+) (\d+) (\d+)\t(\d+)$", re.M)
# Of a request: forward, seconds, status, 0 if no target answered.
REQUEST = re.compile(r"([\w-]+),(\d+\.\d{3})(\d{3})([01]?)")
# Of a session: forward, status.
SESSION = re.compile(r"([\w-]+),(\d{3})")

# What the gateway itself refuses, by its status.
REASONS = {
    **{"400": "malformed", "403": "source", "404": "path", "405": "method", "408": "slow", "413": "body"},
    **{"414": "header", "431": "header", "429": "limit", "444": "host", "503": "unavailable"},
}
OF_SESSIONS = {"400": "malformed", "403": "source", "502": "target", "503": "limit"}

Sums = dict[str, Any]
# Kinds of lines, with their parts; None: it is none.
Found = dict[bytes, Any]
Kinds = list[tuple["re.Match[str]", int]]


class Log:
    """A log over its rotations. A file that was set aside is read on until nobody writes it any more."""

    def __init__(self, name: str, read_before: list[list[int]]):
        self.path = f"{FOLDER}/{name}"
        self.files: list[IO[bytes]] = []
        self.grown: dict[int, float] = {}
        # Whether a file was gone before it was read to its end.
        self.gap = 0
        self._find(read_before)

    def _find(self, read_before: list[list[int]]) -> None:
        """Goes on where an earlier run was."""
        offsets = {inode: offset for inode, offset in read_before}
        aside = sorted(path for path in glob.glob(f"{self.path}-*") if not path.endswith(".gz"))
        for path in [*aside, self.path]:
            with contextlib.suppress(OSError):
                file = open(path, "rb")
                state = os.fstat(file.fileno())
                offset = offsets.get(state.st_ino, 0)
                if 0 < offset <= state.st_size:
                    # What is older was read.
                    if not any(one.tell() for one in self.files):
                        self._close_all()
                    file.seek(offset)
                self._hold(file)
        if any(offsets.values()) and not any(file.tell() for file in self.files):
            self.gap = 1

    def _hold(self, file: IO[bytes]) -> None:
        self.files.append(file)
        self.grown[file.fileno()] = time.monotonic()

    def _close_all(self) -> None:
        for file in self.files:
            file.close()
        self.files, self.grown = [], {}

    def pieces(self) -> Iterator[bytes]:
        """The complete lines that were added."""
        with contextlib.suppress(OSError):
            inode = os.stat(self.path).st_ino
            if not self.files or os.fstat(self.files[-1].fileno()).st_ino != inode:
                self._hold(open(self.path, "rb"))
        for file in [*self.files]:
            while True:
                at = file.tell()
                data = file.read(CHUNK)
                end = data.rfind(b"\n") + 1
                file.seek(at + end)
                if end:
                    self.grown[file.fileno()] = time.monotonic()
                    yield data[:end]
                if len(data) < CHUNK or not end:
                    break
            if file is not self.files[-1] and time.monotonic() - self.grown[file.fileno()] > LATE:
                del self.grown[file.fileno()]
                self.files.remove(file)
                file.close()

    def offsets(self) -> list[list[int]]:
        return [[os.fstat(file.fileno()).st_ino, file.tell()] for file in self.files]


class Logs:
    """What all logs told, by forward."""

    def __init__(self) -> None:
        state = load()
        self.requests: dict[str, Sums] = state["requests"]
        self.sessions: dict[str, Sums] = state["sessions"]
        self.gaps: int = state["gaps"]
        self.http = Log("metrics.log", state["read"].get("http", []))
        self.stream = Log("metrics_stream.log", state["read"].get("stream", []))
        self.gaps += self.http.gap + self.stream.gap
        self.news = True

    def look(self) -> None:
        for piece in self.http.pieces():
            add_requests(self.requests, piece)
            self.news = True
        for piece in self.stream.pieces():
            add_sessions(self.sessions, piece)
            self.news = True

    def keep(self) -> None:
        # A full disk must not end the run: the next one reads the same lines again.
        if self.news:
            with contextlib.suppress(OSError):
                replace(STATE, json.dumps(self.state()))
                self.news = False

    def state(self) -> dict[str, Any]:
        offsets = {"http": self.http.offsets(), "stream": self.stream.offsets()}
        return {"read": offsets, "requests": self.requests, "sessions": self.sessions, "gaps": self.gaps}


def load() -> dict[str, Any]:
    """The kept state; a new one if it is missing or damaged."""
    with contextlib.suppress(ValueError):
        state = json.loads(read(STATE))
        if isinstance(state, dict) and {"read", "requests", "sessions", "gaps"} <= state.keys():
            return state
    return {"read": {}, "requests": {}, "sessions": {}, "gaps": 0}


def sums_of(sums: dict[str, Sums], name: str) -> Sums:
    if name not in sums:
        empty = {"connections": 0, "bytes": 0, "codes": {}, "refused": {}, "milliseconds": 0}
        sums[name] = {**empty, "buckets": [0] * (len(BOUNDS) + 1)}
    return sums[name]


def more(counts: dict[str, int], key: str, by: int) -> None:
    counts[key] = counts.get(key, 0) + by


def add_requests(sums: dict[str, Sums], data: bytes) -> None:
    few, others = few_kinds(sums, data, REQUEST)
    for found, count in few + kinds(sums, others, REQUEST):
        name, seconds, status, own = found.groups()
        one = sums_of(sums, name)
        more(one["codes"], status, count)
        # 499: the client went away.
        if own == "0" and status >= "400" and status != "499":
            more(one["refused"], REASONS.get(status, "other"), count)
        milliseconds = int(seconds.replace(".", ""))
        one["milliseconds"] += milliseconds * count
        one["buckets"][bisect_left(BOUNDS, milliseconds / 1000)] += count


def add_sessions(sums: dict[str, Sums], data: bytes) -> None:
    for found, count in kinds(sums, data, SESSION):
        name, status = found.groups()
        if status != "200":
            more(sums_of(sums, name)["refused"], OF_SESSIONS.get(status, "other"), count)


def few_kinds(sums: dict[str, Sums], data: bytes, kind: "re.Pattern[str]") -> tuple[Kinds, bytes]:
    """As `kinds`, for lines of one forward that hardly differ before their last number: each kind is counted in a block of them at once.
    Also returns the lines of blocks that have others among them; of these nothing was added."""
    heads = {line.rpartition(b"\t")[0] for line in data[:SAMPLE].splitlines()[:-1]}
    lines = [LINE.fullmatch(head + b"\t1") for head in heads] if len(heads) <= FEW else [None]
    found = [line and kind.fullmatch(line[1].decode("latin1")) for line in lines]
    names = {one[1] if one else "" for one in found}
    name = names.pop() if len(names) == 1 else ""
    if not name:
        return [], data
    starts, counts = [b"\n%b\t" % head for head in heads], [0 for _ in heads]
    connections, others = 0, []
    for block in blocks(data):
        text = b"\n" + block
        here = [text.count(start) for start in starts]
        if sum(here) == block.count(b"\n"):
            counts = [*map(add, counts, here)]
            connections += block.count(b"\t1\n")
        else:
            others.append(block)
    one = sums_of(sums, name)
    one["bytes"] += sum((int(line[2]) + int(line[3])) * count for line, count in zip(lines, counts) if line)
    one["connections"] += connections
    return [(match, count) for match, count in zip(found, counts) if match and count], b"".join(others)


def blocks(data: bytes) -> Iterator[bytes]:
    """Whole lines, together not much more than BLOCK."""
    at = 0
    while at < len(data):
        end = data.find(b"\n", at + BLOCK) + 1 or len(data)
        yield data[at:end]
        at = end


def kinds(sums: dict[str, Sums], data: bytes, kind: "re.Pattern[str]") -> Kinds:
    """The kinds of lines, and how often each occurs. Adds up their bytes and connections. A kind is looked at once, and each line by
    what Python does in C."""
    words = data.split()
    names, *numbers = [words[n::4] for n in range(4)]
    found = matches(names, kind)
    try:
        if len(words) % 4 or not all(found.values()):
            raise ValueError
        add_numbers(sums, found, names, numbers)
    except ValueError:
        # A full disk cuts lines, and joins what comes after them.
        lines = LINE.findall(data)
        found = matches([line[0] for line in lines], kind)
        names, *numbers = [[line[n] for line in lines if found[line[0]]] for n in range(4)]
        add_numbers(sums, found, names, numbers)
    # Few are counted faster one by one.
    counts = {word: names.count(word) for word in found} if len(found) < FEW else Counter(names)
    return [(match, counts[word]) for word, match in found.items() if match]


def matches(names: list[bytes], kind: "re.Pattern[str]") -> Found:
    return {word: kind.fullmatch(word.decode("latin1")) for word in set(names)}


def add_numbers(sums: dict[str, Sums], found: Found, names: list[bytes], numbers: list[list[bytes]]) -> None:
    """Adds up the bytes and connections of lines. ValueError: one is no number, and nothing was added."""
    forwards = {word: match[1] for word, match in found.items() if match}
    if numbers[2] and not b"".join(numbers[2]).isdigit():
        raise ValueError
    # float reads digits faster than int does. Sums are exact up to 2 ** 53.
    if len(set(forwards.values())) == 1:
        size = sum([sum(map(float, some)) for some in numbers[:2]])
        one = sums_of(sums, *set(forwards.values()))
        one["bytes"] += int(size)
        one["connections"] += numbers[2].count(b"1")
        return
    received, sent = [list(map(float, some)) for some in numbers[:2]]
    of = {word: sums_of(sums, name) for word, name in forwards.items()}
    for name, one_way, other, place in zip(names, received, sent, numbers[2]):
        of[name]["bytes"] += int(one_way + other)
        of[name]["connections"] += place == b"1"
