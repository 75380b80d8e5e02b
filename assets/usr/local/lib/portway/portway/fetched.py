"""Fetches one list of portway-lists.service: portway fetched ID. What is wrong with it is its last line of errors, and then
the list that was good last stays."""

import importlib
import ipaddress
import os
import sys
import urllib.request
from typing import IO, Any

from portway.files import read, replace
from portway.lists import Listed, configured

# An honest list is not slower, and no line of one longer.
SECONDS, PER_NETWORK = 30, 200
# A list that grows or shrinks by more is broken, or somebody else's. Small ones may.
FACTOR, SMALL = 10, 50
# No list of single offenders holds a wider network.
WIDEST = {4: 8, 6: 19}


class OnlyHttps(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, req: Any, fp: IO[bytes], code: int, msg: str, headers: Any, newurl: str) -> Any:
        if not newurl.startswith("https://"):
            raise ValueError(f"it leads to {newurl[:100]}, which is not https")
        return super().redirect_request(req, fp, code, msg, headers, newurl)


def fetch(url: str, most: int) -> bytes:
    """Up to so many bytes. ValueError: there are more, or fewer than the server said."""
    request = urllib.request.Request(url, headers={"User-Agent": "portway", "Accept": "text/plain, */*"})
    with urllib.request.build_opener(OnlyHttps).open(request, timeout=SECONDS) as answer:
        data: bytes = answer.read(most + 1)
        if len(data) > most:
            raise ValueError(f"it has more than {most} bytes")
        if answer.length:
            raise ValueError(f"it ended {answer.length} bytes early")
    return data


def networks(text: str) -> list[str]:
    """The networks of a text: one a line, comments after `;` or `#`. ValueError: it is something else."""
    found: dict[int, list[Any]] = {4: [], 6: []}
    for number, line in enumerate(text.splitlines(), 1):
        word = line.replace("#", ";").partition(";")[0].strip()
        if not word:
            continue
        try:
            network: Any = ipaddress.ip_network(word, strict=False)
        except ValueError:
            raise ValueError(f"line {number} is no network: {word[:40]!r}") from None
        if network.prefixlen < WIDEST[network.version]:
            raise ValueError(f"line {number} is too wide: {network}")
        found[network.version].append(network)
    return [str(network) for version in (4, 6) for network in ipaddress.collapse_addresses(found[version])]


def check(new: list[str], old: int, most: int) -> None:
    """ValueError: a list of `old` networks does not become this one by itself."""
    if not new:
        raise ValueError("it is empty")
    if len(new) > most:
        raise ValueError(f"it has {len(new)} networks, and {most} are the most")
    if old and max(len(new), old) > SMALL and not old / FACTOR <= len(new) <= old * FACTOR:
        raise ValueError(f"it has {len(new)} networks, and had {old}")


def wanted(one: Listed) -> list[str]:
    if not one.countries:
        return networks(fetch(one.url, one.most * PER_NETWORK).decode("ascii", "replace"))
    # Only hosts with countries have this module.
    countries = importlib.import_module("portway.countries")
    found: list[str] = countries.networks(fetch(one.url, countries.LARGEST), one.countries)
    return found


def take(one: Listed) -> None:
    new = wanted(one)
    check(new, len(read(one.good).split()), one.most)
    replace(one.good, "".join(f"{network}\n" for network in new))


def main(words: list[str]) -> None:
    found = [one for one in configured() if [one.id] == words]
    if not found:
        sys.exit("usage: portway fetched ID, one of /etc/portway/lists")
    os.umask(0o022)
    try:
        take(found[0])
    # A server may do anything: bad TLS, bad HTTP, no answer.
    except Exception as error:
        sys.exit(" ".join(f"{error}".split())[:300])
