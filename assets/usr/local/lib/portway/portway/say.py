"""What the log and the console are told."""

import contextlib
import time

from portway.files import read, replace

LOG = "/var/log/portway/bootstrap.log"
# What failed the last time.
TROUBLE = "/run/portway/trouble"


def clock(seconds: float) -> str:
    return time.strftime("%FT%TZ", time.gmtime(seconds))


def say(text: str) -> None:
    line = f"portway {clock(time.time())} {text}"
    print(line, flush=True)
    # A full disk of logs must not end the run.
    with contextlib.suppress(OSError), open(LOG, "a") as file:
        file.write(f"{line}\n")


def say_once(text: str) -> None:
    """Says a repeated problem only once, since a host may be offline for weeks."""
    if read(TROUBLE) != text:
        say(text)
        replace(TROUBLE, text)
