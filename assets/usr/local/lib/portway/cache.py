#!/usr/bin/env python3
"""What the gateway keeps of its targets' answers: shows it, and throws it away.

  portway cache                 how much each cache holds
  portway cache purge all       throws everything away
  portway cache purge URL       throws away what was kept for this address; with a * at its end, for all that begin so

An address is written as clients write it, with its query: https://www.example.com/logo.png?v=2. It takes a second until nobody gets
what was thrown away. An answer that is just on its way is kept all the same: purge after a target has changed, not before."""

import glob
import os
import stat
import sys
from urllib.parse import unquote, urlsplit

CACHES = "/var/cache/portway-*"


def files(folder):
    """Each file below a folder, as a name in an open folder. nginx's user may change all of it at any time, into links too: so no path
    is ever followed, and nothing but files is opened."""
    for _, _, names, place in os.fwalk(folder):
        for name in names:
            try:
                state = os.lstat(name, dir_fd=place)
            except FileNotFoundError:
                continue
            if stat.S_ISREG(state.st_mode):
                yield name, place, state


def read_key(name, place):
    """nginx writes the key into the file, behind a head of a few hundred bytes."""
    try:
        with open(os.open(name, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK, dir_fd=place), "rb") as file:
            head = file.read(20_000)
    except OSError:
        return ""
    return head.partition(b"\nKEY: ")[2].partition(b"\n")[0].decode("latin-1")


def plain(scheme, host):
    """A host in one of the ways that it can be written."""
    return host.lower().removesuffix(":80" if scheme == "http" else ":443")


def is_meant(key, address):
    # The route, then what the target was told: scheme, port, host, and where to.
    parts = key.split(" ", 4)
    if len(parts) < 5:
        return False
    _, scheme, _, host, asked = parts
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
    for folder in glob.glob(CACHES):
        for name, place, _ in files(folder):
            if address == "all" or is_meant(read_key(name, place), address):
                try:
                    os.unlink(name, dir_fd=place)
                    count += 1
                except OSError:
                    pass
    print(f"{count} answers thrown away")


def show():
    for folder in sorted(glob.glob(CACHES)):
        sizes = [state.st_blocks * 512 for _, _, state in files(folder)]
        print(f"{folder.removeprefix(CACHES[:-1])}: {len(sizes)} answers, {sum(sizes) / 2**20:.1f} MB")


if sys.argv[1:2] == ["purge"] and len(sys.argv) == 3:
    purge(sys.argv[2])
elif len(sys.argv) == 1:
    show()
else:
    sys.exit(__doc__)
