"""Keeps lists of blocked sources current that others publish. On hosts with `Sources.url` or `Sources.countries`; run by portway-lists.service.

Its table is loaded at boot by portway-lists-table.service, and by a change before what the change opens (host.d/lists.sh).
/etc/portway/lists holds a line for each list: its id, hours between two looks, the most networks, its URL, and of a database the countries. What was good
last is in /var/lib/portway/lists/ID; the kernel drops what these networks send, by sets in a table of their own
(lists.nft). A child fetches (fetched.py), since TLS takes ten megabytes.
"""

import contextlib
import os
import sys
import time
from typing import NamedTuple

from portway.commands import run
from portway.files import forget, read, replace
from portway.say import clock, say

SETTINGS = "/etc/portway/lists"
RULES = "/etc/portway/lists.nft"
STATE = "/var/lib/portway/lists"
TABLE = "inet portway_lists"
# How often the settings and the table are looked at; when to look again after a failure, with and without a good list.
LOOK, LATER, SOON = 15, 3600, 60


class Listed(NamedTuple):
    id: str
    hours: int
    most: int
    url: str
    # Of a database: see countries.py.
    countries: str = ""

    @property
    def good(self) -> str:
        """The file with the networks that were good last."""
        return f"{STATE}/{self.id}"

    @property
    def tried(self) -> str:
        """The file whose time is that of the last look, with what was wrong; empty if nothing was."""
        return f"{self.good}.tried"


def configured() -> list[Listed]:
    lines = [line.split() for line in read(SETTINGS).splitlines()]
    return [Listed(name, int(hours), int(most), *rest) for name, hours, most, *rest in lines]


def elements(one: Listed) -> str:
    """Lines for nft that replace what the sets of a list hold."""
    networks = read(one.good).split()
    text = ""
    for family, mark in ((4, "."), (6, ":")):
        name = f"{TABLE} {one.id}_v{family}"
        own = ", ".join(network for network in networks if mark in network)
        text += f"flush set {name}\n" + (f"add element {name} {{ {own} }}\n" if own else "")
    return text


def load() -> str:
    """The table from the start, with the lists that were good last. What is wrong; empty if nothing is."""
    os.makedirs(STATE, exist_ok=True)
    wanted = configured()
    known = {one.id for one in wanted}
    for name in os.listdir(STATE):
        if name.partition(".")[0] not in known:
            forget(f"{STATE}/{name}")
    done = run("nft", "-f", "-", text=read(RULES) + "".join(map(elements, wanted)))
    return f"the table of lists could not be loaded: {' '.join(done.stderr.split())[:300]}" if done.returncode else ""


def is_due(one: Listed, now: float) -> bool:
    try:
        then = os.stat(one.tried).st_mtime
    except OSError:
        return True
    if not read(one.tried):
        return not 0 <= now - then < one.hours * 3600
    return not 0 <= now - then < (LATER if os.path.exists(one.good) else SOON)


def look(one: Listed) -> None:
    """Fetches a list, and has the kernel take it over in one transaction. What was wrong is said once."""
    before = read(one.tried, "unknown")
    done = run("/usr/local/bin/portway", "fetched", one.id)
    wrong = "" if done.returncode == 0 else (done.stderr.strip().rpartition("\n")[2] or "it could not be fetched")
    if not wrong:
        done = run("nft", "-f", "-", text=elements(one))
        wrong = "" if done.returncode == 0 else f"the kernel refused it: {' '.join(done.stderr.split())[:300]}"
    with contextlib.suppress(OSError):
        replace(one.tried, wrong)
    if wrong and wrong != before:
        say(f"WARNING: the list {one.url} was not taken over, what was good last stays: {wrong}")
    elif before not in ("", wrong):
        say(f"the list {one.url} is taken over: {len(read(one.good).split())} networks")


def stamp() -> list[int]:
    return [os.stat(path).st_mtime_ns for path in (SETTINGS, RULES, __file__)]


def show() -> None:
    """portway lists show: what each list holds, and has dropped since the table was loaded."""
    chains = [run("nft", "list", "chain", *TABLE.split(), name).stdout for name in ("blocked", "countries")]
    rules = "".join(chains).splitlines()
    for one in configured():
        count = len(read(one.good).split())
        words = [rule.split() for rule in rules if f"@{one.id}_v" in rule]
        hits = sum(int(rule[rule.index("packets") + 1]) for rule in words)
        since = f" of {clock(os.stat(one.good).st_mtime)}" if count else ""
        of = f" ({'all but ' * one.countries.startswith('-')}{one.countries.strip('-')})" if one.countries else ""
        print(f"{one.url}{of}: {count} networks{since}, {hits} packets dropped. {read(one.tried)}".rstrip())


def ended() -> None:
    """After the service has ended: takes everything away unless it will start again, now or at the next boot."""
    if run("systemctl", "is-enabled", "-q", "portway-lists").returncode:
        run("nft", "delete", "table", *TABLE.split())
        for name in os.listdir(STATE):
            forget(f"{STATE}/{name}")


def main(words: list[str]) -> None:
    if words == ["ended"]:
        ended()
        return
    if words == ["show"]:
        show()
        return
    if words == ["load"]:
        # An empty text is success.
        sys.exit(load() or None)
    if words:
        sys.exit("usage: portway lists [show]")
    running = stamp()
    while stamp() == running:
        # Somebody may have flushed all rules.
        if run("nft", "list", "chain", *TABLE.split(), "blocked").returncode:
            wrong = load()
            if wrong:
                say(f"WARNING: {wrong}")
        for one in configured():
            if is_due(one, time.time()):
                look(one)
        for _ in range(LOOK):
            time.sleep(1)
            if stamp() != running:
                break
    # The unit starts it again, with what has changed.
    sys.exit(75)
