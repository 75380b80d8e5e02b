"""Who sends what: a table by source (an IPv4 address, or an IPv6 /64) that is drawn anew every few seconds.

Forwards in the kernel are counted by connection tracking, those on nginx by its logs. A column that one of them cannot
know counts only the other.

  open          connections open now
  new/s         connections that began: of the kernel's forwards. Of TCP and UDP on nginx, sessions that ended
  req/s         requests that were answered, over HTTP. What a forward does not log is not counted
  B/s           in the kernel, IP packets both ways; on nginx, what TCP and UDP carried both ways, and HTTP's answers
  4xx, 5xx      answers with such a status, of 100 requests
  refused       answers 403, 429 and 503 of the gateway itself since the last look, and sessions that it did not take

Keys: q quits; o, n, r, b, e and f sort by open, new, requests, bytes, errors and refusals. Without a terminal it prints one
table. With --json it prints whole numbers for one interval that begins and ends with a second of the clock.
"""

import contextlib
import json
import os
import re
import select
import shutil
import signal
import sys
import time
from collections.abc import Iterator
from importlib import import_module
from importlib.util import find_spec
from ipaddress import ip_network
from typing import Any, NamedTuple, Optional

from portway.commands import run
from portway.files import forwards, read
from portway.top_logs import Logs, add_open
from portway.top_sums import (
    BYTES,
    CLIENT_ERRORS,
    NEW,
    OPEN,
    OTHERS,
    REFUSED,
    REQUESTS,
    SERVER_ERRORS,
    Sums,
    name_of,
    weight,
)

USAGE = "usage: portway top [--json] [--seconds N]"
COLUMNS = ("source", "open", "new/s", "req/s", "B/s", "4xx %", "5xx %", "refused", "")
LINE = "%-25s %8s %8s %8s %10s %6s %6s %8s  %s"
KEYS = {"o": OPEN, "n": NEW, "r": REQUESTS, "b": BYTES, "e": SERVER_ERRORS, "f": REFUSED}
# nginx writes each line within a second (lib/nginx/log.ts).
LAG = 1.2
# A chain of the kernel's table, and what its rules dropped.
CHAIN = re.compile(r"chain (blocked|sources) \{(.*?)\n\t\}", re.S)
DROPPED = re.compile(r" counter packets (\d+) .*drop$", re.M)
# A set of a rule that says whom the kernel blocks, and a network in it.
BLOCKED_SET = re.compile(r"saddr @(\w+) counter drop")
NETWORK = re.compile(r"^ +([0-9a-f.:]+[.:][0-9a-f.:/]*)", re.M)


def kernel_drops() -> dict[str, int]:
    """How many packets of clients were dropped so far: by `blocked` and `protect`, by `allowFrom` and `denyFrom`, and by `limits`."""
    drops = {"blocked": 0, "sources": 0, "limits": 0}
    tables = ["portway", "portway_protect"] if find_spec("portway.blocked") else ["portway"]
    for table in tables:
        for name, rules in CHAIN.findall(run("nft", "-t", "list", "table", "inet", table).stdout):
            drops[name] += sum(map(int, DROPPED.findall(rules)))
    if find_spec("portway.kernel_findings"):
        findings = import_module("portway.kernel_findings")
        for tool in ("iptables", "ip6tables"):
            rules = run(f"{tool}-nft-save", "-ct", "filter").stdout
            drops["limits"] += sum(count for _, count in findings.by_limits(rules))
    return drops


def blocked_networks() -> list[Any]:
    """The networks of `blocked`, by the text of the rules."""
    text = read("/etc/portway/nftables.rules")
    chain = re.search(r"chain blocked \{.*?\n  \}", text, re.S)
    names = BLOCKED_SET.findall(chain[0]) if chain else []
    sets = [re.search(rf"set {name} \{{.*?\n  \}}", text, re.S) for name in names]
    return [ip_network(one) for found in sets if found for one in NETWORK.findall(found[0])]


