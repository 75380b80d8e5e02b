"""Copies of nginx's certificates, so that a removed or damaged one comes back with the same key.

The files in /etc/portway/tls are made on the host or fetched by it, so the good tree does not contain them.
"""

import os
import re
import shutil
import subprocess

from portway.files import read

COPIES = "/var/lib/portway/tls"
# The functions of host.sh for nginx, in the tree of this program.
NGINX_SH = os.path.join(os.path.dirname(os.path.dirname(os.path.realpath(__file__))), "host.d", "nginx.sh")


def certificates_of(configuration: str) -> list[str]:
    return sorted(set(re.findall(r"^ *ssl_certificate (.*);$", configuration, re.M)))


def call(function: str, path: str) -> bool:
    return (
        subprocess.run(["bash", "-c", f'. "$0"; {function} "$1"', NGINX_SH, path], stdin=subprocess.DEVNULL).returncode
        == 0
    )


def put(path: str, target: str) -> None:
    """Leaves the old file or the new one, whenever the power fails."""
    os.makedirs(os.path.dirname(target), mode=0o700, exist_ok=True)
    new = f"{target}.new"
    with open(path) as file, open(os.open(new, os.O_CREAT | os.O_WRONLY | os.O_TRUNC, 0o600), "w") as copy:
        shutil.copyfileobj(file, copy)
        copy.flush()
        os.fsync(copy.fileno())
    if os.path.isdir(target):
        shutil.rmtree(target)
    os.replace(new, target)


def damaged(configuration: str) -> list[str]:
    """The missing and damaged certificates among those that an nginx.conf (its path) names. Copies those that are new."""
    found = []
    for path in certificates_of(read(configuration)):
        copy = f"{COPIES}/{os.path.basename(path)}"
        pem = read(path)
        if pem and pem == read(copy):
            continue
        # The first line of a certificate that nginx.sh made in place of another one, whose copy is better.
        stands_in = pem.startswith("# stands in")
        if (stands_in and os.path.exists(copy)) or not call("takes", path):
            found.append(path)
        elif not stands_in:
            put(path, copy)
    return found


def mend(paths: list[str], configuration: str) -> None:
    """Restores copies, and makes certificates where there is no copy."""
    for path in paths:
        copy = f"{COPIES}/{os.path.basename(path)}"
        if os.path.exists(copy):
            put(copy, path)
    call("mend_certificates", configuration)
    # A running nginx may have loaded a replacement.
    subprocess.run(["systemctl", "try-reload-or-restart", "nginx"])
