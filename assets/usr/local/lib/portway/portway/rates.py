"""How much each forward carries a second: for `portway status`, since somebody looked last, or over an interval that is stated.

Of forwards in the kernel these are the sums of traffic.py. Of those on nginx, what its logs say; they lag by at most a second. What
cannot be known is None: requests in the kernel, forwards that share a port, and nginx's since the last look if the log was set aside in between.
"""

import contextlib
import json
import os
import sys
import time
from importlib import import_module
from importlib.util import find_spec
from typing import Any, Optional

from portway.files import forwards, read, replace

# Of this boot.
LOOKED = "/run/portway/looked"
LOGS = "/var/log/portway"
NAMES = ("access.log", "stream.log")
LINE = "%-20s %15s %15s %15s"

# Connections, requests and bytes.
Counts = list[Optional[float]]
Look = dict[str, Any]


def look() -> Look:
    """Where the counters and logs are now."""
    carried = import_module("portway.traffic").carried(forwards())[0] if find_spec("portway.traffic") else {}
    ends = {}
    for name in NAMES:
        with contextlib.suppress(OSError):
            state = os.stat(f"{LOGS}/{name}")
            ends[name] = [state.st_ino, state.st_size]
    return {"time": time.monotonic(), "carried": carried, "logs": ends}


def last_look() -> Optional[Look]:
    try:
        found = json.loads(read(LOOKED) or "null")
        return found if found and found["time"] < time.monotonic() else None
    except (ValueError, KeyError, TypeError):
        return None


def logged(before: Look) -> Optional[dict[tuple[str, int], list[int]]]:
    """Sessions, requests and bytes by transport and port; None if a log was set aside since."""
    sums: dict[tuple[str, int], list[int]] = {}
    for name in NAMES:
        place = before["logs"].get(name, [0, 0])
        with contextlib.suppress(OSError):
            if os.stat(f"{LOGS}/{name}").st_ino != place[0] and place[0]:
                return None
        for line in import_module("portway.findings").new_lines(name, {name: tuple(place)}):
            with contextlib.suppress(ValueError, KeyError, TypeError):
                entry = json.loads(line.decode(errors="replace"))
                times, size = (
                    int(entry["sample"] or 1),
                    entry.get("sent", entry.get("bytes", 0)) + entry.get("received", 0),
                )
                one = sums.setdefault((entry.get("protocol", "TCP").lower(), int(entry["port"])), [0, 0, 0])
                one["protocol" not in entry] += times
                one[2] += times * size
    return sums


def ports_of(listener: str) -> list[tuple[str, int]]:
    transport, _, ports = listener.partition("/")
    first, _, last = (ports or "0").partition("-")
    return [(transport, port) for port in range(int(first), int(last or first) + 1)]


def between(before: Look, now: Look) -> dict[str, Counts]:
    """What each forward did between two looks."""
    listed = forwards()
    on_nginx = [line for line in listed if line[2] == "nginx"]
    sums = logged(before) if on_nginx else {}
    found: dict[str, Counts] = {}
    for name, listener, engine, *_ in listed:
        places = ports_of(listener)
        found[name] = [None, None, None]
        if engine == "iptables":
            then, last = before["carried"].get(name, [0, 0, 0]), now["carried"].get(name)
            # Nobody counted, or the counting began anew.
            if last and all(new >= old for new, old in zip(last, then)):
                found[name] = [last[2] - then[2], None, last[1] - then[1]]
        elif sums is not None and sum(not {*places}.isdisjoint(ports_of(line[1])) for line in on_nginx) == 1:
            sessions, requests, size = (sum(each) for each in zip(*(sums.get(place, (0, 0, 0)) for place in places)))
            # It has the one or the other.
            found[name] = [None if requests else sessions, None if sessions else requests, size]
    return found


def measured(words: list[str]) -> tuple[list[str], dict[str, Any], list[str]]:
    """Takes `--seconds N` from the words. Returns the rest, and the rates for programs, which have to state an interval, and for people."""
    interval = 0
    if "--seconds" in words:
        at = words.index("--seconds")
        text = "".join(words[at + 1 : at + 2])
        if not text.isdigit() or not 0 < int(text) < 10_000:
            sys.exit(f"--seconds must be 1-9999, got {text!r}")
        interval, words = int(text), words[:at] + words[at + 2 :]
    if words and not interval:
        return words, {}, []
    before = look() if interval else last_look()
    time.sleep(interval)
    now = look()
    if not interval:
        with contextlib.suppress(OSError):
            replace(LOOKED, json.dumps(now))
    if not before:
        return words, {}, []
    seconds = now["time"] - before["time"]
    rates = {
        name: [None if one is None else one / seconds for one in counts]
        for name, counts in between(before, now).items()
    }
    keys = ("connections_per_second", "requests_per_second", "bytes_per_second")
    said = {
        name: dict(zip(keys, [None if one is None else round(one, 2) for one in each])) for name, each in rates.items()
    }
    title = f"{'over' if interval else 'since the last look,'} {seconds:.0f} s"
    lines = [LINE % (title, "connections/s", "requests/s", "bytes/s")]
    for name, each in rates.items():
        lines.append(LINE % (name, *("-" if one is None else f"{one:.1f}" for one in each)))
    return words, {"seconds": round(seconds, 3), "rates": said}, lines


def measure(words: list[str]) -> tuple[list[str], dict[str, Any], list[str]]:
    """As `measured`; also how old the kernel and nginx are, where there is room for that."""
    words, said, lines = measured(words)
    if find_spec("portway.running"):
        import_module("portway.running").add(said, lines)
    return words, said, lines


def main(words: list[str]) -> None:
    """portway rates: only those"""
    print("\n".join(measured(words)[2]))
