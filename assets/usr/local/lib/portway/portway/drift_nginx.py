"""How nginx and what belongs to it differ from the good tree: see drift.py."""

import os

from portway import certificate_copies, fingerprint
from portway.commands import run
from portway.drift import NGINX, Drift
from portway.files import read, replace
from portway.nginx import is_current
from portway.paths import GOOD

# Rules that bound slow requests: see host.d/nginx.sh.
HEADS = "/etc/portway/heads.nft"
# The change counter of rules with which they were there.
SEEN = "/run/portway-heads-seen"


def find(drift: Drift) -> None:
    drift.certificates = certificate_copies.damaged(GOOD + NGINX)
    drift.words += [f"{path} is missing or damaged" for path in drift.certificates]
    find_running(drift)


def find_running(drift: Drift) -> None:
    if not is_current():
        drift.words.append("nginx does not run its configuration")
    rules = fingerprint.rules_generation().hex()
    if os.path.exists(HEADS) and rules != read(SEEN):
        # Some kernels cannot have them.
        if (
            run("nft", "list", "table", "inet", "portway_heads").returncode
            and not run("nft", "-c", "-f", HEADS).returncode
        ):
            drift.words.append("rules that bound slow requests are missing")
        else:
            replace(SEEN, rules)
    if not fingerprint.has_address(fingerprint.SOURCE):
        drift.words.append(f"the route of {fingerprint.SOURCE} is missing")
