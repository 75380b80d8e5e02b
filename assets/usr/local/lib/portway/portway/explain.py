"""What would happen to a client's packet, and which line says so. Nothing is sent.

The security group's rules are those of the deployed content (/etc/portway/group): this host may not ask AWS. The kernel's answer is its own, for
one packet in an empty network namespace with a copy of all rules (explain_trial.py). nginx's is read from nginx.conf.

Ends with 0 if the packet would reach a target, with 1 if it would not, and with 2 if that cannot be told.
"""

import json
import re
import sys
from importlib import import_module
from ipaddress import ip_address, ip_network
from shutil import which
from typing import NamedTuple, NoReturn, Optional

from portway.commands import run
from portway.explain_kernel import ENDS, Answer, NotHere, Packet, walk, way
from portway.files import forwards, read

USAGE = "usage: portway explain tcp|udp PORT [from ADDRESS] [--json]\n       portway explain PROTOCOL [from ADDRESS] [--json]"
GROUP = "/etc/portway/group"
# Somebody whom no list names, of a network for documentation (RFC 5737).
STRANGER = "192.0.2.1"
PROTOCOLS = {"tcp": 6, "udp": 17, "gre": 47, "esp": 50, "ah": 51, "sctp": 132}
WITH_PORTS = (6, 17)
# The states of sockets that take what comes: listening, and unconnected UDP (net/tcp_states.h).
READY = {6: "0A", 17: "07"}


class Step(NamedTuple):
    where: str
    says: str


class Verdict(NamedTuple):
    # forwarded, dropped, refused, or nobody: it comes to a port where no forward is.
    outcome: str
    says: str
    forward: str = ""
    target: str = ""


def fail(text: str) -> NoReturn:
    print(text, file=sys.stderr)
    sys.exit(2)


def read_words(words: list[str]) -> tuple[int, int, str]:
    """The protocol, the port and the client."""
    rest = [word for word in words if word != "--json"]
    client = STRANGER
    if len(rest) > 2 and rest[-2] == "from":
        client = rest[-1]
        rest = rest[:-2]
    try:
        client = f"{ip_address(client)}"
    except ValueError:
        fail(f"from: must be an IPv4 or IPv6 address, got {client!r}")
    name, *ports = rest or [""]
    number = PROTOCOLS.get(name, int(name) if re.fullmatch(r"\d{1,3}", name) else 0)
    if not 0 < number < 256 or len(ports) != (1 if number in WITH_PORTS else 0):
        fail(USAGE)
    if ports and not (re.fullmatch(r"\d{1,5}", ports[0]) and 0 < int(ports[0]) < 65536):
        fail(f"port: must be 1-65535, got {ports[0]!r}")
    return number, int(ports[0]) if ports else 0, client


def name_of(protocol: int) -> str:
    return {6: "tcp", 17: "udp"}.get(protocol, f"{protocol}")


def has(listener: str, protocol: int, port: int) -> bool:
    """Whether a listener such as `tcp/80`, `udp/6000-6010` or `50` takes it."""
    name, _, ports = listener.partition("/")
    first, _, last = ports.partition("-")
    return name == name_of(protocol) and (not ports or int(first) <= port <= int(last or first))


def admitted(text: str, one: Packet) -> Optional[str]:
    """The rule of the security group that lets it in; None if there is none."""
    client = ip_address(one.client)
    for line in text.splitlines():
        protocol, ports, peer, reasons = line.split(maxsplit=3)
        first, _, last = ports.partition("-")
        fits = protocol == "all" or (
            protocol == name_of(one.protocol) and (ports == "0" or int(first) <= one.port <= int(last or first))
        )
        if fits and peer.startswith("pl-"):
            return f"if the client is in {peer}, which AWS alone can tell ({reasons})"
        network = ip_network(peer)
        if fits and network.version == client.version and client in network:
            return f"{protocol}{' ' + ports if ports != '0' else ''} from {peer} ({reasons})"
    return None


def is_served(protocol: int, port: int) -> bool:
    """Whether a program on this host takes what comes to a port."""
    name = name_of(protocol)
    tables = "".join(read(f"/proc/net/{name}{version}") for version in ("", "6"))
    return re.search(rf":{port:04X} \S+ {READY.get(protocol, '')} ", tables) is not None


def own_addresses() -> list[str]:
    return re.findall("inet6? ([^/ ]+)", run("ip", "-o", "addr").stdout)


def element(one: Packet, rule: str) -> str:
    """The element of a set that says so: of the last set of a rule that looks up the client."""
    keys = re.findall(r"((?:(?:meta l4proto|th dport|ip6? saddr)(?: \. )?)+) (!= )?@(\w+)", rule)
    for key, negated, name in reversed(keys):
        if "saddr" in key and not negated:
            words = [("l4proto", name_of(one.protocol)), ("dport", f"{one.port}"), ("saddr", one.client)]
            wanted = " . ".join(value for word, value in words if word in key)
            table = rule.partition(":")[0].split()
            listed = run("nft", "get", "element", *table, name, f"{{ {wanted} }}").stdout
            inside = re.search(r"elements = \{ (.*?) \}", listed, re.S)
            return f": {inside[1]} of {name}" if inside else ""
    return ""


