"""Copies of nginx's certificates, so that a removed or damaged one comes back with the same key.

The files in /etc/portway/tls are made on the host or fetched by it, so the good tree does not contain them.
"""

import os

from portway import place
from portway.commands import run
from portway.files import read

COPIES = "/var/lib/portway/tls"
# The functions of host.sh for nginx, in the tree of this program.
NGINX_SH = os.path.join(os.path.dirname(os.path.dirname(os.path.realpath(__file__))), "host.d", "nginx.sh")


def certificates_of(configuration: str) -> list[str]:
    words = map(str.split, configuration.splitlines())
    return sorted({line[1].rstrip(";") for line in words if line[:1] == ["ssl_certificate"]})


def call(function: str, path: str) -> bool:
    done = run("bash", "-c", f'. "$0"; {function} "$1"', NGINX_SH, path)
    print(done.stdout + done.stderr, end="")
    return done.returncode == 0


def copy(path: str, target: str) -> None:
    os.makedirs(os.path.dirname(target), 0o700, exist_ok=True)
    place.put(read(path).encode(), 0o600, target)


def damaged(configuration: str) -> list[str]:
    """The missing and damaged certificates among those that an nginx.conf (its path) names. Copies those that are new."""
    found = []
    for path in certificates_of(read(configuration)):
        kept = f"{COPIES}/{os.path.basename(path)}"
        pem = read(path)
        if pem and pem == read(kept):
            continue
        # The first line of a certificate that nginx.sh made in place of another one, whose copy is better.
        stands_in = pem.startswith("# stands in")
        if (stands_in and os.path.exists(kept)) or not call("takes", path):
            found.append(path)
        elif not stands_in:
            copy(path, kept)
    return found


def mend(paths: list[str], configuration: str) -> None:
    """Restores copies, and makes certificates where there is no copy."""
    for path in paths:
        kept = f"{COPIES}/{os.path.basename(path)}"
        if os.path.exists(kept):
            copy(kept, path)
    call("mend_certificates", configuration)
    # A running nginx may have loaded a replacement.
    run("systemctl", "try-reload-or-restart", "nginx")
