"""What `portway status` warns of when newer packages do not reach what runs: updates that stopped, a kernel that waits
for a reboot, an nginx that still runs replaced files. Debian's and Ubuntu's files; on Amazon Linux nothing is found."""

import importlib
import importlib.util
import os
import re
import time

from portway.files import read

# Written by each run of unattended-upgrades; the timer of apt starts one a day.
RAN = "/var/lib/apt/periodic/unattended-upgrades-stamp"
# Switches them off: lib/host/updates.ts.
OFF = "/etc/apt/apt.conf.d/99portway-off"
REBOOT = "/run/reboot-required"
DAYS = 7


def age(path: str) -> float:
    """In days; below 0 if there is no such file, or the clock was set back."""
    try:
        return (time.time() - os.stat(path).st_mtime) / 86400
    except OSError:
        return -1


def replaced(maps: str) -> list[str]:
    """The names of programs and libraries in /proc/PID/maps that are no longer on the disk."""
    return sorted(set(re.findall(r" r-xp .*/(\S+) \(deleted\)$", maps, re.MULTILINE)))


def collect() -> list[str]:
    """The warnings."""
    found = []
    if age(RAN) > DAYS and age(OFF) < 0:
        found.append(
            f"security updates: none were looked for in {age(RAN):.0f} days: systemctl status apt-daily-upgrade"
        )
    if age(REBOOT) >= 0:
        packages = ", ".join(dict.fromkeys(read(REBOOT + ".pkgs").split())) or "unknown"
        found.append(f"a reboot is due for {age(REBOOT):.0f} days: {packages}")
    old = replaced(read(f"/proc/{read('/run/nginx.pid').strip() or 0}/maps"))
    if old:
        found.append(f"nginx still runs what was replaced on the disk: {', '.join(old)}: /etc/init.d/nginx upgrade")
    # Where there is room for it, and always with `reboot`.
    if importlib.util.find_spec("portway.due"):
        found += importlib.import_module("portway.due").collect()
    return found
