"""Reverts what others changed on this host: rules, files, units, kernel settings, certificates, nginx's configuration.

The good tree defines what is right. Everything else on the host is left alone. /var/lib/portway/reconciled records
repairs, one JSON object a line, and the log has the same for people.
"""

import contextlib
import importlib
import json
import os
import subprocess
import sys
import time
from collections.abc import Sequence
from typing import Any

from portway import drift, fingerprint, history, lock
from portway.commands import run
from portway.files import read, replace
from portway.paths import GOOD, HOST, POINTER, RECORD
from portway.say import clock, say
from portway.trees import damage

# The end of the last stop that was reported.
TOLD = "/run/portway-reconcile-stopped"
# Whoever changes the same thing this often within this many seconds means it, so Portway stops for as long.
MOVES, WINDOW = 3, 300
# How many lines are kept, and for how many days one is reported.
KEPT, DAYS = 1000, 30

Move = dict[str, Any]


class Damaged(Exception):
    """A good tree that is not as it was proved."""

    pass


def stopped_until(times: Sequence[float], now: float) -> float:
    """When it continues after too many moves, in seconds since 1970; 0 if it need not wait. `times` are those of all
    moves, the oldest first."""
    last = [moved for moved in times if moved <= now][-MOVES:]
    if len(last) < MOVES or last[-1] - last[0] > WINDOW:
        return 0
    return last[-1] + WINDOW if now < last[-1] + WINDOW else 0


def is_hopeless(words: Sequence[str], known: Sequence[Move], now: float) -> bool:
    """Whether these are only problems that could not be fixed a moment ago. They are tried again, but not all the time."""
    return bool(known) and set(words) <= set(known[-1]["left"]) and 0 <= now - known[-1]["time"] < WINDOW


def moves(text: str) -> list[Move]:
    """The recorded repairs, the oldest first. A line that a power failure cut off is left out."""
    found = []
    for line in text.splitlines():
        with contextlib.suppress(ValueError):
            move = json.loads(line)
            if isinstance(move, dict) and {"time", "what", "left"} <= move.keys():
                found.append(move)
    return found


def fetch_anew() -> None:
    """Makes the next `portway content live` fetch the content even if it runs already: the end of the line makes the
    text differ from the pointer's."""
    if os.path.exists(POINTER):
        with open(POINTER, "a") as file:
            file.write("\n")


def clear_way(paths: Sequence[str]) -> None:
    """Removes whatever is in the place of a folder."""
    folders = {path[:end] for path in paths for end in range(1, len(path)) if path[end] == "/"}
    for folder in folders:
        if os.path.lexists(folder) and not os.path.isdir(folder):
            os.remove(folder)


def put_right(found: drift.Drift) -> None:
    clear_way(fingerprint.files_of(GOOD))
    for path in found.links:
        os.remove(path)
    for path in found.modes:
        with contextlib.suppress(OSError):
            os.lchown(path, 0, 0)
            os.chmod(path, os.stat(GOOD + path).st_mode & 0o7777)
    for unit, state in found.masked.items():
        run("systemctl", "unmask", *(["--runtime"] if state == "masked-runtime" else []), unit)
    if found.certificates:
        importlib.import_module("portway.certificate_copies").mend(found.certificates, GOOD + drift.NGINX)
    # It logs what it does, and why it fails. No pipe, since a program that it starts may keep one open.
    subprocess.run([GOOD + HOST, "rollback"], stdin=subprocess.DEVNULL)


def some(words: Sequence[str]) -> str:
    """The first few, for people."""
    return "; ".join([*words[:6], *([f"{len(words) - 6} more"] if len(words) > 6 else [])])


def record(move: Move) -> list[Move]:
    known = [*moves(read(RECORD)), move][-KEPT:]
    with contextlib.suppress(OSError):
        replace(RECORD, "".join(f"{json.dumps(one)}\n" for one in known))
    return known


def tell_stop(until: float) -> None:
    """Once for each stop."""
    if read(TOLD) != str(until):
        with open(TOLD, "w") as file:
            file.write(str(until))
        say(
            f"WARNING: {MOVES} times within {WINDOW // 60} min somebody changed what had been put right: left alone until {clock(until)}. "
            "Find the other program, or `portway pause` while you work"
        )


def reconcile() -> bool:
    """Returns whether the host matches the good tree.

    @raise Damaged if the good tree itself is damaged
    """
    history.keep()
    found = drift.find()
    if not found.words:
        return True
    damaged = damage(GOOD)
    if damaged:
        raise Damaged(damaged[:300])
    now = time.time()
    known = moves(read(RECORD))
    until = stopped_until([move["time"] for move in known], now)
    if until:
        tell_stop(until)
    if until or is_hopeless(found.words, known, now):
        return False
    say(f"changed by others: {some(found.words)}")
    put_right(found)
    left = drift.find().words
    say(f"WARNING: could not be put right: {some(left)}" if left else "put right")
    known = record({"time": int(now), "what": found.words, "left": left})
    until = stopped_until([move["time"] for move in known], time.time())
    if until:
        tell_stop(until)
    return not left


def collect() -> list[str]:
    """For `portway status`."""
    now = time.time()
    found = []
    paused = fingerprint.paused_until()
    if paused:
        found.append(f"paused until {clock(paused)}: changes by others are left alone (portway pause off)")
    known = [move for move in moves(read(RECORD)) if move["time"] > now - DAYS * 86400]
    if known:
        times = "once" if len(known) == 1 else f"{len(known)} times"
        last = known[-1]
        word = f", and could not be put right: {some(last['left'])}" if last["left"] else ""
        found.append(
            f"changed by others {times} in {DAYS} days, last at {clock(last['time'])}: {some(last['what'])}{word}"
        )
    until = stopped_until([move["time"] for move in known], now)
    if until:
        found.append(f"changed by others again and again: left alone until {clock(until)}")
    return found


def main(words: list[str]) -> None:
    """portway reconcile: fails while something differs from the good tree"""
    if words:
        sys.exit("usage: portway reconcile")
    os.environ["SYSTEMCTL_SKIP_SYSV"] = "1"
    if fingerprint.paused_until() or not os.path.isdir(GOOD):
        return
    try:
        # Another run may set up the host. Afterwards there may be nothing left to do, but nobody knows yet.
        right = lock.hold(wait=False) and reconcile()
    except Damaged as error:
        right = False
        if not read(POINTER).endswith("\n"):
            say(f"WARNING: the good tree is damaged, so the content is fetched anew: {error}")
            fetch_anew()
        lock.release()
        # With the program on the disk, since the good tree's may be the damaged one.
        subprocess.run(["/usr/local/bin/portway", "content", "live"])
    if not right:
        sys.exit(1)
