"""The last five good trees of this host, for `portway rollback`.

/var/lib/portway/history/<number>-<first 16 digits of the content's hash>, each a tree of links to the files of a former
good tree, which are never written again. The highest number is the one that runs.
"""

import json
import os
import re
import shutil
import sys
import time
from collections.abc import Iterator
from typing import Any, NamedTuple

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


def told() -> Iterator[dict[str, Any]]:
    """What is said of each, as with --json."""
    known = entries()
    before = ""
    for number, path in known:
        forwards = read(path + FORWARDS)
        yield {
            "number": number,
            "since": time.strftime("%FT%TZ", time.gmtime(os.stat(path).st_mtime)),
            "content": content_of(path),
            "runs": path == known[-1].path and identity(path) == identity(GOOD),
            "change": differences(before, forwards) if before else f"{len(forwards.splitlines())} forwards",
        }
        before = forwards


def lines() -> list[str]:
    return [
        f"{one['number']:4} {one['since']} {one['content'][:16]:16} {'runs' if one['runs'] else '    '} {one['change']}".rstrip()
        for one in told()
    ]


def main(words: list[str]) -> None:
    """portway history: the good trees, with what each changed: +added -removed ~changed forwards"""
    if words not in ([], ["--json"]):
        sys.exit("usage: portway history [--json]")
    keep()
    print(json.dumps([*told()]) if words else "\n".join(lines()))