def by_kernel(one: Packet, answer: Answer, here: list[list[str]]) -> Verdict:
    """After the kernel's rules; for what stays on this host, without nginx."""
    forward = answer.forward()
    if not answer.passes:
        ends = [
            rule
            for rule in answer.rules
            if ENDS.search(rule) or rule.endswith((" drop", " is DROP")) or " reject" in rule
        ]
        why = f"{ends[-1]}{element(one, ends[-1])}" if ends else "no rule says so: is there a way to its target?"
        verb = "refused" if ends and "REJECT" in ends[-1] else "dropped"
        return Verdict(verb, f"{verb} by {why}", forward or ", ".join(name for name, *_ in here))
    at = f"[{answer.replier}]" if ":" in answer.replier else answer.replier
    if answer.replier not in own_addresses():
        seen = "the client" if answer.receiver == one.client else f"this gateway, as {answer.receiver}"
        target = f"{at}:{answer.reply_port}" if answer.reply_port else at
        return Verdict("forwarded", f"goes to {target}, which sees {seen}", forward, target)
    port = answer.reply_port
    if forward and (not port or is_served(one.protocol, port)):
        return Verdict(
            "forwarded", f"goes to port {port} of this gateway" if port else "stays on this gateway", forward, f"{port}"
        )
    if forward:
        return Verdict(
            "refused", f"nobody listens on port {port} of this gateway, which {forward} leads to", forward, f"{port}"
        )
    return Verdict("nobody", "comes to this gateway itself")


def by_nginx(one: Packet, listed: list[str]) -> tuple[Verdict, list[Step]]:
    name, _, _, *targets = listed
    word = import_module("portway.explain_nginx").word(name, one.client)
    steps = [Step("nginx", f"{name}: {word.line}")] if word.line else []
    if not is_served(one.protocol, one.port):
        return Verdict("refused", f"nginx does not listen on port {one.port}: see `portway status`", name), steps
    if not word.admits:
        return Verdict("refused", f"{name} refuses this client: {word.line}", name), steps
    to = ", ".join(targets) or "no target: it redirects"
    return Verdict("forwarded", f"nginx takes it for {name}, and leads to {to}", name, to), steps


def limits(answer: Answer, one: Packet) -> list[Step]:
    """What may drop it all the same, once the client has done too much."""
    rules = run("ip6tables-nft-save" if ":" in one.client else "iptables-nft-save", "-t", "filter").stdout
    port = re.findall(rf"^-A PORTWAY-LIMIT .*--ctorigdstport {one.port} .*-j DROP$", rules, re.M) if one.port else []
    above = [re.search(r"--(?:hashlimit|connlimit)-above (\S+)", rule) for rule in port]
    return [Step("limits", f"dropped all the same above {found[1]} of one client") for found in above if found]


def explain(protocol: int, port: int, client: str) -> tuple[Packet, list[Step], Verdict]:
    interface, host = way(client)
    one = Packet(protocol, port, client, host, interface)
    here = [line for line in forwards() if has(line[1], protocol, port)]
    steps = []
    group = read(GROUP)
    rule = admitted(group, one)
    if protocol == 6 and port == 22:
        steps.append(Step("security group", "lets in the admin alone"))
    elif not group:
        steps.append(Step("security group", "not known here: its networks are known only at deploy time"))
    elif rule:
        steps.append(Step("security group", f"lets it in: {rule}"))
    else:
        steps.append(Step("security group", "lets nobody in from there by rules of this stack's forwards"))
    answer = Answer(True, [], host, port, client, [])
    if which("iptables-nft-save") and which("conntrack"):
        answer = walk(one)
    steps += [Step("kernel", text) for text in answer.rules]
    steps += [Step("not tried", text) for text in answer.left]
    verdict = by_kernel(one, answer, here)
    on_nginx = [line for line in here if line[2] == "nginx"]
    if verdict.outcome == "nobody" and on_nginx:
        verdict, more = by_nginx(one, on_nginx[0])
        steps += more
        if len(on_nginx) > 1:
            steps.append(Step("nginx", f"this port is shared by {' and '.join(line[0] for line in on_nginx)}, by name"))
    elif verdict.outcome == "forwarded":
        steps += limits(answer, one)
    if group and not rule and not (protocol == 6 and port == 22):
        verdict = Verdict(
            "dropped",
            f"the security group drops it before this host (the host itself: {verdict.says})",
            verdict.forward,
        )
    return one, steps, verdict


def main(words: list[str]) -> None:
    """portway explain PROTOCOL [PORT] [from ADDRESS] [--json]"""
    protocol, port, client = read_words(words)
    try:
        one, steps, verdict = explain(protocol, port, client)
    except NotHere as error:
        fail(f"{error}")
    if "--json" in words:
        packet = {
            "protocol": name_of(protocol),
            "port": port,
            "from": client,
            "to": one.host,
            "interface": one.interface,
        }
        listed = [{"where": where, "says": says} for where, says in steps]
        print(json.dumps({"packet": packet, "steps": listed, **verdict._asdict()}, indent=2))
    else:
        print(f"{name_of(protocol)}{f' {port}' if port else ''} from {client} to {one.host} on {one.interface}")
        for where, says in steps:
            print(f"  {where:<15} {says}")
        of = f"forward {verdict.forward}: " if verdict.forward else ""
        print(f"{verdict.outcome.upper()}: {of}{verdict.says}")
    sys.exit(0 if verdict.outcome == "forwarded" else 1)
