#!/usr/bin/env python3
"""Keeps the logs small, whatever the rate at which they grow: a log that is large, or a day old, is set aside and then packed. All of
them together have a tenth of the disk, and the oldest go first. Run by portway-logs.timer."""

import contextlib
import glob
import gzip
import os
import shutil
import signal
import stat
import time

FOLDER = "/var/log/portway"
ROTATED = "/var/lib/portway/logs-rotated"
DAY = 86400
KEPT_DAYS = 14


def aside():
    """Those that were set aside, the oldest first."""
    return sorted(glob.glob("*.log-*"), key=lambda path: path.split("-")[1])


def trim(room):
    kept = aside()
    sizes = {path: os.path.getsize(path) for path in kept + glob.glob("*.log")}
    for path in kept:
        # A time in the future counts as old.
        if sum(sizes.values()) > room or abs(time.time() - os.path.getmtime(path)) > KEPT_DAYS * DAY:
            os.remove(path)
            del sizes[path]


def pack(path):
    try:
        with open(path, "rb") as log, gzip.open(path + ".gz", "wb") as packed:
            shutil.copyfileobj(log, packed)
        shutil.copystat(path, path + ".gz")
        os.remove(path)
    except OSError:
        # The disk is full: what is half done goes.
        with contextlib.suppress(OSError):
            os.remove(path + ".gz")


def day_is_over():
    if os.path.exists(ROTATED) and abs(time.time() - os.path.getmtime(ROTATED)) < DAY:
        return False
    with contextlib.suppress(OSError), open(ROTATED, "a"):
        os.utime(ROTATED)
    return True


def rotate(largest):
    daily = day_is_over()
    rotated = False
    for path in glob.glob("*.log"):
        old = os.stat(path)
        # A boot may be reading its own log.
        if old.st_size > largest or (daily and old.st_size and path != "bootstrap.log"):
            os.rename(path, f"{path}-{time.time_ns():020}")
            rotated = True
            # On a full disk nginx may still find room for it.
            with contextlib.suppress(OSError):
                new = os.open(path, os.O_CREAT | os.O_WRONLY, 0o600)
                os.fchown(new, old.st_uid, old.st_gid)
                os.fchmod(new, stat.S_IMODE(old.st_mode))
                os.close(new)
    return rotated


def main():
    os.umask(0o077)
    os.chdir(FOLDER)
    disk = os.statvfs(".")
    room = disk.f_frsize * disk.f_blocks // 10
    trim(room)
    # nginx has let go of those that were set aside before.
    for path in aside():
        if not path.endswith(".gz"):
            pack(path)
    if rotate(min(20 << 20, room // 10)):
        # nginx opens its logs anew; without nginx there is nothing to do.
        with contextlib.suppress(OSError, ValueError), open("/run/nginx.pid") as file:
            os.kill(int(file.read()), signal.SIGUSR1)
    trim(room)


main()
