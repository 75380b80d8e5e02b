"""Rules as text: what iptables-save prints, and the input that turns the kernel's rules into the wanted ones."""

import re
from collections.abc import Sequence
from collections.abc import Set as AbstractSet
from typing import NamedTuple


class Chain(NamedTuple):
    # As iptables-save writes it: `*nat`.
    table: str
    name: str


class Hook(NamedTuple):
    """A jump from a built-in chain to one of ours."""

    # Including its chain: `PREROUTING -j PORTWAY-DNAT`.
    rule: str
    # Its position among all rules of that chain. A jump that somebody pushed down is a difference.
    place: int


class Ruleset:
    """Portway's rules of one IP version."""

    # No dataclass: that module takes longer to import than all else here.
    def __init__(self) -> None:
        self.chains: dict[Chain, list[str]] = {}
        # By table.
        self.hooks: dict[str, list[Hook]] = {}

    def tables(self) -> list[str]:
        return list(dict.fromkeys([*(chain.table for chain in self.chains), *self.hooks]))

    def of_table(self, table: str) -> dict[str, list[str]]:
        return {chain.name: rules for chain, rules in self.chains.items() if chain.table == table}


def parse(text: str) -> Ruleset:
    """Our chains and hooks, from iptables-save's output or from a rules file with its `#portway-hook` lines."""
    found = Ruleset()
    table = ""
    places: dict[str, int] = {}
    for line in text.splitlines():
        word, _, rest = line.partition(" ")
        chain, _, rule = rest.partition(" ")
        if line.startswith("*"):
            table, places = line, {}
        elif line.startswith(":PORTWAY-"):
            found.chains[Chain(table, word[1:])] = []
        elif word == "-A" and chain.startswith("PORTWAY-"):
            found.chains.setdefault(Chain(table, chain), []).append(rule)
        elif word in ("-A", "#portway-hook"):
            places[chain] = places.get(chain, 0) + 1
            if re.search(r"-[gj] PORTWAY-\S+$", rule):
                found.hooks.setdefault(table, []).append(Hook(rest, places[chain]))
    return found


def plan(current: Ruleset, wanted: Ruleset, source: Ruleset, health_chains: AbstractSet[str] = frozenset()) -> str:
    """Input for iptables-restore that turns `current` into the `wanted` rules; empty if they are equal. `wanted` is
    written as the kernel prints it, `source` as in the file. Chains in `health_chains` belong to the health service
    while one of its targets is out.

    There is one transaction for each table, with the chains that differ. `:CHAIN` empties a chain. `-D` of a missing
    rule would fail, so it is used for existing hooks only.
    """
    lines: list[str] = []
    for table in dict.fromkeys([*source.tables(), *current.tables()]):
        old, new, rules = (rules.of_table(table) for rules in (current, wanted, source))
        old_hooks, new_hooks = current.hooks.get(table, []), wanted.hooks.get(table, [])
        kept = {name for name in health_chains & old.keys() & new.keys() if is_kept(old[name], new[name])}
        changed = [name for name in rules if old.get(name) != new[name] and name not in kept]
        removed = [name for name in old if name not in new]
        if not changed and not removed and old_hooks == new_hooks:
            continue
        lines += [table, *(f":{name} - [0:0]" for name in changed + removed)]
        if old_hooks != new_hooks:
            lines += [f"-D {hook.rule}" for hook in old_hooks]
            # Each becomes the first rule of its chain.
            lines += ["-I " + hook.rule.replace(" ", " 1 ", 1) for hook in reversed(source.hooks.get(table, []))]
        lines += [f"-A {name} {rule}" for name in changed for rule in rules[name]]
        lines += [f"-X {name}" for name in removed] + ["COMMIT", ""]
    return "\n".join(lines)


def is_kept(current: Sequence[str], wanted: Sequence[str]) -> bool:
    """Whether the health service wrote the chain while targets are out: each of these has a rule without a jump, and
    the other rules are wanted ones. While all targets are in, the chain must be as rendered, like any other."""
    current_jumps, wanted_jumps = (
        {rule[rule.find(" -j ") :] for rule in rules if " -j " in rule} for rules in (current, wanted)
    )
    out = sum(" -j " not in rule for rule in current)
    return out > 0 and current_jumps <= wanted_jumps and len(current_jumps) + out == len(wanted_jumps)


def plan_nftables(current: str, wanted: str, source: str) -> str:
    """Input for nft that replaces the table `inet portway` in one transaction; empty if it is as wanted."""
    return "" if current == wanted else f"add table inet portway\ndelete table inet portway\n{source}"