def blocked_offenders() -> set[str]:
    """Sources that `protect` blocks at the moment, on hosts that have it."""
    if not find_spec("portway.blocked"):
        return set()
    is_dry, sources = import_module("portway.blocked").load()
    return set() if is_dry else set(sources)


class Look(NamedTuple):
    """What happened in so many seconds."""

    sums: Sums
    dropped: dict[str, int]
    seconds: float


class Watch:
    """All that can be seen on this host."""

    def __init__(self) -> None:
        listed = forwards()
        self.logs = Logs()
        self.ports = {
            port
            for _, listener, engine, *_ in listed
            if engine == "nginx" and listener.startswith("tcp/")
            for port in ports_of(listener)
        }
        self.blocked = blocked_networks()
        self.offenders = blocked_offenders()
        self.drops = kernel_drops()
        self.flows = None
        if any(engine == "iptables" for _, _, engine, *_ in listed):
            self.flows = import_module("portway.top_flows").Flows()

    def wait(self, until: float, keys: bool = False) -> str:
        """Until a time, while it hears of connections that end. Returns at a key, with it."""
        while (left := until - time.time()) > 0:
            files = ([self.flows.events] if self.flows else []) + ([sys.stdin] if keys else [])
            ready = select.select(files, [], [], left)[0]
            if sys.stdin in ready:
                return os.read(sys.stdin.fileno(), 1).decode("ascii", "replace") or "q"
            if ready and self.flows:
                self.flows.hear()
                # Many are read together.
                time.sleep(min(0.05, max(0, until - time.time())))
        return ""

    def look(self, sums: Sums) -> dict[str, int]:
        """Adds what the kernel knows since the last look. Returns what it dropped since."""
        if self.flows:
            self.flows.look(sums)
        add_open(sums, self.ports)
        self.offenders = blocked_offenders()
        before, self.drops = self.drops, kernel_drops()
        # After a change of rules they begin again.
        return {name: now - before[name] if now >= before[name] else now for name, now in self.drops.items()}

    def lost(self) -> int:
        return self.flows.lost() if self.flows else 0

    def is_blocked(self, source: bytes) -> bool:
        if source == OTHERS:
            return False
        name = name_of(source)
        network = ip_network(name)
        return name in self.offenders or any(
            network.version == one.version and network.overlaps(one) for one in self.blocked
        )


def ports_of(listener: str) -> range:
    first, _, last = listener.partition("/")[2].partition("-")
    return range(int(first), int(last or first) + 1)


def share(part: int, whole: int) -> float:
    return round(100 * part / whole, 1) if whole else 0.0


def ranked(sums: Sums, column: Optional[int]) -> list[tuple[bytes, list[int]]]:
    """The busiest first."""
    listed = [(source, numbers) for source, numbers in sums.by_source.items() if any(numbers)]
    if column is None:
        return sorted(listed, key=weight, reverse=True)
    if column == SERVER_ERRORS:
        return sorted(listed, key=lambda one: one[1][SERVER_ERRORS] + one[1][CLIENT_ERRORS], reverse=True)
    return sorted(listed, key=lambda one: one[1][column or 0], reverse=True)


def report(watch: Watch, look: Look) -> dict[str, Any]:
    def entry(source: bytes, numbers: list[int]) -> dict[str, Any]:
        return {
            "source": name_of(source),
            "open": numbers[OPEN],
            "new": numbers[NEW],
            "requests": numbers[REQUESTS],
            "requests_per_second": round(numbers[REQUESTS] / look.seconds, 1),
            "bytes": numbers[BYTES],
            "bytes_per_second": round(numbers[BYTES] / look.seconds),
            "share_4xx": share(numbers[CLIENT_ERRORS], numbers[REQUESTS]),
            "share_5xx": share(numbers[SERVER_ERRORS], numbers[REQUESTS]),
            "refused": numbers[REFUSED],
            "blocked": watch.is_blocked(source),
        }

    return {
        "seconds": look.seconds,
        "sources": [entry(*one) for one in ranked(look.sums, None)],
        "dropped_packets": look.dropped,
        "uncounted_connections": watch.lost(),
    }


