"""Finds the networks of countries in a database, for fetched.py. On hosts with `Sources.countries`.

The database is a CSV or TSV file, also with gzip. Each line begins with the first and last address of a range, and its
country as two letters: `1.0.0.0,1.0.0.255,AU`.
"""

import gzip
import io
import ipaddress
import zlib
from collections.abc import Iterator
from typing import IO, Any

# Of the file as it is fetched, in bytes; of the text in it, in lines and in bytes a line. Databases of all countries have a
# tenth of it compressed, and half of it not.
LARGEST, LINES, LONGEST = 40_000_000, 3_000_000, 500


def lines(file: IO[bytes]) -> Iterator[tuple[int, list[str]]]:
    """The number of each line, and its first three words."""
    for number in range(1, LINES + 2):
        line = file.readline(LONGEST)
        if not line:
            return
        if number > LINES or len(line) == LONGEST:
            raise ValueError(f"line {number} is one too many, or too long")
        text = line.decode("latin1").replace("\t", ",").replace('"', "").strip()
        if text and not text.startswith("#"):
            yield number, [word.strip() for word in text.split(",")[:3]]


def networks(data: bytes, countries: str) -> list[str]:
    """The networks of the countries: `KP,RU`, or `-KR` if these are the only ones that may come. ValueError: it is no such
    database, or holds nothing of one of them."""
    codes = set(countries.strip("-").split(","))
    found: dict[int, list[Any]] = {4: [], 6: []}
    missing = set(codes)
    file: Any = gzip.open(io.BytesIO(data)) if data.startswith(b"\x1f\x8b") else io.BytesIO(data)
    try:
        for number, words in lines(file):
            if len(words) < 3:
                raise ValueError(f"line {number} is no range of a country: {','.join(words)[:60]!r}")
            if words[2] in codes:
                missing.discard(words[2])
                try:
                    first: Any = ipaddress.ip_address(words[0])
                    last: Any = ipaddress.ip_address(words[1])
                    found[first.version] += ipaddress.summarize_address_range(first, last)
                except (TypeError, ValueError):
                    raise ValueError(f"line {number} is no range: {','.join(words)[:60]!r}") from None
    except (EOFError, OSError, zlib.error) as error:
        raise ValueError(f"it is damaged: {error}") from None
    if missing:
        raise ValueError(f"it holds nothing of {', '.join(sorted(missing))}")
    return [f"{network}" for version in (4, 6) for network in ipaddress.collapse_addresses(found[version])]
