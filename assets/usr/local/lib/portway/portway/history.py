"""The last five good trees of this host, for `portway rollback`.

/var/lib/portway/history/<number>-<first 16 digits of the content's hash>, each a tree of links to the files of a former
good tree, which are never written again. The highest number is the one that runs.
"""

import os
import re
import shutil
import sys
import time
from typing import NamedTuple

from portway.files import read
from portway.paths import FORWARDS, GOOD, SETTINGS, STATE, SUMS
from portway.trees import content_of

FOLDER = f"{STATE}/history"
KEPT = 5


class Entry(NamedTuple):
    number: int
    path: str


def identity(tree: str) -> str:
    """Equal for trees that set up a host in the same way: without settings that only say whom to report to."""
    sums = [line for line in read(tree + SUMS).splitlines() if not line.endswith(SETTINGS)]
    settings = [
        line for line in read(tree + SETTINGS).splitlines() if not re.match("PORTWAY_(SIGNAL_URL|ATTEMPT)=", line)
    ]
    return "\n".join(sums + settings)


def entries() -> list[Entry]:
    """The oldest first."""
    names = os.listdir(FOLDER) if os.path.isdir(FOLDER) else []
    return sorted(Entry(int(name.split("-")[0]), f"{FOLDER}/{name}") for name in names if re.match(r"\d+-", name))


def keep() -> None:
    """Keeps the good tree, unless the newest one is the same."""
    known = entries()
    if not os.path.isdir(GOOD) or (known and identity(known[-1].path) == identity(GOOD)):
        return
    new = f"{FOLDER}/new"
    shutil.rmtree(new, ignore_errors=True)
    shutil.copytree(GOOD, new, copy_function=os.link)
    os.utime(new)
    # Its files are on the disk already, as part of the good tree.
    os.rename(new, f"{FOLDER}/{known[-1].number + 1 if known else 1}-{content_of(GOOD)[:16]}")
    for old in known[: -(KEPT - 1)]:
        shutil.rmtree(old.path)


def differences(before: str, after: str) -> str:
    """How the forwards of two trees differ: `+added -removed ~changed`."""
    old, new = (dict(line.split(" ", 1) for line in text.splitlines() if " " in line) for text in (before, after))
    marks = [f"+{name}" for name in new if name not in old] + [f"-{name}" for name in old if name not in new]
    return " ".join(marks + [f"~{name}" for name in new if name in old and old[name] != new[name]])


def lines() -> list[str]:
    found = []
    known = entries()
    for index, (number, path) in enumerate(known):
        since = time.strftime("%FT%TZ", time.gmtime(os.stat(path).st_mtime))
        forwards = read(path + FORWARDS)
        change = (
            differences(read(known[index - 1].path + FORWARDS), forwards)
            if index
            else f"{len(forwards.splitlines())} forwards"
        )
        runs = identity(path) == identity(GOOD) and index == len(known) - 1
        found.append(f"{number:4} {since} {content_of(path)[:16]:16} {'runs' if runs else '    '} {change}".rstrip())
    return found


def main(words: list[str]) -> None:
    """portway history: the good trees, with what each changed: +added -removed ~changed forwards"""
    if words:
        sys.exit("usage: portway history")
    keep()
    print("\n".join(lines()))
