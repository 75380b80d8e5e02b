"""The rules in the kernel: applied as a whole, read back, and taken back as a whole if anything fails.

DIR (default /etc/portway) holds the rules in three parts, which are processed in parallel. A missing file counts as
empty.

  iptables.rules, ip6tables.rules   text for iptables-restore with our own chains only (PORTWAY-*). A line
`#portway-hook CHAIN ...`
                                    is a jump to such a chain; it must exist once, before the rules of others in that
built-in
                                    chain. `#portway-health CHAIN` names a chain whose rules the health service owns
while one of
                                    its targets is out.
  nftables.rules                    the table `inet portway`, text for nft

Rules, chains and tables of others are never touched.

  try [DIR]     tries the rules in empty network namespaces; those of the host stay as they are
  apply [DIR]   makes the host's rules those of DIR
  check [DIR]   fails, with the difference, unless the host's rules are those of DIR
  restore       puts back the rules that were proved last, as many as the kernel accepts; for the unit at boot
  remove        removes all rules of Portway
"""

import importlib.util
import os
import re
import sys
import time
from collections.abc import Sequence
from typing import Any, Callable, Generic, Optional, TypeVar

from portway.commands import Process, run
from portway.files import read
from portway.rulesets import Ruleset, parse, plan, plan_nftables

USAGE = "usage: portway rules try|apply|check [DIR] | restore | remove"
GOOD = "/var/lib/portway/good"
PROVED = f"{GOOD}/etc/portway"
SUMS = f"{GOOD}/var/lib/portway/sums"
# What the kernel made of the rules that were last tried since boot: one file for each part.
TRIED = "/run/portway-tried."

State = TypeVar("State")


class RulesError(Exception):
    """Rules that the kernel refused, or that are not as wanted."""

    pass


class Part(Generic[State]):
    """The rules that one tool loads: those in the file (`source`), the same as the kernel prints them (`wanted`), and
    those of the host."""

    def __init__(self, name: str, load: str, show: str, folder: str, parse: Callable[[str], State]):
        self.name, self.load, self.show = name, load.split(), show.split()
        self.parse = parse
        self.text = read(f"{folder}/{name}.rules")
        self.source = self.wanted = self.current = parse("")
        # The last input, by line number.
        self.lines: list[str] = []

    def plan(self, current: State) -> str:
        raise NotImplementedError

    def start_listing(self) -> Process:
        return Process(*self.show)

    def end_listing(self, process: Process) -> State:
        """A missing tool, or a table that does not exist, means no rules."""
        return self.parse(process.communicate()[0])

    def start_loading(self, text: str) -> Process:
        self.lines = ["", *text.splitlines(), ""]
        return Process(*self.load, text=text)

    def start_trial(self, versions: str) -> Optional[Process]:
        """Loads the rules in an empty network namespace and reads them back from the kernel. `iptables-restore --test`
        never asks the kernel, and accepts jumps to missing chains, loops and wrong tables. Does nothing if the same
        rules were tried before."""
        self.key = versions + self.text
        key, _, self.printed = read(TRIED + self.name).partition("\0")
        text = re.sub("^#portway-hook", "-A", self.text, flags=re.M)
        self.lines = ["", *text.splitlines(), ""]
        if not self.text or key == self.key:
            return None
        script = 'n=$(%s 2>&1) || { echo "$n" >&2; exit 1; }; %s' % (" ".join(self.load), " ".join(self.show))
        return Process("unshare", "-n", "sh", "-c", script, text=text)

    def end_trial(self, process: Optional[Process]) -> None:
        self.source = self.parse(self.text)
        if process:
            self.printed = self.output_of(process)
            with open(TRIED + self.name, "w") as file:
                file.write(f"{self.key}\0{self.printed}")
        self.wanted = self.parse(self.printed if self.text else "")

    def output_of(self, process: Process) -> str:
        """@raise RulesError with the refused line, since iptables-restore only prints its number"""
        output, error = process.communicate()
        if process.returncode == 0:
            return output
        numbers = re.findall(r"line:? (\d+)", error)
        if numbers and self.name != "nftables":
            error += f"{self.name} refused: {self.lines[int(numbers[-1])]}"
        missing = missing_modules(error)
        if missing:
            error += f"\nnot in this kernel ({os.uname().release}): {' '.join(missing)}"
        raise RulesError(f"{self.name}: {error}")

    def restore_tables(self) -> None:
        """Loads each table separately, and skips those that the kernel refuses. nft has only one table."""
        return


