"""Sets up the host as it was before the last change, or with a number of `portway history`. It is for emergencies: the
stack still contains the newer content, so the next deploy or reboot brings that back, or a newer one.

The old tree takes every step of a change: tried, applied, proved, kept.
"""

import os
import sys
from typing import Optional

from portway import cut, history, lock, setting_up
from portway.files import forget, read, replace
from portway.paths import FAILED, GOOD, STATE
from portway.say import say
from portway.trees import content_of, damage

USAGE = "usage: portway rollback [NUMBER]"
# The stack's content while an older one runs by hand. live.py does not bring back content that failed.
HELD = f"{STATE}/rolled-back"


def choose(known: list[history.Entry], number: str) -> Optional[history.Entry]:
    """The tree before the one that runs, or the one with this number."""
    if not number:
        return known[-2] if len(known) > 1 else None
    return next((entry for entry in known[:-1] if str(entry.number) == number), None)


def hold(deployed: str) -> None:
    """Keeps the deployed content from coming back at once."""
    if deployed == content_of(GOOD):
        forget(HELD)
        forget(FAILED)
    else:
        replace(HELD, deployed)
        replace(FAILED, deployed)


def main(words: list[str]) -> None:
    if len(words) > 1:
        sys.exit(USAGE)
    if os.geteuid():
        sys.exit("portway: must be run by root")
    lock.hold()
    history.keep()
    entry = choose(history.entries(), "".join(words))
    if entry is None:
        sys.exit("portway: no such tree; `portway history` has these:\n" + "\n".join(history.lines()))
    damaged = damage(entry.path)
    if damaged:
        sys.exit(f"portway: that tree is damaged: {damaged}")
    # What failed here, or was rolled back by hand, is still deployed.
    deployed = read(FAILED).strip() or content_of(GOOD)
    say(f"rollback by hand to number {entry.number}, content {content_of(entry.path)}")
    setting_up.copy(entry.path)
    if cut.set_up():
        sys.exit("portway: the rollback failed: what ran before goes on; see /var/log/portway/bootstrap.log")
    hold(deployed)
    history.keep()
    print("The stack says another content: deploy what runs now, or the next deploy or reboot brings that one.")
