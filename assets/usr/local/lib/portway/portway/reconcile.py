"""Reverts what others changed on this host: rules, files, units, kernel settings, certificates, nginx's configuration.

The good tree defines what is right. Everything else on the host is left alone. /var/lib/portway/reconciled records
repairs, one JSON object a line, and the log has the same for people.
"""

import contextlib
import fcntl
import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from typing import Any

from portway import drift, fingerprint, history
from portway.commands import run
from portway.files import read, replace

STATE, GOOD = "/var/lib/portway", fingerprint.GOOD
RECORD = fingerprint.RECORD
LOG = "/var/log/portway/bootstrap.log"
LOCK = "/run/portway.lock"
# The last text of the pointer. If it differs, the content is fetched.
POINTER = f"{STATE}/pointer"
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


def clock(seconds: float) -> str:
    return time.strftime("%FT%TZ", time.gmtime(seconds))


def say(text: str) -> None:
    line = f"portway {clock(time.time())} {text}"
    print(line, flush=True)
    # A full disk of logs must not end the run.
    with contextlib.suppress(OSError), open(LOG, "a") as file:
        file.write(f"{line}\n")


@contextlib.contextmanager
def lock(wait: bool = False) -> Iterator[bool]:
    """Whether no other run is active, and none can start meanwhile."""
    # Only root can open it, so nobody else can hold it.
    with open(os.open(LOCK, os.O_CREAT | os.O_WRONLY, 0o600), "w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
        except OSError:
            yield False
            return
        yield True


def fetch_anew() -> None:
    """Makes the next `portway content live` fetch the content even if it runs already: the end of the line makes the
    text differ from the pointer's."""
    if os.path.exists(POINTER):
        with open(POINTER, "a") as file:
            file.write("\n")


def damage(tree: str) -> str:
    """The files of a tree that are not as they were proved."""
    done = run("sh", "-c", 'cd "$0" && sha256sum --quiet --strict -c ".$1" 2>&1', tree, f"{STATE}/sums")
    return " ".join(done.stdout.split()) if done.returncode else ""


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
        drift.mend_certificates(found.certificates)
    # It logs what it does, and why it fails. No pipe, since a program that it starts may keep one open.
    subprocess.run([f"{GOOD}/usr/local/lib/portway/host.sh", "rollback"], stdin=subprocess.DEVNULL)


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
        with lock() as free:
            # Another run sets up the host. Afterwards there may be nothing left to do, but nobody knows yet.
            right = free and reconcile()
    except Damaged as error:
        right = False
        if not read(POINTER).endswith("\n"):
            say(f"WARNING: the good tree is damaged, so the content is fetched anew: {error}")
            fetch_anew()
        # With the program on the disk, since the good tree's may be the damaged one.
        subprocess.run(["/usr/local/bin/portway", "content", "live"])
    if not right:
        sys.exit(1)
