"""Puts the files of a tree in place on the host."""

import os
from typing import Optional

from portway.commands import run
from portway.files import read


def content_of(path: str) -> Optional[bytes]:
    """None if it cannot be read."""
    try:
        with open(path, "rb") as file:
            return file.read()
    except OSError:
        return None


def put(text: bytes, mode: int, path: str) -> None:
    """Leaves the old file or the new one, whenever the power fails."""
    os.makedirs(os.path.dirname(path), exist_ok=True)
    if os.path.isdir(path):
        run("rm", "-r", path)
    new = f"{path}.portway-new"
    # Some hold secrets.
    with open(os.open(new, os.O_CREAT | os.O_WRONLY | os.O_TRUNC, 0o600), "wb") as file:
        file.write(text)
    os.chmod(new, mode)
    os.replace(new, path)


def main(words: list[str]) -> None:
    """portway place TREE LIST: writes the listed files that differ, and prints their paths. One program for all, since
    a host has fifty"""
    tree, paths = words
    for path in read(paths).splitlines():
        text = content_of(tree + path)
        if text is not None and text != content_of(path):
            put(text, os.stat(tree + path).st_mode & 0o7777, path)
            print(path)
