"""portway blocked [--json]: which sources are blocked, why and until when. On hosts with `protect`."""

import json
import sys
import time

from portway.commands import run
from portway.files import read
from portway.offenders import Block, Offenders

STATE = "/var/lib/portway/protect"
WHY = {
    "refused": "{number} requests refused with 429 in 10 s",
    "logins": "{number} failed logins in a minute",
    "connections": "{number} open connections, opened too fast",
}
LINE = "%-45s %-20s  %s"


def load() -> tuple[bool, dict[str, Block]]:
    """Whether sources are only reported, and those that are blocked now."""
    now = time.time()
    offenders = Offenders({}, [])
    text = read(STATE)
    offenders.restore(text, now)
    return text.startswith("dry-run\n"), offenders.blocked(now)


def clock(seconds: float) -> str:
    return time.strftime("%FT%TZ", time.gmtime(seconds))


def why(block: Block) -> str:
    return WHY.get(block.reason, block.reason).format(number=block.number)


def collect() -> list[str]:
    """For `portway status`."""
    is_dry, sources = load()
    if run("nft", "list", "chain", "inet", "portway_protect", "blocked").returncode:
        return ["nobody is blocked, since the table is not there: journalctl -u portway-protect"]
    if not sources:
        return []
    some = ", ".join(f"{source} ({why(block)})" for source, block in list(sources.items())[-3:])
    does = "would be" if is_dry else "are"
    return [f"{len(sources)} sources {does} blocked, the last ones: {some}. All: portway blocked"]


def main(words: list[str]) -> None:
    if words not in ([], ["--json"]):
        sys.exit("usage: portway blocked [--json]")
    is_dry, sources = load()
    if words:
        rows = [
            {
                **{"source": source, "reason": block.reason, "number": block.number, "level": block.level},
                **{"since": clock(block.since), "until": clock(block.until)},
            }
            for source, block in sources.items()
        ]
        print(json.dumps({"dryRun": is_dry, "blocked": rows}, indent=2))
        return
    if is_dry:
        print("protect.dryRun: these would be blocked")
    print(LINE % ("source", "until", "why"))
    for source, block in sources.items():
        print(LINE % (source, clock(block.until), why(block)))
