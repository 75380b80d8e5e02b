"""Files that have either the old or the new content, whenever the power fails."""

import importlib
import os

_AT_FDCWD = -100
_RENAME_EXCHANGE = 2


def read(path: str, missing: str = "") -> str:
    """The text of a file; `missing` if it cannot be read."""
    try:
        with open(path) as file:
            return file.read()
    except (OSError, ValueError):
        return missing


def forwards() -> list[list[str]]:
    """The words of each line of /etc/portway/forwards: a forward's name, listener, engine and targets."""
    return [line.split() for line in read("/etc/portway/forwards").splitlines()]


def replace(path: str, text: str) -> None:
    """Writes a new file, then renames it to `path`."""
    with open(f"{path}.new", "w") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    os.replace(f"{path}.new", path)


def forget(path: str) -> None:
    """Removes a file, if it is there."""
    if os.path.lexists(path):
        os.remove(path)


def exchange(one: str, other: str) -> None:
    """Exchanges the names of two files or folders, by one system call. mv(1) supports this only since coreutils 9.5."""
    # It takes as long to import as all else together, and few need it.
    ctypes = importlib.import_module("ctypes")
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.renameat2(_AT_FDCWD, os.fsencode(one), _AT_FDCWD, os.fsencode(other), _RENAME_EXCHANGE):
        raise OSError(ctypes.get_errno(), f"{one} and {other} could not be exchanged")


def main(words: list[str]) -> None:
    """portway files ONE OTHER: exchanges their names"""
    exchange(*words)