def table(watch: Watch, look: Look, column: Optional[int], rows: int) -> list[str]:
    listed = ranked(look.sums, column)
    dropped = ", ".join(f"{name} {number}" for name, number in look.dropped.items())
    lost = f". Not counted: {watch.lost()} connections" if watch.lost() else ""
    lines = [f"{len(listed)} sources, {look.seconds:.0f} s. Packets dropped by {dropped}{lost}", LINE % COLUMNS]
    for source, numbers in listed[:rows]:
        rates = [f"{numbers[place] / look.seconds:.1f}" for place in (NEW, REQUESTS)]
        errors = [share(numbers[place], numbers[REQUESTS]) for place in (CLIENT_ERRORS, SERVER_ERRORS)]
        note = "blocked" if watch.is_blocked(source) else ""
        size = f"{numbers[BYTES] / look.seconds:.0f}"
        lines.append(LINE % (name_of(source), numbers[OPEN], *rates, size, *errors, numbers[REFUSED], note))
    return [line.rstrip() for line in lines]


def once(seconds: int, as_json: bool) -> None:
    watch, sums = Watch(), Sums()
    start = int(time.time()) + 1
    watch.wait(start)
    # What happened before the first second does not count.
    watch.look(Sums())
    watch.wait(start + seconds)
    drops = watch.look(sums)
    watch.wait(start + seconds + LAG)
    since, until = (time.strftime("%FT%T", time.localtime(moment)) for moment in (start, start + seconds))
    watch.logs.look(sums, since, until)
    if as_json:
        print(json.dumps(report(watch, Look(sums, drops, seconds)), indent=2))
    else:
        print("\n".join(table(watch, Look(sums, drops, seconds), None, sums.most)))


@contextlib.contextmanager
def screen() -> Iterator[None]:
    """A screen of its own, and keys without Enter; as before at the end, whatever ends it."""
    termios, tty = import_module("termios"), import_module("tty")
    before = termios.tcgetattr(sys.stdin)
    try:
        tty.setcbreak(sys.stdin)
        for number in (signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, lambda *_: sys.exit())
        sys.stdout.write("\x1b[?1049h\x1b[?25l")
        yield
    finally:
        sys.stdout.write("\x1b[?25h\x1b[?1049l")
        sys.stdout.flush()
        termios.tcsetattr(sys.stdin, termios.TCSADRAIN, before)


def live(seconds: int) -> None:
    watch = Watch()
    column: Optional[int] = None
    look: Optional[Look] = None
    before = time.time()
    with screen():
        while True:
            # The first table comes soon.
            while key := watch.wait(before + (seconds if look else 1), keys=True):
                if key == "q":
                    return
                column = KEYS.get(key, column)
                if look:
                    draw(watch, look, column)
            sums = Sums()
            drops = watch.look(sums)
            watch.logs.look(sums)
            now = time.time()
            look = Look(sums, drops, max(0.1, now - before))
            before = now
            draw(watch, look, column)


def draw(watch: Watch, look: Look, column: Optional[int]) -> None:
    size = shutil.get_terminal_size()
    lines = table(watch, look, column, size.lines - 3)
    shown = "".join(f"{line[: size.columns]}\x1b[K\n" for line in lines)
    sys.stdout.write(f"\x1b[H{shown}\x1b[J")
    sys.stdout.flush()


def main(words: list[str]) -> None:
    """portway top [--json] [--seconds N]"""
    as_json = "--json" in words
    found = re.fullmatch(r"(?:--seconds ([1-9]\d{0,3}))?", " ".join(word for word in words if word != "--json"))
    if not found:
        sys.exit(USAGE)
    seconds = int(found[1] or (5 if as_json else 2))
    with contextlib.suppress(KeyboardInterrupt):
        if as_json or not (sys.stdin.isatty() and sys.stdout.isatty()):
            once(seconds, as_json)
        else:
            live(seconds)
