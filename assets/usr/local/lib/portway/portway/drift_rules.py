"""How the kernel's rules differ from the good tree's, on hosts with iptables: see drift.py."""

import importlib

from portway import fingerprint
from portway.drift import Drift, can_set
from portway.files import read, replace
from portway.paths import GOOD

# The change counter and the tree for which rules were last found right.
SEEN = "/run/portway-rules-seen"


def find(drift: Drift) -> None:
    # Read before the rules: what changes while they are listed must be looked at again.
    kernel = [fingerprint.rules_generation().hex(), fingerprint.setting(fingerprint.TRACKING)]
    before, state = len(drift.words), f"{kernel} {fingerprint.stamp(GOOD)}"
    if state == read(SEEN):
        return
    # Large.
    rules = importlib.import_module("portway.rules")
    find_tracking(drift, rules.tracking_size())
    parts = rules.parts_of(f"{GOOD}/etc/portway")
    try:
        rules.prepare(parts)
        if any(part.plan(part.current) for part in parts):
            # Somebody may be writing right now.
            rules.prove(parts)
    except rules.RulesError as error:
        drift.words += words_of_rules(str(error))
    if len(drift.words) == before:
        replace(SEEN, state)


def find_tracking(drift: Drift, wanted: int) -> None:
    size = fingerprint.setting(fingerprint.TRACKING)
    if int(size or wanted) < wanted and can_set(fingerprint.TRACKING):
        drift.words.append(f"{fingerprint.TRACKING} is {size}, below {wanted}")


def words_of_rules(error: str) -> list[str]:
    """Which chains differ, for each tool, from what rules.py would do about it. Any other error is returned unchanged."""
    re = importlib.import_module("re")
    found = []
    for text in re.split(r"\n(?=\w+ is not as wanted)", error):
        name, is_difference, change = text.partition(" is not as wanted")
        chains = dict.fromkeys(re.findall(r"PORTWAY-[\w-]+", change))
        some = " ".join(list(chains)[:3]) + (" ..." if len(chains) > 3 else "")
        found.append(
            f"rules of {name}: {some or 'the table inet portway'}" if is_difference else " ".join(text.split())[:300]
        )
    return found
