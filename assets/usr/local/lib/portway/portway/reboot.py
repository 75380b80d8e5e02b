"""Reboots this host if newer packages wait for it. portway-reboot.timer starts this when the time of `reboot` has come.

A reboot waits for package managers, changes and operators, for as long as the window lasts. Then it is left for the
next one.
"""

import contextlib
import fcntl
import importlib
import importlib.util
import os
import re
import signal
import sys
import time

from portway import lock
from portway.commands import run
from portway.due import TIMER, due
from portway.files import read
from portway.say import say

# Seconds: how long the window is open, between two looks, and for the last requests of nginx.
WINDOW, PAUSE, DRAIN = 3600, 10, 30
# apt and dpkg hold it while they work.
PACKAGES = "/var/lib/dpkg/lock-frontend"
# Installs security updates in several steps, and lets go of the lock in between.
UPDATES = "apt-daily-upgrade.service"
NGINX = "/run/nginx.pid"
DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")


def is_open() -> bool:
    """Whether it is the time. systemd also starts what the clock has jumped over, and people can start it."""
    found = re.search(r"^Description=.*, (?:(\w+) )?(\d\d):(\d\d) UTC$", read(TIMER), re.MULTILINE)
    if not found:
        return False
    day, hour, minute = found.groups()
    now = time.time()
    since = (now - (int(hour) * 60 + int(minute)) * 60) % 86400
    return since < WINDOW and day in (None, DAYS[time.gmtime(now - since).tm_wday])


def hold_packages() -> bool:
    """Keeps package managers out until this program ends. Whether it could."""
    file = os.open(PACKAGES, os.O_RDWR | os.O_CREAT, 0o640)
    try:
        fcntl.lockf(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        return True
    except OSError:
        os.close(file)
        return False


def is_paused() -> bool:
    """By an operator, which only hosts with live changes know."""
    if not importlib.util.find_spec("portway.fingerprint"):
        return False
    return bool(importlib.import_module("portway.fingerprint").paused_until())


def hindrance() -> str:
    """What must end before a reboot. Empty: nothing, and nothing of it can begin until this program ends."""
    if is_paused():
        return "the host is paused"
    if run("systemctl", "is-active", UPDATES).stdout.strip() in ("active", "activating"):
        return "security updates are being installed"
    # This one first: whoever sets up the host may have to install packages.
    if not lock.hold(wait=False):
        return "the host is being set up"
    if not hold_packages():
        lock.release()
        return "packages are being installed"
    return ""


def drain() -> None:
    """Lets nginx finish the requests that it has. It takes no new ones meanwhile."""
    process = read(NGINX).strip()
    if not process.isdigit():
        return
    with contextlib.suppress(ProcessLookupError):
        os.kill(int(process), signal.SIGQUIT)
    until = time.monotonic() + DRAIN
    while os.path.exists(f"/proc/{process}") and time.monotonic() < until:
        time.sleep(0.2)


def main(words: list[str]) -> None:
    """portway reboot: reboots if that is due"""
    if words:
        sys.exit("usage: portway reboot")
    if os.geteuid():
        sys.exit("portway: must be run by root")
    waiting = ", ".join(due())
    if not waiting or not is_open():
        return
    while reason := hindrance():
        if not is_open():
            say(f"WARNING: a reboot is due for {waiting}, but {reason}: left for the next window")
            return
        time.sleep(PAUSE)
    say(f"reboots now: this is due for {waiting}")
    drain()
    os.sync()
    run("systemctl", "reboot")
    # Nobody may begin anything before systemd ends this.
    time.sleep(5)
