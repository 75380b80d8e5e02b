"""How this host differs from the good tree.

Rules are only listed if the kernel's change counter has moved since they were last found right, so a look at a quiet
host costs little.
"""

import importlib
import importlib.util
import os
import re
import stat
import struct

from portway import fingerprint
from portway.commands import run
from portway.files import read
from portway.paths import GOOD

UNITS = fingerprint.UNITS
NGINX = "/etc/nginx/nginx.conf"
# The change counter and the tree for which rules were last found right.
RULES_SEEN = "/run/portway-rules-seen"


class Drift:
    """What is not as it should be. `words` are for people; the rest is what host.sh's rollback does not do by itself."""

    # No dataclass: that module takes longer to import than the look takes.
    def __init__(self) -> None:
        self.words: list[str] = []
        self.modes: list[str] = []
        self.links: list[str] = []
        # The state of each, as systemctl names it: masked or masked-runtime.
        self.masked: dict[str, str] = {}
        self.certificates: list[str] = []


def find() -> Drift:
    drift = Drift()
    paths = fingerprint.files_of(GOOD)
    find_files(drift, paths)
    find_units(drift, paths)
    find_settings(drift, paths)
    if os.path.exists(f"{GOOD}/usr/local/lib/portway/metadata.sh"):
        find_metadata(drift)
    if os.path.exists(f"{GOOD}/usr/local/lib/portway/portway/rules.py"):
        find_rules(drift)
    if NGINX in paths:
        find_nginx(drift)
    return drift


def find_files(drift: Drift, paths: list[str]) -> None:
    for path in paths:
        try:
            own_file = os.lstat(path)
            # A masked unit is a link to /dev/null. What a link leads to is not ours.
            if stat.S_ISLNK(own_file.st_mode):
                drift.words.append(f"{path} is a link")
                drift.links.append(path)
                continue
            with open(GOOD + path, "rb") as good, open(path, "rb") as own:
                same = good.read() == own.read()
        except OSError:
            drift.words.append(f"{path} {'cannot be read' if os.path.lexists(path) else 'was removed'}")
            continue
        if not same:
            drift.words.append(f"{path} was edited")
        if (own_file.st_mode, own_file.st_uid) != (os.stat(GOOD + path).st_mode, 0):
            drift.words.append(f"{path} has another mode or owner")
            drift.modes.append(path)


def units_of(paths: list[str]) -> tuple[list[str], list[str]]:
    """The units that must be enabled, and those that must run all the time. Without nginx, which reports its state
    itself."""
    enabled, active = ["nginx.service"] if NGINX in paths else [], []
    for path in paths:
        name = os.path.basename(path)
        if os.path.dirname(path) != UNITS:
            continue
        text = read(GOOD + path)
        if "\n[Install]" in text:
            enabled.append(name)
            if name.endswith(".timer") or "\nType=oneshot" not in text:
                active.append(name)
    return enabled, active


def states(verb: str, names: list[str]) -> list[str]:
    """What systemctl reports for each; empty if it knows nothing."""
    words = run("systemctl", verb, *names).stdout.split() if names else []
    # systemctl prints no line for a unit without a file.
    return words if len(words) == len(names) else [run("systemctl", verb, name).stdout.strip() for name in names]


def find_units(drift: Drift, paths: list[str]) -> None:
    enabled, active = units_of(paths)
    for name, state in zip(enabled, states("is-enabled", enabled)):
        if state != "enabled":
            drift.words.append(f"{name} is {state or 'unknown to systemd'}")
        if state.startswith("masked"):
            drift.masked[name] = state
    for name, state in zip(active, states("is-active", active)):
        if state not in ("active", "activating", "reloading"):
            drift.words.append(f"{name} is {state or 'unknown to systemd'}")


def can_set(name: str) -> bool:
    """Not if the kernel has no such setting, nor in a container, where some settings belong to its host."""
    return os.access("/proc/sys/" + name.replace(".", "/"), os.W_OK)


def find_settings(drift: Drift, paths: list[str]) -> None:
    for path in paths:
        if not path.startswith("/etc/sysctl.d/"):
            continue
        for name, wanted in fingerprint.settings_of(read(GOOD + path)).items():
            if fingerprint.setting(name) != wanted and can_set(name):
                drift.words.append(f"{name} is {fingerprint.setting(name)}, not {wanted}")


def find_tracking(drift: Drift, wanted: int) -> None:
    size = fingerprint.setting(fingerprint.TRACKING)
    if int(size or wanted) < wanted and can_set(fingerprint.TRACKING):
        drift.words.append(f"{fingerprint.TRACKING} is {size}, below {wanted}")


def find_metadata(drift: Drift) -> None:
    rules = fingerprint.routing_rules()
    for version, family in (("4", 2), ("6", 10)):
        # See metadata.sh: who may ask, and nobody else.
        if os.path.exists(f"/proc/sys/net/ipv{version}") and not all(
            has_rule(rules, family, pref) for pref in (90, 91)
        ):
            drift.words.append(f"routing rules of the metadata service (IPv{version}) are missing")


def has_rule(rules: list[bytes], family: int, priority: int) -> bool:
    """Whether one has this priority: by its attribute FRA_PRIORITY."""
    attribute = struct.pack("=HHI", 8, 6, priority)
    return any(rule[0] == family and attribute in rule for rule in rules)


def find_rules(drift: Drift) -> None:
    # Read before the rules: what changes while they are listed must be looked at again.
    state = (fingerprint.rules_generation().hex(), fingerprint.setting(fingerprint.TRACKING), fingerprint.stamp(GOOD))
    seen = " ".join(map(str, state))
    if seen == read(RULES_SEEN):
        return
    # Not on every host, and large.
    rules = importlib.import_module("portway.rules")
    before = len(drift.words)
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
        with open(RULES_SEEN, "w") as file:
            file.write(seen)


def words_of_rules(error: str) -> list[str]:
    """Which chains differ, for each tool, from what rules.py would do about it. Any other error is returned unchanged."""
    found = []
    for text in re.split(r"\n(?=\w+ is not as wanted)", error):
        name, is_difference, change = text.partition(" is not as wanted")
        chains = dict.fromkeys(re.findall(r"PORTWAY-[\w-]+", change))
        some = " ".join(list(chains)[:3]) + (" ..." if len(chains) > 3 else "")
        found.append(
            f"rules of {name}: {some or 'the table inet portway'}" if is_difference else " ".join(text.split())[:300]
        )
    return found


def find_nginx(drift: Drift) -> None:
    drift.certificates = importlib.import_module("portway.certificate_copies").damaged(GOOD + NGINX)
    drift.words += [f"{path} is missing or damaged" for path in drift.certificates]
    if not importlib.import_module("portway.nginx").is_current():
        drift.words.append("nginx does not run its configuration")
    if importlib.util.find_spec("portway.kernel_findings"):
        kernel = importlib.import_module("portway.kernel_findings")
        # Some kernels cannot have them.
        if kernel.is_unbounded() and not run("nft", "-c", "-f", kernel.HEADS).returncode:
            drift.words.append("rules that bound slow requests are missing")
    if not fingerprint.has_address(fingerprint.SOURCE):
        drift.words.append(f"the route of {fingerprint.SOURCE} is missing")


def mend_certificates(paths: list[str]) -> None:
    importlib.import_module("portway.certificate_copies").mend(paths, GOOD + NGINX)
