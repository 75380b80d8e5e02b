"""What this host's kernel would do with a client's packet: for `portway explain`.

The kernel itself says so: see explain_trial.py.
"""

import json
import re
import shutil
from typing import Any, NamedTuple

from portway.commands import run
from portway.files import read

PORTWAY = "/usr/local/bin/portway"
# Of the kernel, that decide whether a packet goes on.
SETTINGS = ("net/ipv4/ip_forward", "net/ipv6/conf/all/forwarding", "net/netfilter/nf_conntrack_checksum")
# Tables of iptables, which its own tool shows.
OF_IPTABLES = re.compile(r"ip6? (raw|mangle|nat|filter|security)$")
# The order in which a packet meets them.
ORDER = ("raw", "mangle", "nat", "filter", "security")
MATCHED = re.compile(r"^\[([1-9]\d*):\d+\] (-A (\S+) .*)$")
POLICY = re.compile(r"^:(\S+) DROP \[([1-9]\d*):")
# What a set holds. Its own counters are of no rule.
ELEMENTS = re.compile(r"elements = \{[^}]*\}")
COUNTED = re.compile(r"counter packets \d+ bytes \d+")
ENDS = re.compile(r"-j (DROP|REJECT|TARPIT)\b")


class Packet(NamedTuple):
    protocol: int
    # 0 if the protocol has none.
    port: int
    client: str
    # The address of this host that it comes to, and by which interface.
    host: str
    interface: str


class Answer(NamedTuple):
    # Whether it passes all rules.
    passes: bool
    # The rules that matched, in order, with their tables.
    rules: list[str]
    # Who answers, at which port, and to whom.
    replier: str
    reply_port: int
    receiver: str
    # Rules of others that could not be tried.
    left: list[str]

    def forward(self) -> str:
        """The forward whose rule translated it; empty if none did."""
        names = [re.search('"portway:([^" ]+)', rule) for rule in self.rules if rule.startswith("nat: ")]
        return next((found[1] for found in names if found), "")


class NotHere(Exception):
    """The packet cannot come to this host."""

    pass


def way(client: str) -> tuple[str, str]:
    """The interface and the address of this host by which it would answer a client."""
    route = run("ip", *(["-6"] if ":" in client else []), "-o", "route", "get", client)
    device, source = re.search(r" dev (\S+)", route.stdout), re.search(r" src (\S+)", route.stdout)
    if route.returncode or not device or not source:
        raise NotHere(f"this host has no way back to {client}")
    if device[1] == "lo":
        raise NotHere(f"{client} is an address of this host; this explains packets of clients")
    return device[1], source[1]


def interfaces() -> dict[str, list[str]]:
    """Addresses with their networks, by interface."""
    found: dict[str, list[str]] = {}
    for name, address in re.findall(r"^\d+: (\S+) +inet6? (\S+/\d+)", run("ip", "-o", "addr").stdout, re.M):
        if name != "lo":
            found.setdefault(name, []).append(address)
    return found


def routes() -> list[str]:
    """All but those that addresses make by themselves."""
    lines = [line for family in ("-4", "-6") for line in run("ip", family, "route").stdout.splitlines()]
    # Routes of DHCP name their source address too, so it does not tell them apart.
    made = [line for line in lines if " proto kernel " not in f"{line} "]
    cut = [re.sub(r" (proto|pref|expires|scope) \S+| linkdown| onlink", "", line) for line in made]
    return [f"{line} onlink" if " via " in line else line for line in cut]


def tables() -> list[str]:
    """Tables of nft that can be loaded elsewhere, with counters that begin at 0."""
    names = re.findall("^table (.*)$", run("nft", "list", "tables").stdout, re.M)
    texts = [run("nft", "list", "table", *name.split()).stdout for name in names if not OF_IPTABLES.match(name)]
    return [COUNTED.sub("counter", text) for text in texts]


def walk(one: Packet) -> Answer:
    """@raise NotHere if nobody can say"""
    tool = "ip6tables" if ":" in one.client else "iptables"
    asked = {
        **{"from": one.client, "to": one.host, "protocol": one.protocol, "port": one.port, "interface": one.interface},
        **{"settings": {name: read(f"/proc/sys/{name}").strip() for name in SETTINGS}, "interfaces": interfaces()},
        **{"routes": routes(), "tables": tables() if shutil.which("nft") else []},
        "rules": run(f"{tool}-nft-save").stdout,
    }
    done = run("unshare", "-n", PORTWAY, "explain_trial", text=json.dumps(asked))
    if done.returncode:
        raise NotHere(f"the rules could not be tried: {done.stderr}")
    return answer_of(json.loads(done.stdout))


def answer_of(trial: dict[str, Any]) -> Answer:
    rules = matched(trial["rules"]) + matched_sets(trial["tables"])
    _, _, _, replier, receiver, reply_port, _ = trial["flow"] or [""] * 7
    return Answer(bool(trial["flow"]), rules, replier, int(reply_port or 0), receiver, trial["left"])


def matched(saved: str) -> list[str]:
    """From the output of iptables-save with counters. Only what the namespace itself sends passes OUTPUT."""
    by_table: dict[str, list[str]] = {}
    table = ""
    for line in saved.splitlines():
        if line.startswith("*"):
            table = line[1:]
        rule, policy = MATCHED.match(line), POLICY.match(line)
        if rule and rule[3] != "OUTPUT":
            by_table.setdefault(table, []).append(f"{table}: {rule[2]}")
        if policy and policy[1] != "OUTPUT":
            by_table.setdefault(table, []).append(f"{table}: policy of {policy[1]} is DROP")
    return [line for name in ORDER for line in by_table.get(name, [])]


def matched_sets(listing: str) -> list[str]:
    """From the output of `nft list ruleset`: rules that count and have counted."""
    found = []
    table = ""
    for line in ELEMENTS.sub("", listing).splitlines():
        if line.startswith("table "):
            table = line[6:].rstrip(" {")
        if re.search(r" counter packets [1-9]", line) and not OF_IPTABLES.match(table):
            found.append(f"{table}: {COUNTED.sub('counter', line.strip())}")
    return found
