"""Closes the HTTP and HTTPS forwards for maintenance and opens them again, without a deploy and without losing a
request.

Each server in nginx.conf includes a file of the folder below if it exists, so a restart of the host changes nothing.
"""

import ipaddress
import os
import re
import secrets
import shutil
import subprocess
import sys
import time
from collections.abc import Sequence

from portway import nginx
from portway.files import exchange, read

USAGE = (
    "portway maintenance on [ADDRESS...]   503 for everyone but these clients\n"
    "portway maintenance off\n"
    "portway maintenance                   tells which"
)
FOLDER = "/etc/portway/maintenance"
# The folder that will replace FOLDER, and afterwards the old one.
ASIDE = f"{FOLDER}.new"


def address(text: str) -> str:
    """The only form in which nginx writes a client's address."""
    found = ipaddress.ip_address(text)
    if getattr(found, "scope_id", None):
        raise ValueError(f"{text!r} must be an address without a zone")
    return str(getattr(found, "ipv4_mapped", None) or found)


def files_for(clients: Sequence[str], stamp: str) -> dict[str, str]:
    others = '"^(%s)$"' % "|".join(map(re.escape, clients))
    return {
        "plain.conf": f"if ($remote_addr !~ {others}) {{ return 503; }}",
        # A server with limits must answer from a location behind them.
        "limited.conf": f"if ($remote_addr !~ {others}) {{ rewrite ^ /.portway/503 last; }}",
        "stamp.conf": f'return 200 "closed {stamp}";',
        "clients": " ".join(clients),
    }


def close(clients: Sequence[str]) -> None:
    files = files_for([address(client) for client in clients], secrets.token_hex(8))
    os.mkdir(ASIDE)
    for name, text in files.items():
        with open(f"{ASIDE}/{name}", "w") as file:
            file.write(f"{text}\n")
    # Everything is on the disk before nginx can find any of it.
    os.sync()
    switch()


def switch() -> None:
    """A single system call, so that there is one state or the other whenever the power fails. Either may be missing."""
    if os.path.exists(FOLDER) and os.path.exists(ASIDE):
        exchange(FOLDER, ASIDE)
    elif os.path.exists(FOLDER):
        os.rename(FOLDER, ASIDE)
    else:
        os.rename(ASIDE, FOLDER)


def reload() -> None:
    """Waits until the running nginx reports the current stamp, or none. If it does not, the files of the configuration
    that it still uses are put back."""
    if not reloaded():
        switch()
        shutil.rmtree(ASIDE, ignore_errors=True)
        subprocess.run(["nginx", "-s", "reload"])
        sys.exit("portway: nginx goes on as before; see /var/log/portway/error.log")


def reloaded() -> bool:
    if subprocess.run(["nginx", "-s", "reload"]).returncode:
        return False
    stamp = read(f"{FOLDER}/stamp.conf")
    for _ in range(50):
        body = nginx.ask("/")
        if body in stamp if stamp else "closed" not in body:
            return True
        time.sleep(0.2)
    return False


def main(words: list[str]) -> None:
    if words and os.geteuid():
        sys.exit("portway: must be run by root")
    shutil.rmtree(ASIDE, ignore_errors=True)
    if words[:1] == ["on"]:
        try:
            close(words[1:])
        except ValueError as error:
            sys.exit(f"portway: {error}")
        except OSError as error:
            sys.exit(f"portway: the state could not be changed: {error}")
        reload()
    elif words == ["off"]:
        if os.path.exists(FOLDER):
            switch()
            reload()
    elif words:
        sys.exit(USAGE)
    shutil.rmtree(ASIDE, ignore_errors=True)
    clients = read(f"{FOLDER}/clients")
    closed = read(f"{FOLDER}/stamp.conf")
    print(f"maintenance: on except for {clients}".rstrip() if closed else "maintenance: off")
