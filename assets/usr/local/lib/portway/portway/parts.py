"""
The parts of a content, as Parameter Store holds them, and the pointer that names them.

The pointer's first line is JSON; each line after it is `<first 32 hex digits of SHA-256> <name>` of a part. `content` in that JSON is the
SHA-256 of these lines. A part `programs.N` is a piece of the packed programs. Any other holds lines of one file:

    #portway-part 1/2 0644 /etc/nginx/nginx.conf
    (lines)
    #portway-end

In these lines `@(brace)` stands for `{`, `@(at)` for `@(`, and `@(N)` for value N of the pointer, which CloudFormation filled in.
"""

import base64
import hashlib
import json
import re
import zlib
from collections.abc import Mapping, Sequence
from typing import NamedTuple

PART = re.compile(r"#portway-part (\d+)/(\d+) (0[0-7]{3}) (/\S+)\n(.*)#portway-end\s*", re.S)


# The pieces of a file by number: its mode, how many there are, and the text.
Pieces = dict[int, tuple[str, int, str]]


class Altered(ValueError):
    """The content that was read is not the one that was deployed."""

    pass


class Pointer(NamedTuple):
    content: str
    # The first half of the SHA-256 of each part, by the part's name.
    sums: Mapping[str, str]
    # The logical id of the condition that waits for this content.
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
            sums={name: sum for sum, name in (line.split() for line in lines.splitlines())},
            live=str(about["live"]),
            stack=str(about["stack"]),
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


def files_of(pointer: Pointer, found: Mapping[str, str]) -> list[File]:
    """The files in the parts; `found` holds the parts by name.

    @raise Altered if a part is not as deployed
    """
    for name, sum in pointer.sums.items():
        if digest(found[name])[:32] != sum:
            raise Altered(f"{name} is not what was deployed")
    packed: dict[int, str] = {}
    plain: dict[str, Pieces] = {}
    for name in pointer.sums:
        if name.startswith("programs."):
            packed[int(name[9:])] = found[name]
            continue
        match = PART.fullmatch(found[name])
        if not match:
            raise Altered(f"{name} is not a part")
        number, count, mode, path, lines = match.groups()
        plain.setdefault(path, {})[int(number)] = (mode, int(count), decode(lines, pointer.values))
    return [
        *unpack("".join(packed[number] for number in sorted(packed))),
        *(joined(path, pieces) for path, pieces in plain.items()),
    ]


def joined(path: str, pieces: Pieces) -> File:
    mode, count, _ = next(iter(pieces.values()))
    if sorted(pieces) != list(range(1, count + 1)):
        raise Altered(f"{path} has {count} parts, of which the pointer names {len(pieces)}")
    return File(path, mode, "".join(pieces[number][2] for number in sorted(pieces)))


def unpack(text: str) -> list[File]:
    """The files of the packed parts. Parameter Store refuses two braces in a row, so each is written as a dot there."""
    if not text:
        return []
    packed = zlib.decompress(base64.b85decode(text.replace(".", "{")))
    return [File(file["path"], file["mode"], file["text"]) for file in json.loads(packed)]
