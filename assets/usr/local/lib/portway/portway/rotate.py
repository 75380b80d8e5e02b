"""Keeps the logs small, however fast they grow: a log that is large or a day old is set aside and then compressed. All
logs together get a tenth of the disk, and the oldest are deleted first. Run by portway-logs.timer."""

import contextlib
import glob
import gzip
import os
import shutil
import signal
import stat
import time
from collections.abc import Sequence
from typing import NamedTuple

from portway import findings

FOLDER = "/var/log/portway"
ROTATED = "/var/lib/portway/logs-rotated"
DAY = 86400
KEPT_DAYS = 14


def rotated() -> list[str]:
    """Logs that were set aside, the oldest first. Those for metrics come before all: they are counted already."""
    return sorted(glob.glob("*.log-*"), key=lambda path: (path[:7] != "metrics", path.split("-")[1]))


class Log(NamedTuple):
    path: str
    size: int
    # Seconds since 1970.
    changed: float


def expired(logs: Sequence[Log], in_use: int, room: int, now: float) -> list[str]:
    """Which of the logs set aside must be deleted, so that all fit into the room. `logs` has the oldest first."""
    total = in_use + sum(log.size for log in logs)
    found = []
    for log in logs:
        # A time in the future counts as old.
        if total > room or abs(now - log.changed) > KEPT_DAYS * DAY:
            found.append(log.path)
            total -= log.size
    return found


def trim(room: int) -> None:
    logs = [Log(path, os.path.getsize(path), os.path.getmtime(path)) for path in rotated()]
    in_use = sum(map(os.path.getsize, glob.glob("*.log")))
    for path in expired(logs, in_use, room, time.time()):
        os.remove(path)


def pack(path: str) -> None:
    try:
        with open(path, "rb") as log, gzip.open(path + ".gz", "wb") as packed:
            shutil.copyfileobj(log, packed)
        shutil.copystat(path, path + ".gz")
        os.remove(path)
    except OSError:
        # The disk is full: delete what is half done.
        with contextlib.suppress(OSError):
            os.remove(path + ".gz")


def day_is_over() -> bool:
    # The first day begins with the first run. A mark in the future counts as old.
    marked = os.path.exists(ROTATED)
    over = marked and abs(time.time() - os.path.getmtime(ROTATED)) >= DAY
    if over or not marked:
        with contextlib.suppress(OSError), open(ROTATED, "a"):
            os.utime(ROTATED)
    return over


def is_due(path: str, size: int, largest: int, daily: bool) -> bool:
    # A boot may be reading its own log.
    return size > largest or (daily and size > 0 and path != "bootstrap.log")


def rotate(largest: int) -> bool:
    """Sets aside each log that is due. Returns whether there was one."""
    daily = day_is_over()
    any_due = False
    for path in glob.glob("*.log"):
        old = os.stat(path)
        if is_due(path, old.st_size, largest, daily):
            os.rename(path, f"{path}-{time.time_ns():020}")
            any_due = True
            # On a full disk nginx may still find room for it.
            with contextlib.suppress(OSError):
                new = os.open(path, os.O_CREAT | os.O_WRONLY, 0o600)
                os.fchown(new, old.st_uid, old.st_gid)
                os.fchmod(new, stat.S_IMODE(old.st_mode))
                os.close(new)
    return any_due


def main(words: list[str]) -> None:
    os.umask(0o077)
    os.chdir(FOLDER)
    disk = os.statvfs(".")
    room = disk.f_frsize * disk.f_blocks // 10
    trim(room)
    # nginx has closed the logs that were set aside before.
    for path in rotated():
        if not path.endswith(".gz"):
            pack(path)
    # Whatever fails there, logs must stay small.
    try:
        findings.collect()
    except Exception as error:
        print(f"findings: {error!r}")
    if rotate(min(20 << 20, room // 10)):
        # Makes nginx reopen its logs. Without nginx there is nothing to do.
        with contextlib.suppress(OSError, ValueError), open("/run/nginx.pid") as file:
            os.kill(int(file.read()), signal.SIGUSR1)
    trim(room)
