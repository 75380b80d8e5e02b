"""The trees of files that a host is set up from."""

import re

from portway import paths
from portway.commands import run
from portway.files import read


def setting(tree: str, name: str) -> str:
    match = re.search(f"^{name}='?([^'\n]*)", read(tree + paths.SETTINGS), re.M)
    return match[1] if match else ""


def content_of(tree: str) -> str:
    return setting(tree, "PORTWAY_CONTENT")


def damage(tree: str) -> str:
    """The files of a tree that are not as they were proved."""
    done = run("-C", tree, "sha256sum", "--quiet", "--strict", "-c", f".{paths.SUMS}")
    return " ".join(f"{done.stdout}{done.stderr}".split()) if done.returncode else ""
