"""Sends the lines of logs to CloudWatch Logs, each log to a stream of its own. On hosts with `monitoring.logs`.

STATE says how far each log was sent: the time at which its last file that was sent to the end had been set aside (see rotate.py), and the
place in the next one. So lines are neither missed nor sent twice while logs are rotated and compressed, and while AWS does not
answer: they wait in the logs themselves, for as long as these are kept.

The hosts of a fleet write to the same streams, so each line says whose it is.
"""

import contextlib
import glob
import gzip
import json
import re
import time
from calendar import timegm
from collections.abc import Iterator, Mapping
from typing import IO, Any, Union

from portway.cloudwatch_send import BYTES, batches, put
from portway.files import read, replace

FOLDER = "/var/log/portway"
STATE = "/var/lib/portway/cloudwatch-logs.json"
# nginx writes a log that was set aside for a moment longer.
LATE = 30
# Seconds for all logs together; the next time goes on.
PATIENCE = 35
# The time of a line, in JSON, in the bootstrap log, or in nginx's own words.
TIME = re.compile(r"(\d{4})[-/](\d\d)[-/](\d\d)[T ](\d\d):(\d\d):(\d\d)(?:\.\d+)?(?:([+-])(\d\d):?(\d\d))?")
DAYS_BACK = 13

Place = dict[str, Any]


def time_of(line: str, before: int, now: float) -> int:
    """The time of a line in milliseconds since 1970. A line without one is of the time of the line before."""
    found = TIME.search(line[:100])
    if not found:
        return before
    *numbers, sign, hours, minutes = found.groups()
    at = timegm((*map(int, numbers), 0, 0, 0))
    if sign:
        at -= (3600 * int(hours) + 60 * int(minutes)) * (1 if sign == "+" else -1)
    # CloudWatch takes nothing that is much older, or of the future.
    return int(1000 * min(max(at, now - 86400 * DAYS_BACK), now))


def named(line: str, instance: str) -> str:
    """A line that says which instance wrote it: one more field of a line in JSON; any other line becomes JSON, so that one query
    asks for an instance in all logs."""
    if line.startswith('{"'):
        return f'{{"instance":"{instance}",{line[1:]}'
    return json.dumps({"instance": instance, "line": line}, ensure_ascii=False, separators=(",", ":"))


def set_aside(name: str) -> list[tuple[int, str]]:
    """The files of a log that were set aside, by the time of it."""
    found: dict[int, str] = {}
    for path in sorted(glob.glob(f"{FOLDER}/{name}.log-*")):
        # While one is compressed, there are both: the first is whole.
        found.setdefault(int(path.rpartition("-")[2].partition(".")[0]), path)
    return sorted(found.items())


def opened(path: str) -> Union[IO[bytes], gzip.GzipFile]:
    return gzip.open(path) if path.endswith(".gz") else open(path, "rb")


def begin(name: str) -> Place:
    """At the beginning of the present file."""
    return {"after": max([at for at, _ in set_aside(name)], default=0), "offset": 0, "head": ""}


def unsent(name: str, place: Place) -> Iterator[tuple[list[str], Place]]:
    """The lines that were not sent yet, as many at once as go into a request, and the place after them. Goes on when they are sent."""
    while True:
        aside = [one for one in set_aside(name) if one[0] > place["after"]]
        at, path = aside[0] if aside else (0, f"{FOLDER}/{name}.log")
        try:
            with opened(path) as file:
                head = file.read(100).partition(b"\n")[0].decode("latin1")
                if not head.startswith(place["head"]):
                    # The file was deleted before it was sent: this is the next.
                    print(f"portway cloudwatch: lines of {name}.log were deleted before they were sent", flush=True)
                    place = {**place, "offset": 0, "head": ""}
                file.seek(place["offset"])
                while data := file.read(BYTES // 2):
                    # Half a line waits. One that is longer than this is cut.
                    end = data.rfind(b"\n") + 1 or (len(data) if len(data) == BYTES // 2 else 0)
                    if not end:
                        break
                    lines = data[:end].decode("utf8", "replace").splitlines()
                    place = {**place, "offset": place["offset"] + end, "head": head}
                    yield [line for line in lines if line.strip()], place
                    file.seek(place["offset"])
        except (OSError, EOFError):
            # It is compressed or deleted just now: the next time there is one.
            return
        if not aside or time.time() - at / 1e9 < LATE:
            return
        place = {"after": at, "offset": 0, "head": ""}
        yield [], place


def load() -> dict[str, Place]:
    with contextlib.suppress(ValueError):
        state = json.loads(read(STATE))
        if isinstance(state, dict):
            return state
    return {}


def send(settings: Mapping[str, Any], instance: str) -> str:
    """Sends what is new. Returns what AWS did not like. `instance` is named in each line, if it is not empty.

    @raise as `put`
    """
    said, end = "", time.monotonic() + PATIENCE
    kept = load()
    state = {name: kept.get(name) or begin(name) for name in settings["names"]}
    if state != kept:
        replace(STATE, json.dumps(state))
    for name in state:
        before = int(time.time() * 1000)
        for lines, place in unsent(name, state[name]):
            events = []
            for line in lines:
                before = time_of(line, before, time.time())
                events.append([before, named(line, instance) if instance else line])
            for batch in batches(events):
                said = put(settings["group"], name, batch) or said
            state[name] = place
            replace(STATE, json.dumps(state))
            if time.monotonic() > end:
                return said
    return said
