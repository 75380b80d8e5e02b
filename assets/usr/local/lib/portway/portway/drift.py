"""How this host differs from the good tree; drift_rules.py and drift_nginx.py say how the engines do.

Rules are only listed if the kernel's change counter has moved since they were last found right, and systemd is only
asked which units are enabled if their folders have. Modules that take long to import are imported where something is
wrong. So a look at a quiet host costs little.
"""

import importlib
import os
import stat
import struct

from portway import fingerprint
from portway.commands import run
from portway.files import read, replace
from portway.paths import GOOD

UNITS = fingerprint.UNITS
NGINX = "/etc/nginx/nginx.conf"
PACKAGE = "/usr/local/lib/portway/portway"
# The folders of units in which all were enabled that must be.
UNITS_SEEN = "/run/portway-units-seen"


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
    # A host has the modules of its engines.
    for module in ("drift_rules", "drift_nginx"):
        if f"{PACKAGE}/{module}.py" in paths:
            importlib.import_module(f"portway.{module}").find(drift)
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
    before, folders = len(drift.words), f"{enabled} {[fingerprint.stamp(path) for path in fingerprint.UNIT_FOLDERS]}"
    if folders != read(UNITS_SEEN):
        for name, state in zip(enabled, states("is-enabled", enabled)):
            if state != "enabled":
                drift.words.append(f"{name} is {state or 'unknown to systemd'}")
            if state.startswith("masked"):
                drift.masked[name] = state
        if len(drift.words) == before:
            replace(UNITS_SEEN, folders)
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
