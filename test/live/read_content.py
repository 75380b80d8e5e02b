"""Reads contents as a live host does: stdin has a list of { pointer, parts }, stdout gets each one's files. The argument is assets' Python."""

import json
import sys

sys.path.insert(0, sys.argv[1])
import fetch  # noqa: E402
from portway import parts  # noqa: E402


def programs_by_the_loader(pointer: str, found: "dict[str, str]") -> "list[dict[str, str]]":
    """What the program in user-data unpacks before the host's own programs are there."""
    if " programs" not in pointer:
        return []
    place = "/portway/Portway/"
    fetch.parameters = lambda names: [pointer if name.endswith("/now") else found[name[len(place) :]] for name in names]
    fetch.metadata = lambda path: fetch.digest(pointer.partition("\n")[2])
    words = iter(fetch.programs(f"{place}0123456789abcdef/now", ""))
    return [{"path": path, "mode": mode, "text": text} for path, mode, text in zip(words, words, words)]


def read(given: "dict[str, object]") -> "dict[str, object]":
    text, found = given["pointer"], given["parts"]
    pointer = parts.parse_pointer(text)
    files = [file._asdict() for file in parts.files_of(pointer, found)]
    return {"about": pointer._asdict(), "files": files, "loader": programs_by_the_loader(text, found)}


json.dump([read(given) for given in json.load(sys.stdin)], sys.stdout)
