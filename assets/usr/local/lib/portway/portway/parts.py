"""
The parts of a content, as Parameter Store holds them, and the pointer that names them.

The pointer's first line is JSON. Each line after it is a file: the first 32 hex digits of the SHA-256 of its parts, their number, and its
name; its parts are `<name>.1`, `<name>.2` and so on. `content` in that JSON is the SHA-256 of these lines. The file `programs` is all packed
files: path, mode and text of each, with a zero byte between any two, as text of a bzip2 archive. The parts of any other hold its lines:

    #portway-part 1/2 0644 /etc/nginx/nginx.conf
    (lines)
    #portway-end

In these lines `@(brace)` stands for `{`, `@(at)` for `@(`, and `@(N)` for value N of the pointer, which CloudFormation filled in.
"""

import base64
import bz2
import hashlib
import json
import re
from collections.abc import Mapping, Sequence
from typing import NamedTuple

PART = re.compile(r"#portway-part (\d+/\d+) (0[0-7]{3}) (/\S+)\n(.*)#portway-end\s*", re.S)
PACKED = "programs"


class Altered(ValueError):
    """The content that was read is not the one that was deployed."""

    pass


class Pointer(NamedTuple):
    content: str
    # The first half of the SHA-256 of each file's parts, and their number, by the file's name.
    sums: Mapping[str, tuple[str, int]]
    # The logical id of the condition that waits for this content, and its stack; empty where a boot is reported only.
    live: str
    stack: str
    values: Sequence[str]
    # Used in the advice on how to deploy the same content again after a failed boot.
    attempt: int = 0


class File(NamedTuple):
    path: str
    mode: str
    text: str


def digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def parse_pointer(text: str) -> Pointer:
    """@raise Altered"""
    head, _, lines = text.partition("\n")
    try:
        about = json.loads(head)
        pointer = Pointer(
            content=str(about["content"]),
            sums={name: (sum, int(count)) for sum, count, name in map(str.split, lines.splitlines())},
            live=str(about.get("live", "")),
            stack=str(about.get("stack", "")),
            values=[str(value) for value in about["values"]],
            attempt=int(about.get("attempt", 0)),
        )
    except (ValueError, KeyError, TypeError) as error:
        raise Altered(f"the pointer cannot be read: {error!r}") from None
    if digest(lines) != pointer.content:
        raise Altered("the pointer is not what was deployed")
    # They get into rules, nginx.conf and a file that the shell reads.
    for value in pointer.values:
        if re.search(r"[^ -~]|[;{}'\"\\$`#]", value):
            raise Altered(f"a value of the pointer may not stand in a file: {value!r}")
    return pointer


def decode(text: str, values: Sequence[str]) -> str:
    """A part's lines as they are in the file."""

    def meaning(match: re.Match[str]) -> str:
        word = match[1]
        if word in ("brace", "at"):
            return "{" if word == "brace" else "@("
        if int(word) >= len(values):
            raise Altered(f"value {word} is not in the pointer")
        return values[int(word)]

    return re.sub(r"@\((brace|at|\d+)\)", meaning, text)


def names_of(name: str, count: int) -> list[str]:
    """The names of a file's parts."""
    return [f"{name}.{number + 1}" for number in range(count)]


def part_names(pointer: Pointer) -> list[str]:
    return [part for name, (_, count) in pointer.sums.items() for part in names_of(name, count)]


def files_of(pointer: Pointer, found: Mapping[str, str]) -> list[File]:
    """The files in the parts; `found` holds the parts by name.

    @raise Altered if a part is not as deployed
    """
    files = []
    for name, (sum, count) in pointer.sums.items():
        parts = [found[part] for part in names_of(name, count)]
        if digest("".join(parts))[:32] != sum:
            raise Altered(f"{name} is not what was deployed")
        files += unpack("".join(parts)) if name == PACKED else [joined(name, parts, pointer.values)]
    return files


def joined(name: str, parts: list[str], values: Sequence[str]) -> File:
    text = ""
    for number, part in enumerate(parts):
        match = PART.fullmatch(part)
        if not match or match[1] != f"{number + 1}/{len(parts)}":
            raise Altered(f"{name}.{number + 1} is not a part of it")
        _, mode, path, lines = match.groups()
        text += decode(lines, values)
    return File(path, mode, text)


def unpack(text: str) -> list[File]:
    """The packed files. Parameter Store refuses two braces in a row, so each is written as a dot there."""
    words = iter(bz2.decompress(base64.b85decode(text.replace(".", "{"))).decode().split("\0"))
    return [File(path, mode, text) for path, mode, text in zip(words, words, words)]
