"""Lets one run at a time set up this host."""

import fcntl
import os

# Only root can open it, so nobody else can hold it.
LOCK = "/run/portway.lock"
# The open files that hold the lock. A program that gets them by `pass_fds` holds it too.
held: list[int] = []


def hold(wait: bool = True) -> bool:
    """Holds the lock until `release` or the end of this program. Whether it does: another run may have it already."""
    held.append(os.open(LOCK, os.O_RDWR | os.O_CREAT, 0o600))
    try:
        fcntl.flock(held[0], fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
        return True
    except OSError:
        release()
        return False


def release() -> None:
    while held:
        os.close(held.pop())
