"""Whether newer packages wait for a reboot: a kernel, or a C library that some process still has the old one of. Debian's
and Ubuntu's files; on Amazon Linux only the library is found."""

import glob
import os
import re

from portway.files import read

# Written by kernel packages, and on Ubuntu by others.
REBOOT = "/run/reboot-required"
TIMER = "/etc/systemd/system/portway-reboot.timer"
# What the maps of a process say of a C library that is no longer on the disk.
OLD_LIBRARY = re.compile(r" r-xp .*/libc\.so\.6 \(deleted\)$", re.MULTILINE)


def runs_old_library(process: str) -> bool:
    """Not in a container, which has packages of its own. :param process: its folder in /proc"""
    try:
        own = os.path.samestat(os.stat(f"{process}/root/"), os.stat("/"))
    except OSError:
        # It has ended.
        return False
    return own and OLD_LIBRARY.search(read(f"{process}/maps")) is not None


def due() -> list[str]:
    """What waits, by the names of packages. Empty: nothing does."""
    packages = (read(f"{REBOOT}.pkgs").split() or ["unknown packages"]) if os.path.exists(REBOOT) else []
    if "libc6" not in packages and any(map(runs_old_library, glob.glob("/proc/[0-9]*"))):
        packages.append("libc6")
    return list(dict.fromkeys(packages))


def collect() -> list[str]:
    """What `portway status` warns of besides what updates.py does."""
    packages = due()
    window = re.search(r"^Description=.*, (.*)$", read(TIMER), re.MULTILINE)
    return [
        *(["a reboot is due: the old libc6 still runs"] if packages and not os.path.exists(REBOOT) else []),
        *([f"the reboot comes at {window[1]}"] if packages and window else []),
    ]
