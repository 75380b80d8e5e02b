"""Prints the forwards on iptables whose target, a port of this host, is only a rule of other software: a port that
docker publishes without its proxy, or a NodePort of Kubernetes. A connection is translated only once, so a forwarded
one never meets that rule.

A port on which nothing listens is not a finding by itself: the application may not have started yet.
"""

import re
from collections.abc import Iterator

from portway.commands import run
from portway.files import forwards

# They hold ports so that nobody else takes them, but accept no connections there.
HOLDERS = re.compile(r'"(dockerd|kube-proxy)"')
RULE = re.compile(
    r"-A (?!PORTWAY|KUBE-SERVICES )(\S+) .*-p (tcp|udp) .*--dport (\d+)(?::(\d+))? .*-j (?:DNAT|REDIRECT|KUBE-)"
)
# The rules of docker and kube-proxy, if they use nftables.
NATIVE = re.compile(r"\b(tcp|udp) (?:dport (\d+)\b.*\bdnat to|\. (\d+) : goto)")
TABLES = {"docker-bridges": "docker", "kube-proxy": "Kubernetes"}


def served() -> set[tuple[str, int]]:
    """Transport and port of each socket on which somebody answers."""
    sockets = (line.split() for line in run("ss", "-Hltunp").stdout.splitlines() if not HOLDERS.search(line))
    return {(words[0], int(words[4].rpartition(":")[2])) for words in sockets}


def translated() -> Iterator[tuple[str, str, int, int]]:
    """Who has a rule for a transport and a range of ports."""
    for tool in ("iptables-nft-save", "ip6tables-nft-save"):
        for chain, transport, first, last in RULE.findall(run(tool, "-t", "nat").stdout):
            who = "docker" if chain == "DOCKER" else "Kubernetes" if chain.startswith("KUBE-") else f"the chain {chain}"
            yield who, transport, int(first), int(last or first)
    for table, who in TABLES.items():
        for family in ("ip", "ip6"):
            for transport, port, node_port in NATIVE.findall(run("nft", "list", "table", family, table).stdout):
                yield who, transport, int(port or node_port), int(port or node_port)


def targets() -> Iterator[tuple[str, str, int, int]]:
    """Forward, transport and ports of each target on this host."""
    for name, listener, engine, *addresses in forwards():
        for address in addresses:
            ports = re.fullmatch(r"(\d+)(?:-(\d+))?", address)
            if engine == "iptables" and ports and "/" in listener:
                yield name, listener.partition("/")[0], int(ports[1]), int(ports[2] or ports[1])


def collect() -> list[str]:
    """The warnings."""
    rules, answered = list(translated()), served()
    found: dict[tuple[str, int], str] = {}
    for name, transport, first, last in targets():
        for who, of, low, high in rules:
            for port in range(max(first, low), min(last, high) + 1) if of == transport else ():
                if (transport, port) not in answered:
                    found.setdefault((name, port), who)
    return [
        f"{name}: port {port} is only a rule of {who}, which forwarded connections do not meet (docs/limits.md)"
        for (name, port), who in found.items()
    ]


def main(words: list[str]) -> None:
    """portway rule_targets"""
    for warning in collect():
        print(warning)
