"""A cheap look at what others may change on this host, which decides whether `portway reconcile` should look closely.

It starts no process and compares no content: one question to the kernel, and the times of files. So the resident
service can ask every 2 s. To save memory, it imports nothing large, such as typing.
"""

from __future__ import annotations

import os
import socket
import struct
import time

GOOD = "/var/lib/portway/good"
PAUSED = "/run/portway/paused"
# The record of repairs: see reconcile.py.
RECORD = "/var/lib/portway/reconciled"
UNITS = "/etc/systemd/system"
# What changes when a unit is enabled, disabled or masked.
UNIT_FOLDERS = [
    UNITS,
    "/run/systemd/system",
    *(f"{UNITS}/{target}.target.wants" for target in ("multi-user", "sysinit", "timers")),
]
CERTIFICATES = "/etc/portway/tls"
TRACKING = "net.netfilter.nf_conntrack_max"
# The shortest and the longest time between two close looks, in seconds. The longest one finds what cannot be seen here.
GAP, NET = 2.0, 30.0

NETLINK_NETFILTER = 12
# struct nlmsghdr: length, NFNL_SUBSYS_NFTABLES and NFT_MSG_GETGEN, NLM_F_REQUEST, sequence, port; then an empty struct nfgenmsg.
GETGEN = struct.pack("=IHHIIBBH", 20, 10 << 8 | 16, 1, 1, 0, 0, 0, 0)
NEWGEN = 10 << 8 | 15


def generation_of(answer: bytes) -> bytes:
    """The generation in an answer to GETGEN: its first attribute, NFTA_GEN_ID. Empty for other answers."""
    if len(answer) < 28 or struct.unpack_from("=H", answer, 4)[0] != NEWGEN:
        return b""
    return answer[24:28]


def rules_generation() -> bytes:
    """A counter that the kernel increases with each change of nf_tables in this network namespace; empty if there is
    none."""
    try:
        with socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, NETLINK_NETFILTER) as kernel:
            kernel.settimeout(1)
            kernel.send(GETGEN)
            return generation_of(kernel.recv(4096))
    except OSError:
        return b""


def stamp(path: str) -> tuple[int, ...] | None:
    """A value that changes when the file does; None if there is no file."""
    try:
        found = os.stat(path)
    except OSError:
        return None
    return found.st_ino, found.st_mtime_ns, found.st_size, found.st_mode, found.st_uid


def read(path: str) -> str:
    try:
        with open(path) as file:
            return file.read()
    except (OSError, ValueError):
        return ""


def names(folder: str) -> list[str]:
    try:
        return sorted(os.listdir(folder))
    except OSError:
        return []


def files_of(tree: str) -> list[str]:
    """The files of a tree by their paths on the host."""
    return sorted(f"{folder}/{name}"[len(tree) :] for folder, _, found in os.walk(tree) for name in found)


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
        self.has_rules = any(path.endswith("/rules.py") for path in self.files)
        self.has_nginx = "/etc/nginx/nginx.conf" in self.files

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

    def is_due(self, now: float, differs: bool, was_wrong: bool = False) -> bool:
        """`was_wrong`: whether the last look found something to put right."""
        if was_wrong:
            self.gap = GAP
        waited = now - self.last
        if waited < (self.gap if differs else NET):
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

    def changed(self) -> bool:
        """Whether `portway reconcile` is due: something has changed since this was last true, or half a minute has
        passed. At most every 2 s. The first call is always true. Without a good tree it is never true."""
        if self.tree is None or self.tree.stamp != stamp(GOOD):
            self.tree = Tree()
        if self.tree.stamp is None:
            return False
        look, record = self.tree.look(), stamp(RECORD)
        was_wrong, self.record = record != self.record, record
        if not self.pace.is_due(time.monotonic(), look != self.seen, was_wrong):
            return False
        self.seen = look
        return True


changed = Fingerprint().changed