class Nftables(Part[str]):
    def __init__(self, folder: str):
        super().__init__("nftables", "nft -f -", "nft -s list table inet portway", folder, str)

    def plan(self, current: str) -> str:
        return plan_nftables(current, self.wanted, self.source)


class Iptables(Part[Ruleset]):
    def __init__(self, name: str, folder: str):
        super().__init__(name, f"{name}-nft-restore --noflush", f"{name}-nft-save", folder, parse)
        self.health_chains = set(re.findall("^#portway-health (.*)", self.text, re.M))

    def start_trial(self, versions: str) -> Optional[Process]:
        stray = re.search(r"^(?!#|\*|:PORTWAY-|-A PORTWAY-|COMMIT$).+", self.text, re.M)
        if stray:
            raise RulesError(f"not a rule of an own chain: {stray[0]}")
        return super().start_trial(versions)

    def plan(self, current: Ruleset) -> str:
        return plan(current, self.wanted, self.source, self.health_chains)

    def restore_tables(self) -> None:
        self.wanted = self.source
        for table in self.plan(self.end_listing(self.start_listing())).split("COMMIT\n"):
            self.start_loading(f"{table}COMMIT\n").communicate()


AnyPart = Part[Any]


def prepare(parts: Sequence[AnyPart]) -> None:
    """Tries the wanted rules, and lists those of the host."""
    listings = [part.start_listing() for part in parts]
    versions = "".join(process.communicate()[0] for process in [Process("iptables", "-V"), Process("nft", "-v")])
    # With rules of both kinds in one kernel, nobody could tell which of them a packet meets.
    if "legacy" in versions:
        raise RulesError(f"iptables must be the nf_tables variant, got: {versions}")
    trials = [part.start_trial(versions) for part in parts]
    for part, listing, trial in zip(parts, listings, trials):
        part.current = part.end_listing(listing)
        part.end_trial(trial)


def commit(changes: Sequence[tuple[AnyPart, str]]) -> None:
    """Loads all changes in parallel, and raises what was refused."""
    refused = []
    for part, process in [(part, part.start_loading(change)) for part, change in changes]:
        try:
            part.output_of(process)
        except RulesError as error:
            refused.append(str(error))
    if refused:
        raise RulesError("\n".join(refused))


def prove(parts: Sequence[AnyPart]) -> None:
    """Fails unless the host's rules are the wanted ones. To be called after all transactions: rules listed during one
    may appear twice. Other programs may write rules in between too, so this looks again before it fails."""
    for pause in (0.05, 0.2, 0):
        listings = [(part, part.start_listing()) for part in parts]
        missing = [(part, part.plan(part.end_listing(listing))) for part, listing in listings]
        wrong = [
            f"{part.name} is not as wanted; this would put it right:\n{change}" for part, change in missing if change
        ]
        if not wrong:
            return
        time.sleep(pause)
    raise RulesError("\n".join(wrong))


def apply(parts: Sequence[AnyPart]) -> None:
    prepare(parts)
    changes = [(part, change) for part in parts if (change := part.plan(part.current))]
    try:
        commit(changes)
        size_tracking()
        prove([part for part, _ in changes])
    except RulesError:
        undo([part for part, _ in changes])
        raise
    # Only hosts with forwards of other protocols than TCP have this module.
    if importlib.util.find_spec("portway.flush_conntrack"):
        importlib.import_module("portway.flush_conntrack").flush_changed(
            [(part.name, part.current, part.wanted, change) for part, change in changes]
        )


