"""Ends the connections that a change leaves behind: without this, the kernel and nginx let every established one go on.

At once: those of removed forwards, those of clients that may no longer use a forward (`allowFrom`, `denyFrom`,
`blocked`), and UDP flows to targets that a forward no longer has. TCP connections to such targets go on. With `drain`
all of them go on for that time, and then end.
"""

import importlib
import importlib.util
import json
import os
import sys
import time
from typing import Any

from portway import lock, paths, setting_up, trees
from portway.files import read, replace
from portway.say import say
from portway.served import Content, texts_of

# What drains: a line for each change, with the seconds since the boot at which it ends, the content before it, and
# nginx's workers from before it.
DRAINING = "/run/portway/draining"


def load(*names: str) -> list[Any]:
    """Those of these modules that this host has."""
    return [importlib.import_module(name) for name in names if importlib.util.find_spec(name)]


# Tracked flows with iptables, sockets with nginx. Loaded before a change, since the tree of this program is another one afterwards.
PARTS = load("portway.cut_flows", "portway.cut_sockets")


def cut(before: list[str], after: list[str], workers: list[str], is_drained: bool) -> None:
    """Ends what a change leaves behind. `workers`: those from before it. `is_drained`: TCP connections to former
    targets too."""
    for part in PARTS:
        # The change itself is made.
        try:
            count = part.cut(Content(*before), Content(*after), is_drained, workers)
            if count:
                say(f"{count} connections of the content before were ended")
        except Exception as error:
            say(f"WARNING: connections of the old content could not be ended: {error}")


def old_workers() -> list[str]:
    """Those of nginx, where it runs; see old_workers.py."""
    return [worker for part in PARTS for worker in getattr(part, "identities", list)()]


def after_change(old: str, new: str = paths.GOOD) -> None:
    """To be called with the trees before and after a change that was made."""
    before, after = texts_of(old), texts_of(new)
    if before == after:
        return
    drain = trees.setting(new, "PORTWAY_DRAIN")
    if drain:
        due = int(time.monotonic()) + int(drain)
        replace(DRAINING, f"{read(DRAINING)}{due} {json.dumps([before, old_workers()])}\n")
    else:
        cut(before, after, old_workers(), False)


def set_up() -> str:
    """As setting_up.set_up; ends the connections that the staged tree excludes."""
    reason = setting_up.set_up()
    if not reason:
        # host.sh has exchanged the trees.
        after_change(paths.STAGE)
    return reason


def end_due() -> None:
    """Ends what has drained long enough."""
    left = []
    for line in read(DRAINING).splitlines():
        due, _, record = line.partition(" ")
        if int(due) > time.monotonic():
            left.append(f"{line}\n")
        else:
            before, workers = json.loads(record)
            cut(before, texts_of(paths.GOOD), workers, True)
    if left:
        replace(DRAINING, "".join(left))
    else:
        os.remove(DRAINING)


def main(words: list[str]) -> None:
    if words != ["due"]:
        sys.exit("usage: portway cut due")
    lock.hold()
    end_due()
