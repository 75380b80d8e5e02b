"""The flow table, in which the kernel carries established flows past all rules. On hosts that forward to other hosts.

portway flows           loads the table, with all devices. Flows that were in it pass all rules once more, and come back
                        unless a rule drops them. So this is also for people who have forbidden something by rules of
                        their own.
portway flows devices   adds devices that are new; for udev
"""

import os
import re
import sys

from portway.commands import run
from portway.files import read

TABLE = "/etc/portway/flows.nft"
# Why the table could not be loaded; empty if it could.
WHY = "/run/portway-flows"
# Loaded on demand, under these names.
MODULES = ("nf_flow_table_inet", "nft_flow_offload")
# A device in a line of `ip -o link` that may carry a flow. Not the ports of a bridge: their packets arrive at the bridge.
DEVICE = re.compile(r"^\d+: ([^\s:@]+)\S* <(?!LOOPBACK)(?!.* master )", re.M)


def devices() -> list[str]:
    found: list[str] = DEVICE.findall(run("ip", "-o", "link").stdout)
    return found


def load(table: str) -> str:
    """Loads the table with all devices, which it may have already, in one transaction. Returns why it failed."""
    for _ in range(3):
        # Names are quoted, since some are words of nft.
        names = ", ".join(f'"{name}"' for name in devices())
        flowtable = f"{{ hook ingress priority filter; devices = {{ {names} }}; counter; }}"
        done = run("nft", "-f", "-", text=f"{table}add flowtable inet portway_flows fast {flowtable}\n")
        # A device may have vanished after it was listed, and nft then refuses all.
        if not done.returncode:
            return ""
    missing = [name for name in MODULES if run("modprobe", "-q", name).returncode]
    return f"not in kernel {os.uname().release}: {' '.join(missing)}" if missing else " ".join(done.stderr.split())


def listing() -> str:
    """The flow table in the kernel; empty if it is not there."""
    return run("nft", "list", "flowtable", "inet", "portway_flows", "fast").stdout


def count() -> int:
    """How many flows the kernel carries past the rules."""
    return sum(run("conntrack", "-L", "-f", family).stdout.count("[OFFLOAD]") for family in ("ipv4", "ipv6"))


def collect() -> list[str]:
    """For `portway status`."""
    table = listing()
    if not table:
        return [f"no flow is carried past the rules: {read(WHY) or 'the flow table was removed (portway flows)'}"]
    missing = set(devices()) - set(re.findall(r'[^\s",]+', table))
    return [f"the flow table lacks {' '.join(sorted(missing))}: portway flows"] if missing else []


def main(words: list[str]) -> None:
    if words == ["count"]:
        print(count())
        return
    if words not in ([], ["devices"]):
        sys.exit("usage: portway flows [devices|count]")
    wrong = load("" if words and listing() else read(TABLE))
    with open(WHY, "w") as file:
        file.write(wrong)
    if wrong:
        sys.exit(wrong)
