"""portway unblock ADDRESS: lets a source in again, and forgets what it did. On hosts with `protect`."""

import socket
import sys
import time

from portway.blocked import load
from portway.offenders import source_of

CONTROL = "/run/portway-protect/control"


def main(words: list[str]) -> None:
    try:
        (address,) = words
        source = source_of(address)
    except ValueError:
        sys.exit("usage: portway unblock ADDRESS")
    was_blocked = source in load()[1]
    try:
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as control:
            control.sendto(f"unblock {source}".encode(), CONTROL)
    except OSError as error:
        sys.exit(f"portway-protect cannot be asked: {error}. As root: systemctl restart portway-protect")
    for _ in range(50):
        if source not in load()[1]:
            print(f"{source} may come again" if was_blocked else f"{source} was not blocked")
            return
        time.sleep(0.1)
    sys.exit(f"{source} is still blocked: see journalctl -u portway-protect")
