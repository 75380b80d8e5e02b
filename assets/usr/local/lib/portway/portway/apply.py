"""Fetches the stack's content and sets up the host with it at once, even if it failed before or was rolled back by
hand."""

import os
import sys

from portway.files import forget
from portway.fingerprint import paused_until
from portway.paths import FAILED
from portway.reconcile import fetch_anew
from portway.rollback import HELD
from portway.say import clock

USAGE = "usage: portway apply --now"


def main(words: list[str]) -> None:
    if words != ["--now"]:
        sys.exit(USAGE)
    if os.geteuid():
        sys.exit("portway: must be run by root")
    until = paused_until()
    if until:
        sys.exit(f"portway: paused until {clock(until)}: end that first, by portway pause off")
    forget(FAILED)
    forget(HELD)
    fetch_anew()
    os.execv("/usr/local/bin/portway", ["portway", "content", "live"])
