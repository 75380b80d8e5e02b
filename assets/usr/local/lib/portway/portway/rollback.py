"""Sets up the host as it was before the last change, or with a number of `portway history`. It is for emergencies: the
stack still contains the newer content, so the next deploy or reboot brings that back, or a newer one.

The old tree takes every step of a change: tried, applied, proved, kept.
"""

import os
import re
import shutil
import subprocess
import sys
from typing import Optional

from portway import cut, history
from portway.files import read, replace
from portway.reconcile import STATE, damage, lock, say

USAGE = "usage: portway rollback [NUMBER of `portway history`]"
GOOD, STAGE = history.GOOD, f"{STATE}/stage"
# The stack's content while an older one runs by hand. live.py does not bring back content that failed.
HELD, FAILED = f"{STATE}/rolled-back", f"{STATE}/live-failed"


def choose(known: list[history.Entry], number: str) -> Optional[history.Entry]:
    """The tree before the one that runs, or the one with this number."""
    if not number:
        return known[-2] if len(known) > 1 else None
    return next((entry for entry in known[:-1] if str(entry.number) == number), None)


def without_url(settings: str) -> str:
    """Reported results are not reported again."""
    return re.sub(r"^PORTWAY_SIGNAL_URL=.*$", "PORTWAY_SIGNAL_URL=''", settings, flags=re.M)


def stage(tree: str) -> None:
    shutil.rmtree(STAGE, ignore_errors=True)
    shutil.copytree(tree, STAGE)
    # Made anew, from all files except itself.
    os.remove(STAGE + history.SUMS)
    replace(STAGE + history.SETTINGS, without_url(read(STAGE + history.SETTINGS)))


def hold(deployed: str) -> None:
    """Keeps the deployed content from coming back at once."""
    if deployed == history.content_of(GOOD):
        for path in (HELD, FAILED):
            if os.path.exists(path):
                os.remove(path)
    else:
        replace(HELD, deployed)
        replace(FAILED, deployed)


def main(words: list[str]) -> None:
    if len(words) > 1:
        sys.exit(USAGE)
    if os.geteuid():
        sys.exit("portway: must be run by root")
    with lock(wait=True):
        history.keep()
        entry = choose(history.entries(), "".join(words))
        if entry is None:
            sys.exit(
                "portway: there is no such tree to go back to; `portway history` has these:\n"
                + "\n".join(history.lines())
            )
        damaged = damage(entry.path)
        if damaged:
            sys.exit(f"portway: that tree is damaged: {damaged}")
        deployed = read(HELD) if read(HELD) == read(FAILED) != "" else history.content_of(GOOD)
        say(f"rollback by hand to number {entry.number}, content {history.content_of(entry.path)}")
        stage(entry.path)
        if subprocess.run([f"{STAGE}/usr/local/lib/portway/host.sh", "stage"]).returncode:
            sys.exit("portway: the rollback failed: what ran before goes on; see /var/log/portway/bootstrap.log")
        cut.after_change(STAGE)
        hold(deployed)
        history.keep()
    print("The stack says another content: deploy what runs now, or the next deploy or reboot brings that one.")
