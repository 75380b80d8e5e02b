"""A cheap look at what others may change on this host, which decides whether `portway reconcile` should look closely.

It compares no content: every 2 s one question to the kernel, and the times of files; every 30 s what takes longer to
ask. A close look costs a hundred times as much. To save memory, this imports nothing large, such as typing or socket.
"""

from __future__ import annotations

import _socket
import os
import struct
import time

from portway.commands import run
from portway.files import read
from portway.paths import GOOD, RECORD, SUMS

PAUSED = "/run/portway/paused"
UNITS = "/etc/systemd/system"
# What changes when a unit is enabled, disabled or masked.
UNIT_FOLDERS = [
    UNITS,
    "/run/systemd/system",
    *(f"{UNITS}/{target}.target.wants" for target in ("multi-user", "sysinit", "timers")),
]
CERTIFICATES = "/etc/portway/tls"
TRACKING = "net.netfilter.nf_conntrack_max"
# The address from which nginx connects to applications on this host: see host.d/nginx.sh.
SOURCE = "169.254.80.80"
# In seconds: the shortest time between two close looks; the longest one while something is wrong, and between two
# questions to other programs; the longest one on a quiet host, in case something cannot be seen here.
GAP, NET, LONGEST = 2.0, 30.0, 300.0

AF_NETLINK, NETLINK_ROUTE, NETLINK_NETFILTER = 16, 0, 12
# struct nlmsghdr: length, NFNL_SUBSYS_NFTABLES and NFT_MSG_GETGEN, NLM_F_REQUEST, sequence, port; then an empty struct nfgenmsg.
GETGEN = struct.pack("=IHHIIBBH", 20, 10 << 8 | 16, 1, 1, 0, 0, 0, 0)
NEWGEN = 10 << 8 | 15
# RTM_GETRULE, NLM_F_REQUEST and NLM_F_DUMP; then an empty struct fib_rule_hdr, for both IP versions.
GETRULES = struct.pack("=IHHII12x", 28, 34, 0x301, 1, 0)
DONE = 3


def generation_of(answer: bytes) -> bytes:
    """The generation in an answer to GETGEN: its first attribute, NFTA_GEN_ID. Empty for other answers."""
    if len(answer) < 28 or struct.unpack_from("=H", answer, 4)[0] != NEWGEN:
        return b""
    return answer[24:28]


def rules_generation() -> bytes:
    """A counter that the kernel increases with each change of nf_tables in this network namespace; empty if there is
    none."""
    answers = ask_kernel(NETLINK_NETFILTER, GETGEN)
    return generation_of(answers[0]) if answers else b""


def ask_kernel(family: int, question: bytes) -> list[bytes]:
    """The messages that answer; none if the kernel cannot answer."""
    found: list[bytes] = []
    kernel = _socket.socket(AF_NETLINK, _socket.SOCK_RAW, family)
    try:
        kernel.settimeout(1)
        kernel.send(question)
        while True:
            data = kernel.recv(65536)
            while data:
                size, kind, flags = struct.unpack_from("=IHH", data)
                # NLM_F_MULTI: more follow.
                if kind == DONE or not flags & 2:
                    return found if kind == DONE else [data]
                found.append(data[:size])
                data = data[size + 3 & ~3 :]
    except (OSError, struct.error):
        return []
    finally:
        kernel.close()


def routing_rules() -> list[bytes]:
    """The host's routing rules, as the kernel writes them. Without the headers, which name the asking socket."""
    return [message[16:] for message in ask_kernel(NETLINK_ROUTE, GETRULES)]


def has_address(address: str) -> bool:
    try:
        # Closed as soon as it is dropped.
        _socket.socket(_socket.AF_INET, _socket.SOCK_DGRAM).bind((address, 0))
        return True
    except OSError:
        return False


def states_of(units: list[str]) -> str:
    """What systemd says of units, in words."""
    return run("systemctl", "is-active", *units).stdout if units else ""


def stamp(path: str) -> tuple[int, ...] | None:
    """A value that changes when the file does, whatever its other times say; None if there is no file."""
    try:
        found = os.stat(path)
    except OSError:
        return None
    return found.st_ino, found.st_ctime_ns, found.st_size, found.st_mode, found.st_uid


def names(folder: str) -> list[str]:
    try:
        return sorted(os.listdir(folder))
    except OSError:
        return []


def files_of(tree: str) -> list[str]:
    """The files of a tree by their paths on the host. Its sums stay in the tree."""
    found = (f"{folder}/{name}"[len(tree) :] for folder, _, names in os.walk(tree) for name in names)
    return sorted(path for path in found if path != SUMS)


