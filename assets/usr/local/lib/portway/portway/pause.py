"""Stops Portway from changing the host for a while, for an operator's experiment.

Meanwhile it reverts nothing that others change, and no deploy reaches the host. A reboot ends the pause.
"""

import os
import re
import sys
import time

from portway.fingerprint import LONGEST_PAUSE, PAUSED, paused_until
from portway.say import clock, say

USAGE = "portway pause 30m|2h   leave the host alone, for a day at most\nportway pause off\nportway pause          tells which"
UNITS = {"s": 1, "m": 60, "h": 3600}


def seconds(text: str) -> int:
    """A duration such as 90s, 30m or 2h; 0 for others."""
    found = re.fullmatch(r"(\d{1,6})([smh])", text)
    size = int(found[1]) * UNITS[found[2]] if found else 0
    return size if 0 < size <= LONGEST_PAUSE else 0


def main(words: list[str]) -> None:
    if len(words) > 1:
        sys.exit(USAGE)
    if words and os.geteuid():
        sys.exit("portway: must be run by root")
    if words == ["off"]:
        if os.path.exists(PAUSED):
            os.remove(PAUSED)
            say("pause ended by hand")
    elif words:
        size = seconds(words[0])
        if not size:
            sys.exit(f"portway: pause takes a duration up to 24h, such as 30m or 2h, or off; got: {words[0]}")
        os.makedirs(os.path.dirname(PAUSED), exist_ok=True)
        with open(PAUSED, "w") as file:
            file.write(f"{int(time.time()) + size}\n")
        say(f"paused by hand until {clock(paused_until())}")
        return
    until = paused_until()
    print(f"paused until {clock(until)}" if until else "not paused")
