"""Blocks sources that offend. On hosts with `protect`; run by portway-protect.service.

nginx tells each offence by a datagram of its own (lib/nginx/protect.ts), in which nothing comes from clients but their
address. The kernel drops what blocked sources send, by sets with timeouts in a table of their own (protect.nft). Behind
trusted proxies, packets have the proxies' address: there nginx looks for a file with the client's, and refuses alone.

/etc/portway/protect holds the settings, a word and its value a line; /var/lib/portway/protect who is blocked, for `portway
blocked` and the next boot.
"""

import _socket
import contextlib
import os
import pwd
import select
import sys
import time

from portway.commands import run
from portway.files import forget, read, replace
from portway.offenders import OPEN, WINDOWS, Block, Offenders, source_of, value_of

SETTINGS = "/etc/portway/protect"
RULES = "/etc/portway/protect.nft"
STATE = "/var/lib/portway/protect"
LOG = "/var/log/portway/protect.log"
FOLDER = "/run/portway-protect"
# Only nginx's workers and root may write to the first, and only root to the second.
OFFENCES, CONTROL = f"{FOLDER}/offences", f"{FOLDER}/control"
FILES = f"{FOLDER}/blocked"
TABLE = "inet portway_protect"
# How often the table is looked for, and who floods, in seconds.
LOOK, FLOODS = 15, 2


def offence(message: bytes) -> tuple[str, str, bool]:
    """Address and kind of the offence that nginx tells, and whether a proxy named the address. ValueError: it is something else."""
    kind, *peer, address = message.decode().partition("portway: ")[2].split(" ")
    if kind not in WINDOWS:
        raise ValueError(f"no kind: {kind}")
    value_of(address)
    # `unix:`: nginx itself, which tells TLS forwards on one port apart. `proxy`: the same, for a client that a proxy named.
    return address, kind, peer not in ([], [address], ["unix:"])


def names(source: str) -> list[str]:
    """The names of the files by which nginx finds a source: for IPv6 every way to write the start of its addresses. See $portway_source."""
    if not source.endswith("/64"):
        return [source]
    groups = [f"{value_of(source[:-3])[1] >> shift & 0xFFFF:x}" for shift in (112, 96, 80, 64)]
    found = [":".join(groups) + ":"]
    for start in range(4):
        for end in range(start + 1, 5):
            if set(groups[start:end]) == {"0"}:
                rest = groups[end:]
                found.append(":".join(groups[:start]) + "::" + "".join(f"{group}:" for group in rest))
    return found


def elements(blocked: dict[str, Block], now: float) -> str:
    """Lines for nft that put sources into the sets, whether they are there or not. None for those whom a proxy named: only nginx refuses
    them, since what comes from the address itself may be somebody else's."""
    lines = []
    for source, block in blocked.items():
        if block.named:
            continue
        name, key = (f"{TABLE} blocked_v6", source[:-3]) if source.endswith("/64") else (f"{TABLE} blocked_v4", source)
        left = max(1, int(block.until - now))
        lines += [f"add element {name} {{ {key} }}", f"delete element {name} {{ {key} }}"]
        lines.append(f"add element {name} {{ {key} timeout {left}s }}")
    return "".join(f"{line}\n" for line in lines)


def removals(source: str) -> str:
    name, key = (f"{TABLE} blocked_v6", source[:-3]) if source.endswith("/64") else (f"{TABLE} blocked_v4", source)
    return f"add element {name} {{ {key} }}\ndelete element {name} {{ {key} }}\n"


def flooding(listing: str) -> dict[str, int]:
    """How many open connections each source in a set `open_v4` or `open_v6` has."""
    found: dict[str, int] = {}
    _, _, elements = listing.partition("elements = {")
    for element in elements.split(","):
        address, _, rest = element.partition(" . ")
        if rest:
            source = source_of(address.strip())
            found[source] = found.get(source, 0) + 1
    return found


def stamp(*paths: str) -> list[int]:
    """Changes with the files."""
    return [os.stat(path).st_mtime_ns for path in paths]


