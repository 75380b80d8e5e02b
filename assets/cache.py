#!/usr/bin/env python3
"""What the gateway keeps of its targets' answers: shows it, and throws it away.

  portway cache                 how much each cache holds
  portway cache purge all       throws everything away
  portway cache purge URL       throws away what was kept for this address; with a * at its end, for all that begin so

An address is written as clients write it, with its query: https://www.example.com/logo.png?v=2. It takes a second until nobody gets
what was thrown away. An answer that is just on its way is kept all the same: purge after a target has changed, not before."""

import glob
import os
import sys
from urllib.parse import unquote, urlsplit

CACHES = "/var/cache/portway-*"


def kept():
    """The path and key of each answer. nginx writes the key into the file, behind a head of a few hundred bytes."""
    for folder in glob.glob(CACHES):
        for place, _, names in os.walk(folder):
            for name in names:
                path = os.path.join(place, name)
                try:
                    with open(path, "rb") as file:
                        head = file.read(20_000)
                except FileNotFoundError:
                    continue
                _, mark, rest = head.partition(b"\nKEY: ")
                if mark:
                    yield path, rest.partition(b"\n")[0].decode("latin-1")


def plain(scheme, host):
    """A host in one of the ways that it can be written."""
    return host.lower().removesuffix(":80" if scheme == "http" else ":443")


def is_meant(key, address):
    # The route, then what the target was told: scheme, port, host, and where to.
    _, scheme, _, host, asked = key.split(" ", 4)
    host = plain(scheme, host)
    chosen = not asked.startswith("/")
    if chosen:
        # A cache that keeps some parameters alone: these, in an order of its own, and behind them the path, decoded.
        query, _, path = asked.partition(" ")
        asked = f"{path}?{query}"
    if address.endswith("*"):
        return f"{scheme}://{host}{asked}".startswith(address[:-1])
    url = urlsplit(address)
    if (scheme, host) != (url.scheme, url.netloc):
        return False
    if not chosen:
        return asked == (url.path or "/") + (f"?{url.query}" if url.query else "")
    return path == unquote(url.path or "/") and set(query.split("&")) - {""} <= set(url.query.split("&"))


def purge(address):
    if address != "all":
        url = urlsplit(address)
        if url.scheme not in ("http", "https") or not url.netloc:
            sys.exit("portway: must be all or an address such as https://www.example.com/logo.png")
        address = address.replace(url.netloc, plain(url.scheme, url.netloc), 1)
    count = 0
    for path, key in kept():
        if address == "all" or is_meant(key, address):
            try:
                os.unlink(path)
                count += 1
            except FileNotFoundError:
                pass
    print(f"{count} answers thrown away")


def show():
    for folder in sorted(glob.glob(CACHES)):
        paths = [os.path.join(place, name) for place, _, names in os.walk(folder) for name in names]
        size = sum(os.stat(path).st_blocks * 512 for path in paths if os.path.exists(path))
        print(f"{folder.removeprefix(CACHES[:-1])}: {len(paths)} answers, {size / 2**20:.1f} MB")


if sys.argv[1:2] == ["purge"] and len(sys.argv) == 3:
    purge(sys.argv[2])
elif len(sys.argv) == 1:
    show()
else:
    sys.exit(__doc__)
