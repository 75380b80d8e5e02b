"""What nginx would do with a client of a forward, from the nginx.conf that synth wrote: for `portway explain`."""

import re
from ipaddress import ip_address, ip_network
from typing import Any, NamedTuple, Optional

from portway.files import read

CONFIGURATION = "/etc/nginx/nginx.conf"
# A forward's part begins with its name as a comment.
SECTION = re.compile(r"^  # ([\w-]+)$", re.M)
GEO = r"geo \$portway_%s_\w+ \{(.*?)\n  \}"


class Word(NamedTuple):
    """What nginx says of a client."""

    admits: bool
    # The line that decides.
    line: str


def section(conf: str, name: str) -> str:
    """The part of a forward. One on a shared port of TLS has two: what it decides is in the first."""
    found = [match for match in SECTION.finditer(conf) if match[1] == name]
    if not found:
        return ""
    following = SECTION.search(conf, found[-1].end())
    return conf[found[-1].end() : following.start() if following else len(conf)]


def in_network(client: Any, text: str) -> bool:
    try:
        network = ip_network(text, strict=False)
    except ValueError:
        return False
    return client.version == network.version and client in network


def by_geo(text: str, kind: str, client: Any) -> Optional[tuple[str, str]]:
    """The value and the line of the smallest network with the client."""
    block = re.search(GEO % kind, text, re.S)
    if not block:
        return None
    lines = [line.strip().rstrip(";").split() for line in block[1].splitlines() if line.strip()]
    inside = [(ip_network(net).prefixlen, value, f"{net} {value}") for net, value in lines if in_network(client, net)]
    default = [(-1, value, f"default {value}") for net, value in lines if net == "default"]
    _, value, line = max(inside + default)
    return value, f"geo {kind}: {line}"


def word(name: str, client_text: str, conf: str = "") -> Word:
    """Whether a forward on nginx serves this client."""
    text = section(conf or read(CONFIGURATION), name)
    client = ip_address(client_text)
    proxies = [net for net in re.findall(r"set_real_ip_from (\S+);", text) if in_network(client, net)]
    if proxies:
        return Word(True, f"set_real_ip_from {proxies[0]}: a trusted proxy, and the client that it names decides")
    deny, allow = (by_geo(text, kind, client) for kind in ("deny", "allow"))
    if deny and deny[0] == "1":
        return Word(False, deny[1])
    if allow and allow[0] == "0":
        return Word(False, allow[1])
    # In a stream the first line that has the client decides.
    for verb, net in re.findall(r"^ +(allow|deny) (\S+);", text, re.M):
        if net == "all" or in_network(client, net):
            return Word(verb == "allow", f"{verb} {net}")
    return Word(True, allow[1] if allow else "")