class Service:
    def __init__(self) -> None:
        self.settings: dict[str, list[str]] = {}
        self.offenders = Offenders({}, [])
        # Only report.
        self.is_dry = False
        self.seen: list[int] = []
        self.written = self.looked = self.listed = 0.0
        self.changed = False

    def configure(self) -> None:
        """Reads the settings and loads the table anew. Who is blocked stays blocked, unless the settings forbid it."""
        now = time.time()
        self.seen = stamp(SETTINGS, RULES)
        self.settings = {}
        for line in read(SETTINGS).splitlines():
            word, value = line.split()
            self.settings.setdefault(word, []).append(value)
        self.is_dry = "dry-run" in self.settings
        saved = self.offenders.save() or read(STATE)
        self.offenders = Offenders(
            {kind: int(self.settings.get(kind, ["0"])[0]) for kind in WINDOWS}, self.settings["never"]
        )
        self.offenders.restore(saved, now)
        self.load(now)
        self.changed = True

    def load(self, now: float) -> None:
        """The table and nginx's files, from the start."""
        text = read(RULES)
        for family, mark in ((4, "."), (6, ":")):
            some = ", ".join(one for one in self.settings["never"] if mark in one)
            if some:
                text += f"add element {TABLE} never_v{family} {{ {some} }}\n"
        done = run("nft", "-f", "-", text=text)
        if done.returncode:
            self.tell(f"the table could not be loaded: {' '.join(done.stderr.split())}")
        os.makedirs(FILES, exist_ok=True)
        for name in os.listdir(FILES):
            forget(f"{FILES}/{name}")
        self.enforce(self.offenders.blocked(now), now)

    def enforce(self, blocked: dict[str, Block], now: float) -> None:
        if self.is_dry or not blocked:
            return
        done = run("nft", "-f", "-", text=elements(blocked, now))
        if done.returncode:
            self.tell(f"the kernel does not block: {' '.join(done.stderr.split())}")
        for source in blocked:
            for name in names(source) if "proxied" in self.settings else []:
                open(f"{FILES}/{name}", "w").close()
            # Flows in the flow table pass the rules by. They come back as new ones, which are dropped.
            if "flows" in self.settings and not blocked[source].named:
                run("conntrack", "-D", "-f", "ipv6" if ":" in source else "ipv4", "-s", source)

    def note(self, offences: list[tuple[str, str, bool]]) -> None:
        now = time.time()
        found = {}
        for address, kind, named in offences:
            with contextlib.suppress(ValueError):
                source = self.offenders.note(address, kind, now, named)
                if source:
                    found[source] = self.offenders.known[source]
        self.apply(found, now)

    def list_floods(self) -> None:
        """Blocks whoever opens connections too fast and has many of them: see lib/kernel/protect.ts."""
        now = time.time()
        found = {}
        least = min(max(OPEN[0], 2 * int(self.settings["connections"][0])), OPEN[1])
        for name in ("open_v4", "open_v6"):
            for source, number in flooding(run("nft", "list", "set", *TABLE.split(), name).stdout).items():
                if number >= least and self.offenders.block(source, "connections", number, now):
                    found[source] = self.offenders.known[source]
        self.apply(found, now)

    def apply(self, found: dict[str, Block], now: float) -> None:
        """Enforces and tells new blocks."""
        if not found:
            return
        self.changed = True
        self.enforce(found, now)
        for source, block in found.items():
            seconds = int(block.until - block.since)
            what = "would block" if self.is_dry else "blocked"
            self.tell(f"{what} {source} for {seconds} s: {block.number} {block.reason}")

    def forgive(self, words: list[str]) -> None:
        """portway unblock ADDRESS"""
        with contextlib.suppress(ValueError):
            source = source_of(words[-1])
            # The kernel still blocks one that was let go.
            run("nft", "-f", "-", text=removals(source))
            for name in names(source):
                forget(f"{FILES}/{name}")
            if self.offenders.forgive(source):
                self.tell(f"unblocked {source}")
            self.changed = True
            self.written = 0

    def tell(self, what: str) -> None:
        line = f"{time.strftime('%FT%TZ', time.gmtime())} {what}"
        print(line, flush=True)
        # A full disk must not end the service.
        with contextlib.suppress(OSError), open(LOG, "a") as log:
            log.write(f"{line}\n")

    def write(self) -> None:
        now = time.time()
        self.offenders.tidy(now)
        blocked = self.offenders.blocked(now)
        # What nginx still looks for although it is over, or was let go.
        for name in set(os.listdir(FILES)) - {name for source in blocked for name in names(source)}:
            forget(f"{FILES}/{name}")
        with contextlib.suppress(OSError):
            replace(STATE, ("dry-run\n" if self.is_dry else "") + self.offenders.save())
        self.changed = False
        self.written = time.monotonic()

    def step(self, offences: _socket.socket, control: _socket.socket) -> None:
        """Waits for offences for a second at most, and does what they ask for."""
        ready, _, _ = select.select([offences, control], [], [], 1)
        if offences in ready:
            found = []
            # Not for ever, however many come.
            with contextlib.suppress(BlockingIOError):
                for _ in range(2000):
                    with contextlib.suppress(ValueError):
                        found.append(offence(offences.recv(400)))
            self.note(found)
        if control in ready:
            self.forgive(control.recv(400).decode(errors="replace").split() or [""])
        now = time.monotonic()
        if stamp(SETTINGS, RULES) != self.seen:
            self.configure()
        if "connections" in self.settings and now - self.listed > FLOODS:
            self.listed = now
            self.list_floods()
        if now - self.looked > LOOK:
            self.looked = now
            # Somebody may have flushed all rules.
            if run("nft", "list", "chain", *TABLE.split(), "blocked").returncode:
                self.tell("the table was gone and is loaded again")
                self.load(time.time())
            self.changed = True
        # The more there are, the more rarely.
        if self.changed and now - self.written > len(self.offenders.known) / 500:
            self.write()


def ended() -> None:
    """After the service has ended: takes everything away unless it will start again, now or at the next boot."""
    if run("systemctl", "is-enabled", "-q", "portway-protect").returncode:
        run("nft", "delete", "table", *TABLE.split())
        forget(STATE)
        for name in os.listdir(FILES):
            forget(f"{FILES}/{name}")


def listen(path: str, group: int) -> _socket.socket:
    forget(path)
    one = _socket.socket(_socket.AF_UNIX, _socket.SOCK_DGRAM | _socket.SOCK_NONBLOCK)
    mask = os.umask(0o177)
    one.bind(path)
    os.umask(mask)
    os.chown(path, -1, group)
    os.chmod(path, 0o660)
    return one


def main(words: list[str]) -> None:
    if words == ["ended"]:
        ended()
        return
    if words:
        sys.exit("usage: portway protect")
    os.makedirs(FOLDER, mode=0o755, exist_ok=True)
    service = Service()
    service.configure()
    control = listen(CONTROL, 0)
    offences = listen(OFFENCES, pwd.getpwnam(service.settings["user"][0]).pw_gid)
    programs = [__file__, sys.modules[Offenders.__module__].__file__ or ""]
    running = stamp(*programs)
    while stamp(*programs) == running:
        service.step(offences, control)
    # The unit starts the changed program.
    service.write()
    sys.exit(75)
