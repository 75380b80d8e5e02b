"""The cached answers of targets: shows how many there are, and deletes them."""

import glob
import os
import stat
import sys
from collections.abc import Iterator
from urllib.parse import unquote, urlsplit

USAGE = (
    "portway cache                 how much each cache holds\n"
    "portway cache purge all       deletes everything\n"
    "portway cache purge URL       deletes what was kept for this address; with a * at its end, for all that begin so\n\n"
    "An address is written as clients write it, with its query: https://www.example.com/logo.png?v=2. Within a second nobody gets a\n"
    "deleted answer any more. One that is just arriving is kept all the same: purge after a target has changed, not before."
)
CACHES = "/var/cache/portway-*"


def files(folder: str) -> Iterator[tuple[str, int, os.stat_result]]:
    """Each file below a folder, as a name in an open folder. nginx's user may change everything there at any time, even
    into links. So no path is ever followed, and only regular files are opened."""
    for _, _, names, place in os.fwalk(folder):
        for name in names:
            try:
                state = os.lstat(name, dir_fd=place)
            except FileNotFoundError:
                continue
            if stat.S_ISREG(state.st_mode):
                yield name, place, state


def read_key(name: str, place: int) -> str:
    """nginx writes the key into the file, after a head of a few hundred bytes."""
    try:
        with open(os.open(name, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK, dir_fd=place), "rb") as file:
            head = file.read(20_000)
    except OSError:
        return ""
    return head.partition(b"\nKEY: ")[2].partition(b"\n")[0].decode("latin-1")


def plain(scheme: str, host: str) -> str:
    """A host in a form that can be compared."""
    return host.lower().removesuffix(":80" if scheme == "http" else ":443")


def matches(key: str, address: str) -> bool:
    """Whether nginx keeps an answer to this address under this key."""
    # The route, then what the target was told: scheme, port, host, path and query.
    parts = key.split(" ", 4)
    if len(parts) < 5:
        return False
    _, scheme, _, host, asked = parts
    host = plain(scheme, host)
    chosen = not asked.startswith("/")
    if chosen:
        # A cache that keeps only some parameters: these, in its own order, followed by the decoded path.
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


def purge(address: str) -> None:
    if address != "all":
        url = urlsplit(address)
        if url.scheme not in ("http", "https") or not url.netloc:
            sys.exit("portway: must be all or an address such as https://www.example.com/logo.png")
        address = address.replace(url.netloc, plain(url.scheme, url.netloc), 1)
    count = 0
    for folder in glob.glob(CACHES):
        for name, place, _ in files(folder):
            if address == "all" or matches(read_key(name, place), address):
                try:
                    os.unlink(name, dir_fd=place)
                    count += 1
                except OSError:
                    pass
    print(f"{count} answers thrown away")


def show() -> None:
    for folder in sorted(glob.glob(CACHES)):
        sizes = [state.st_blocks * 512 for _, _, state in files(folder)]
        print(f"{folder.removeprefix(CACHES[:-1])}: {len(sizes)} answers, {sum(sizes) / 2**20:.1f} MB")


def main(words: list[str]) -> None:
    if words[:1] == ["purge"] and len(words) == 2:
        purge(words[1])
    elif not words:
        show()
    else:
        sys.exit(USAGE)