def undo(parts: Sequence[AnyPart]) -> None:
    """Each part has its own transactions, so those that succeeded before the failure are taken back."""
    for part in parts:
        part.wanted = part.source = part.current
        try:
            commit([(part, part.plan(part.end_listing(part.start_listing())))])
        except RulesError as error:
            print("portway rules: the rules from before could not be put back:", error, file=sys.stderr)


def check(parts: Sequence[AnyPart]) -> None:
    prepare(parts)
    prove(parts)


def restore(parts: Sequence[AnyPart]) -> None:
    """At boot each rule counts: one that this kernel no longer accepts must not cost the others. So each part may fail
    on its own, and then each table."""
    wrong = []
    for part in parts:
        try:
            prepare([part])
            commit([(part, part.plan(part.current))])
            prove([part])
        except RulesError as error:
            wrong.append(str(error))
            part.restore_tables()
    # Before the first connection. Earlier in the boot these settings do not exist.
    run("sysctl", "-qp", "/etc/sysctl.d/90-portway-tracking.conf")
    size_tracking()
    if wrong:
        raise RulesError("\n".join(wrong))


def size_tracking() -> None:
    """Lets the kernel track one connection for each 16 KiB of memory, and never fewer than before. A full table takes 3
    % of the memory. For 1 GiB the kernel itself chooses 8,192: it does not know that tracking is this host's purpose.
    """
    size = tracking_size()
    for name in ("buckets", "max"):
        if int(read(f"/proc/sys/net/netfilter/nf_conntrack_{name}") or size) < size:
            run("sysctl", "-qw", f"net.netfilter.nf_conntrack_{name}={size}")


def tracking_size() -> int:
    memory = re.search(r"MemTotal: +(\d+)", read("/proc/meminfo"))
    return min(int(memory[1] if memory else 0) // 16, 1 << 20)


def missing_modules(rule: str) -> list[str]:
    """The modules that a refused rule may need and that this kernel has neither built in nor as files. The kernel
    requests them by these names."""
    if not os.path.isdir(f"/lib/modules/{os.uname().release}"):
        return []
    needed = [f"ipt_{word}" for word in re.findall(r"-[mj] (?!PORTWAY|ACCEPT|DROP|RETURN|comment)(\w+)", rule)]
    needed += ["nft_" + word.replace("fib", "fib_inet") for word in re.findall(r"\b(fib|ct|queue) ", rule)]
    missing = [name for name in dict.fromkeys(needed) if run("modprobe", "-nq", name).returncode]
    return [name.replace("ipt_", "xt_") for name in missing]


def parts_of(folder: str) -> list[AnyPart]:
    parts: list[AnyPart] = [Iptables("iptables", folder), Iptables("ip6tables", folder), Nftables(folder)]
    # A kernel without IPv6 has nothing to forward in that IP version, and must not fail the other.
    if not os.path.isdir("/proc/sys/net/ipv6"):
        del parts[1]
    return parts


def proved_folder() -> str:
    """The rules that were proved last. Damaged ones would leave the host with no rules or only some; those in /etc are
    the same until a change is tried."""
    if not os.path.exists(SUMS):
        return PROVED
    whole = run("-C", GOOD, "sha256sum", "--quiet", "--strict", "-c", SUMS)
    return "/etc/portway" if whole.returncode else PROVED


def main(words: list[str]) -> None:
    mode, folder = [*words, "", ""][:2]
    modes = {"try": prepare, "check": check, "apply": apply, "restore": restore, "remove": apply}
    if mode not in modes:
        sys.exit(USAGE)
    if mode == "restore" and not os.path.isdir(PROVED):
        return
    folder = folder or "/etc/portway"
    if mode == "restore":
        folder = proved_folder()
    elif mode == "remove":
        folder = "/nonexistent"
    try:
        modes[mode](parts_of(folder))
    except RulesError as error:
        sys.exit(f"portway rules: {error}")
