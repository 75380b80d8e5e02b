"""How many packets of clients the kernel has dropped since the boot, by forward and reason: for metrics.py, whose service has no
right to ask the kernel.

systemd starts it when somebody connects to its socket, which is its file 3 (portway-drops.socket). It answers with JSON, and ends:

  {"forwards": {"web": {"source": 3}}, "host": {"blocked": 9}}

A forward's reasons: `source` (`allowFrom`, `denyFrom`), `limit` (its `limits` in the kernel), `waiting` (too many of its clients wait
for nginx: see lib/nginx/heads.ts). The host's: `blocked`, `protect`, `lists` (those that the host fetches).
"""

import json
import re
import socket
from collections import Counter
from collections.abc import Iterable
from importlib import import_module
from importlib.util import find_spec

from portway.commands import Process, run
from portway.files import read, replace

# What was counted, over changes of rules, after which the kernel's counters begin again: for each of them the sum, and what it said last.
STATE = "/run/portway/drops"

# Of a set whose elements count what their rule drops: see lib/kernel/sources.ts.
COUNTING = re.compile(r"^\tset ((?:denied|restricted)_\w+) \{$", re.M)
ELEMENT = re.compile(r'counter packets (\d+) bytes \d+ comment "([\w-]+)"')
CHAIN = re.compile(r"^\tchain (?:blocked|opening|countries) \{(.*?)^\t\}", re.M | re.S)
RULE = re.compile(r" counter packets (\d+) .*drop$", re.M)
TABLES = {"blocked": "portway", "protect": "portway_protect", "lists": "portway_lists"}

# By reason, the part of the rules that is replaced as a whole, and forward, if it is of one: "limit ip web", "blocked nft ".
Counts = Counter[str]


def kernel() -> Counts:
    """What the kernel's counters say now. A table that is not there has dropped nothing."""
    tables = {reason: Process("nft", "-t", "list", "table", "inet", table) for reason, table in TABLES.items()}
    counts: Counts = Counter()
    for reason, process in tables.items():
        text = process.communicate()[0]
        rules = "".join(CHAIN.findall(text))
        counts[f"{reason} nft "] += sum(map(int, RULE.findall(rules)))
        # One by one: those of blocked networks may have thousands of elements, and nft 1.0.6 finds only the last of several that it is
        # asked for at once.
        for name in COUNTING.findall(text):
            elements = ELEMENT.findall(run("nft", "list", "set", "inet", "portway", name).stdout)
            add(counts, "source nft", ((forward, int(packets)) for packets, forward in elements))
    # A host has this program if it has such rules.
    if find_spec("portway.kernel_findings"):
        findings = import_module("portway.kernel_findings")
        saves = {family: Process(f"{family}tables-nft-save", "-ct", "filter") for family in ("ip", "ip6")}
        heads = Process("nft", "list", "counters", "table", "inet", "portway_heads")
        for family, process in saves.items():
            add(counts, f"limit {family}", findings.by_limits(process.communicate()[0]))
        add(counts, "waiting nft", findings.by_heads(heads.communicate()[0]))
    return counts


def add(counts: Counts, key: str, found: Iterable[tuple[str, int]]) -> None:
    for forward, packets in found:
        counts[f"{key} {forward}"] += packets


def keep(counts: Counts) -> dict[str, list[int]]:
    """Adds up what came since the last look. What was counted once may come again."""
    kept: dict[str, list[int]] = json.loads(read(STATE) or "{}")
    for key in {**kept, **counts}:
        (total, before), now = kept.get(key, (0, 0)), counts[key]
        kept[key] = [total + (now - before if now >= before else now), now]
    replace(STATE, json.dumps(kept))
    return kept


def answer() -> str:
    forwards: dict[str, Counter[str]] = {}
    host: Counter[str] = Counter()
    for key, (total, _) in keep(kernel()).items():
        reason, _, forward = key.split(" ")
        (forwards.setdefault(forward, Counter()) if forward else host)[reason] += total
    return json.dumps({"forwards": forwards, "host": host})


def main(words: list[str]) -> None:
    with socket.socket(fileno=3) as server, server.accept()[0] as client:
        client.sendall(answer().encode())
