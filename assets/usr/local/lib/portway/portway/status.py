"""What each forward of this host carries, where it leads, and whether everything is as deployed. Exits with 1 if it is
not, and says why.

files.forwards lists the forwards.
"""

import glob
import importlib
import json
import os
import sys
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple, Optional

from portway.commands import run
from portway.files import forwards, read

USAGE = "usage: portway status [--json] [--seconds N]"
PORTWAY = "/usr/local/bin/portway"
PROGRAMS = "/usr/local/lib/portway"
LINE = "%-20s %-15s %-8s %11s %15s %11s  %s"


class Row(NamedTuple):
    forward: str
    listener: str
    engine: str
    # None if nothing counts them.
    packets: Optional[int]
    bytes: Optional[int]
    connections: Optional[int]
    # As the health service stores them. One without a health check has only its name.
    targets: list[dict[str, Any]]


def output(*words: str) -> str:
    done = run(*words)
    return done.stdout + done.stderr


def problems_of_host() -> list[str]:
    """What is not as deployed, in the parts that this host has."""
    found = []
    # With less than 32 MiB (in blocks of 4 KiB), the disk accepts no change, and logs have gaps.
    if os.statvfs("/var/log").f_bavail < 8192:
        found.append("the disk is full")
    if os.path.exists(f"{PROGRAMS}/portway/rules.py"):
        found += output(PORTWAY, "rules", "check").splitlines()
    if os.path.exists(f"{PROGRAMS}/metadata.sh") and "\n91:" not in run("ip", "rule").stdout:
        found.append("every account may ask the metadata service")
    if os.path.exists(f"{PROGRAMS}/portway/nginx.py"):
        if run(PORTWAY, "nginx").returncode:
            found.append("nginx runs another configuration")
        found += [line for line in output("nginx", "-tq").splitlines() if "[emerg]" in line]
        for path in sorted(glob.glob("/etc/portway/tls/*")):
            # The first line of such a file.
            if read(path).startswith("# stands in"):
                found.append(f"{path}: was damaged, and a self-signed one stands in until it is here again")
    if os.path.exists("/etc/portway/certificates.json"):
        found += map(": ".join, json.loads(read("/run/portway-certificates") or "{}").items())
    return found


def warnings_of_host() -> list[str]:
    """What somebody should act on although everything is as deployed, in the parts that this host has."""
    parts = [
        part
        for part in ("rule_targets", "findings", "reconcile", "flows", "blocked", "updates")
        if os.path.exists(f"{PROGRAMS}/portway/{part}.py")
    ]
    used, size = (int(read(f"/proc/sys/net/netfilter/nf_conntrack_{name}") or 0) for name in ("count", "max"))
    full = [f"the kernel tracks {used} of at most {size} connections"] if used > size * 0.9 else []
    return full + [warning for part in parts for warning in importlib.import_module(f"portway.{part}").collect()]


def read_health(text: str) -> dict[tuple[str, str], dict[str, Any]]:
    """The state file of the health service, by forward and target."""
    states = {}
    for line in text.splitlines():
        state = json.loads(line)
        states[state.pop("forward"), state["target"]] = state
    return states


def row(words: list[str], counts: Optional[Sequence[int]], health: Mapping[tuple[str, str], dict[str, Any]]) -> Row:
    """A forward's row. `counts`: packets, bytes and connections."""
    name, listener, engine, *names = words
    targets = [health.get((name, target), {"target": target}) for target in names]
    packets, size, connections = counts or (None, None, None)
    return Row(name, listener, engine, packets, size, connections, targets)


def main(words: list[str]) -> None:
    rates: dict[str, Any] = {}
    lines: list[str] = []
    # Where there is room for it.
    if os.path.exists(f"{PROGRAMS}/portway/rates.py"):
        words, rates, lines = importlib.import_module("portway.rates").measure(words)
    if words not in ([], ["--json"]):
        sys.exit(USAGE)
    carried, lost = {}, 0
    # Only hosts with forwards in the kernel have this module.
    if os.path.exists(f"{PROGRAMS}/portway/traffic.py"):
        carried, lost = importlib.import_module("portway.traffic").carried(forwards())
    # The same of `flowOffload`.
    offloaded = None
    if os.path.exists(f"{PROGRAMS}/portway/flows.py"):
        offloaded = importlib.import_module("portway.flows").count()
    health = read_health(read("/run/portway/health/state"))
    rows = [row(words, carried.get(words[0]), health) for words in forwards()]
    problems = problems_of_host()
    warnings = warnings_of_host()
    if lost:
        warnings.append(f"{lost} connections ended too fast to be counted")
    if words:
        listed = [one._asdict() for one in rows]
        said = {"forwards": listed, "offloaded": offloaded, "problems": problems, "warnings": warnings, **rates}
        print(json.dumps(said, indent=2))
    else:
        print(LINE % Row._fields)
        for *cells, targets in rows:
            names = [target["target"] + ("" if target.get("up", True) else " DOWN") for target in targets]
            print(LINE % (*("-" if cell is None else cell for cell in cells), ", ".join(names)))
        if offloaded is not None:
            print(f"{offloaded} flows are carried past the rules")
        for line in lines:
            print(line)
        for warning in warnings:
            print("WARNING: " + warning)
    if problems:
        sys.exit("NOT AS DEPLOYED: " + "\n".join(problems))
