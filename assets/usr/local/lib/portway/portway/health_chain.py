"""The chain of a forward with a health check, as the health service writes it.

For each target that is out, the chain has a rule without effect, whose comment says so. People see it in `iptables -t
nat -S`, and programs learn from it that the service wrote the chain. While all targets are in, there is no such rule,
and the chain is what synth rendered. If no target of an IP version answers, all are in: connections would fail anyway,
and the first target that returns gets them.
"""

from collections.abc import Iterator, Sequence
from typing import TypedDict


class Entry(TypedDict):
    # The index of its target in the forward's list.
    target: int
    share: int
    # `-j DNAT ...`
    jump: str


class _Chain(TypedDict):
    entries: list[Entry]


class Chain(_Chain, total=False):
    # Only with balance `source`: the rule that draws a client's place, and a match for each place.
    draw: str
    matches: list[str]


class Target(TypedDict, total=False):
    # Its name in the log, in the state file and in comments.
    target: str
    host: str
    # The port to check.
    port: int
    # First and last port that the forward leads to.
    ports: tuple[int, int]
    # Whether it is on the gateway itself.
    local: bool
    up: bool
    # Seconds since 1970.
    since: int


class Forward(TypedDict):
    forward: str
    transport: str
    # First and last port.
    listen: tuple[int, int]
    by: str
    interval: int
    failures: int
    targets: list[Target]
    # By IP version.
    chains: dict[str, Chain]


def living(forward: Forward, family: str) -> list[Entry]:
    """The entries whose targets are in; all entries if none is."""
    entries = forward["chains"][family]["entries"]
    return [entry for entry in entries if forward["targets"][entry["target"]]["up"]] or entries


def targets_out(forward: Forward, family: str) -> list[Target]:
    remaining = living(forward, family)
    entries = forward["chains"][family]["entries"]
    return [forward["targets"][entry["target"]] for entry in entries if entry not in remaining]


def rule(forward: Forward, *matches: str, comment: str = "", jump: str = "") -> str:
    words = [
        f"-A PORTWAY-{forward['forward']}",
        *matches,
        f'-m comment --comment "portway:{forward["forward"]}{comment}"',
        jump,
    ]
    return " ".join(word for word in words if word)


def marks(forward: Forward, family: str) -> list[str]:
    """The rules without effect that show which targets are out."""
    return [rule(forward, comment=f" out: {target['target']}") for target in targets_out(forward, family)]


def places(entries: Sequence[Entry], remaining: Sequence[Entry]) -> Iterator[Entry]:
    """The entry of each place, with balance `source`: each client has a place. Places of living targets stay the same.
    Those of a dead target are dealt out to the targets after it, by their shares, so that each living one gets some."""
    for index, entry in enumerate(entries):
        following = [*entries[index + 1 :], *entries[:index]]
        others = [other for other in following for _ in range(other["share"])]
        for number in range(entry["share"]):
            first = number * len(others) // entry["share"]
            yield next(e for e in [entry, *others[first:], *others[:first]] if e in remaining)


def rules(forward: Forward, family: str) -> Iterator[str]:
    """All rules of the chain."""
    chain, transport = forward["chains"][family], f"-p {forward['transport']}"
    remaining = living(forward, family)
    yield from marks(forward, family)
    if "draw" in chain:
        yield rule(forward, jump=chain["draw"])
        for match, entry in zip(chain["matches"], places(chain["entries"], remaining)):
            yield rule(forward, transport, match, jump=entry["jump"])
        return
    left = sum(entry["share"] for entry in remaining)
    for entry in remaining:
        # Each rule sees only what earlier rules let pass, and the last one takes the rest.
        chance = f"-m statistic --mode random --probability {entry['share'] / left:.8f}"
        yield rule(forward, transport, chance if entry is not remaining[-1] else "", jump=entry["jump"])
        left -= entry["share"]