def settings_of(text: str) -> dict[str, str]:
    """The settings of a file of sysctl.d."""
    pairs = [line.lstrip("-").split("=", 1) for line in text.splitlines() if "=" in line and line[:1] not in "#;"]
    return {name.strip(): " ".join(value.split()) for name, value in pairs}


def setting(name: str) -> str:
    """A sysctl of the running kernel; empty if there is none."""
    return " ".join(read("/proc/sys/" + name.replace(".", "/")).split())


# Seconds.
LONGEST_PAUSE = 24 * 3600


def paused_until() -> int:
    """When `portway pause` ends, in seconds since 1970; 0 without a pause."""
    text = read(PAUSED).strip()
    until = int(text) if text.isdigit() else 0
    # Later than a pause can end, so the clock was wrong when it began.
    return until if 0 < until - time.time() <= LONGEST_PAUSE else 0


def started(pid: str) -> str:
    """When a process started, in ticks since boot; empty if it has ended."""
    # Field 22. The second field is the program's name in parentheses, which may contain anything.
    fields = read(f"/proc/{pid}/stat").rpartition(") ")[2].split(" ")
    return fields[19] if len(fields) > 19 else ""


class Tree:
    """The good tree, which says what to look at on the host."""

    def __init__(self) -> None:
        self.stamp = stamp(GOOD)
        self.files = files_of(GOOD)
        texts = [read(GOOD + path) for path in self.files if path.startswith("/etc/sysctl.d/")]
        self.settings = [*(name for text in texts for name in settings_of(text)), TRACKING]
        services = [path for path in self.files if path.startswith(UNITS) and path.endswith(".service")]
        # Those that come and go say nothing.
        self.services = [path for path in services if "\nType=oneshot" not in read(GOOD + path)]
        self.timers = [os.path.basename(path) for path in self.files if path.endswith(".timer")]
        self.has_rules = any(path.endswith(("/rules.py", "/heads.nft")) for path in self.files)
        self.has_nginx = "/etc/nginx/nginx.conf" in self.files

    def ask(self) -> list[object]:
        """What takes longer to find out. Equal to the last value unless something has changed."""
        good = [stamp(GOOD + path) for path in self.files]
        return [good, routing_rules(), states_of(self.timers), self.has_nginx and has_address(SOURCE)]

    def look(self) -> list[object]:
        """Equal to the last value unless something has changed."""
        found: list[object] = [stamp(path) for path in (*self.files, *UNIT_FOLDERS)]
        found += [setting(name) for name in self.settings]
        # A running service has a cgroup folder.
        found += [os.path.exists(f"/sys/fs/cgroup/system.slice/{os.path.basename(path)}") for path in self.services]
        if self.has_rules:
            found.append(rules_generation())
        if self.has_nginx:
            found.append(started(read("/run/nginx.pid").strip()))
            found += [(name, stamp(f"{CERTIFICATES}/{name}")) for name in names(CERTIFICATES)]
        return found


class Pace:
    """When a close look is due. Programs that write all the time, but nothing wrong, must not cost a look every 2 s, so
    the gap grows meanwhile."""

    def __init__(self) -> None:
        self.last = float("-inf")
        self.gap = GAP

    def is_due(self, now: float, differs: bool, was_wrong: bool = False, is_right: bool = True) -> bool:
        """`was_wrong`: whether the last look found something to put right. `is_right`: whether it is right since."""
        if was_wrong:
            self.gap = GAP
        waited = now - self.last
        if waited < (self.gap if differs else LONGEST if is_right else NET):
            return False
        self.gap = min(2 * self.gap, NET) if waited < 2 * self.gap else GAP
        self.last = now
        return True


class Fingerprint:
    def __init__(self) -> None:
        self.tree: Tree | None = None
        self.seen: list[object] = []
        self.record: tuple[int, ...] | None = None
        self.pace = Pace()
        self.asked = float("-inf")
        self.answers: list[object] = []

    def changed(self, is_right: bool = True) -> bool:
        """Whether `portway reconcile` is due: something has changed since this was last true, or much time has passed.
        At most every 2 s. The first call is always true. Without a good tree, and during a pause, it is never true.

        :param is_right: whether the last `portway reconcile` succeeded
        """
        if self.tree is None or self.tree.stamp != stamp(GOOD):
            self.tree, self.asked = Tree(), float("-inf")
        if self.tree.stamp is None or paused_until():
            return False
        now = time.monotonic()
        if now - self.asked >= NET:
            self.asked, self.answers = now, self.tree.ask()
        look, record = [*self.tree.look(), *self.answers], stamp(RECORD)
        was_wrong, self.record = record != self.record, record
        if was_wrong:
            # What was seen before a repair is wrong. The same change might come again before the next look.
            self.seen = []
        if not self.pace.is_due(now, look != self.seen, was_wrong, is_right):
            return False
        self.seen = look
        return True


changed = Fingerprint().changed
