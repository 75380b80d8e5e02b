"""Ends the tracked flows of changed forwards that are UDP or have no ports.

Such a flow keeps its target as long as it is active. Flows of changed forwards start anew. All others go on, including
those that the gateway merely routes.
"""

import re
from collections.abc import Sequence
from typing import Any, NamedTuple

from portway.commands import run
from portway.rulesets import Ruleset

# A part of the rules by name: the current rules, the wanted ones, and the input of its tool.
Change = tuple[str, Any, Any, str]


class Listener(NamedTuple):
    # 4 or 6.
    version: str
    protocol: str
    # Empty if the protocol has no ports, or if the range has only one.
    first: str
    last: str

    def has(self, port: str) -> bool:
        first, last = int(self.first or 0), int(self.last or self.first or 0)
        return first <= int(port or 0) <= last


def flush_changed(changes: Sequence[Change]) -> None:
    flush({listener for change in changes for listener in changed_by(*change)})


def changed_by(name: str, old: Any, new: Any, change: str) -> set[Listener]:
    if name == "nftables":
        return changed_by_sets(old, new)
    return changed_by_rules("6" if name == "ip6tables" else "4", old, new, change)


def changed_by_rules(version: str, old: Ruleset, new: Ruleset, change: str) -> set[Listener]:
    """The listeners of forwards whose nat rules differ. `change` is the input of iptables-restore."""
    (old_rules, old_listeners), (new_rules, new_listeners) = by_forward(version, old), by_forward(version, new)
    rewritten = set(re.findall(r"^:PORTWAY-(\S+)", change, re.M))
    changed: set[Listener] = set()
    for name in {*old_rules, *new_rules}:
        if old_rules.get(name) != new_rules.get(name) or name in rewritten:
            changed |= old_listeners.get(name, set()) | new_listeners.get(name, set())
    return changed


def by_forward(version: str, ruleset: Ruleset) -> tuple[dict[str, list[str]], dict[str, set[Listener]]]:
    """Each forward's nat rules outside a chain of its own, and its listeners that are not TCP."""
    rules: dict[str, list[str]] = {}
    listeners: dict[str, set[Listener]] = {}
    for (table, chain), texts in ruleset.chains.items():
        for text in texts if table == "*nat" else ():
            comment = re.search(r'"portway:([^" ]+)', text)
            if not comment or chain == f"PORTWAY-{comment[1]}":
                continue
            rules.setdefault(comment[1], []).append(text)
            found = re.search(r"-p (?!tcp)(\S+)(?:.* --dport (\d+):?(\d*))?", text)
            if found and chain.startswith("PORTWAY-DNAT"):
                protocol, first, last = found.groups("")
                listeners.setdefault(comment[1], set()).add(Listener(version, protocol, first, last))
    return rules, listeners


def changed_by_sets(old: str, new: str) -> set[Listener]:
    """The listeners whose sources differ: entries such as `udp . 27015 . 198.51.100.0/24` and `esp . 198.51.100.0/24`."""
    # A port is not a protocol.
    entry = r"(?<!\. )(?<!-)\b(?!tcp)([a-z0-9-]+) \. (?:(\d+)-?(\d*) \. |)([0-9a-f.:]+[.:][0-9a-f.:/]+)"
    different = set(re.findall(entry, old)) ^ set(re.findall(entry, new))
    return {
        Listener(version, protocol, first, last) for protocol, first, last, _ in different for version in ("4", "6")
    }


def flush(changed: set[Listener]) -> None:
    """Deletes the tracked flows to these listeners of this host."""
    if not changed:
        return
    addresses = re.findall("inet6? ([^/ ]+)", run("ip", "-o", "addr").stdout)
    for version, protocol in {(listener.version, listener.protocol) for listener in changed}:
        listeners = [listener for listener in changed if (listener.version, listener.protocol) == (version, protocol)]
        which = ["-f", f"ipv{version}", "-p", protocol]
        # The first destination in a line is the one that the client asked for.
        flows = re.findall(r"^.*? dst=(\S+)(?: sport=\d+ dport=(\d+))?", run("conntrack", "-L", *which).stdout, re.M)
        for host, port in set(flows):
            if host in addresses and any(listener.has(port) for listener in listeners):
                run("conntrack", "-D", *which, "-d", host, *(["--orig-port-dst", port] if port else []))
