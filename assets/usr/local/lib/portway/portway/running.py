"""How old the kernel and the nginx are that run: for `portway status`, and by `portway running` for the console, once for each
state. `portway verify` reads it there."""

import contextlib
import os
import re
import sys
import time
from typing import Any, Optional

from portway.commands import run
from portway.due import due
from portway.files import read, replace
from portway.say import clock

NGINX = "/run/nginx.pid"
# Switches security updates off: lib/host/updates.ts.
OFF = "/etc/apt/apt.conf.d/99portway-off"
# What the console was told, in this boot.
TOLD = "/run/portway/running"


def built(*paths: str) -> Optional[str]:
    """The day on which the first of these files that is there was built: packages keep that as its time."""
    for path in paths:
        with contextlib.suppress(OSError):
            return time.strftime("%F", time.gmtime(os.stat(path).st_mtime))
    return None


def running() -> dict[str, dict[str, Optional[str]]]:
    """The kernel, and nginx if it runs: not what is on the disk. None: its file does not say."""
    kernel = os.uname().release
    found = {
        "Linux": {"version": kernel, "built": built(f"/boot/vmlinuz-{kernel}", f"/lib/modules/{kernel}/modules.order")}
    }
    # Leads to the file that runs, even if it was replaced. Only root may look.
    program = f"/proc/{read(NGINX).strip() or 0}/exe"
    with contextlib.suppress(OSError):
        if os.path.basename(os.readlink(program)).startswith("nginx"):
            version = re.search(r"nginx/(\S+)", run(program, "-v").stderr)
            found["nginx"] = {"version": version[1] if version else None, "built": built(program)}
    return found


def words(found: dict[str, dict[str, Optional[str]]]) -> str:
    """`runs Linux 6.12.57 of 2026-11-05, nginx 1.26.3 of 2026-10-01`"""
    each = [
        f"{name} {one['version'] or 'unknown'}" + (f" of {one['built']}" if one["built"] else "")
        for name, one in found.items()
    ]
    return f"runs {', '.join(each)}"


def add(data: dict[str, Any], lines: list[str]) -> None:
    """What `portway status` tells programs, and people."""
    data["running"] = running()
    lines.append(words(data["running"]))
    why = read(OFF).partition("// ")[2].strip()
    if why:
        lines.append(f"security updates are off: {why}")


def main(arguments: list[str]) -> None:
    if arguments:
        sys.exit("usage: portway running")
    packages = due()
    text = words(running()) + (f"; a reboot is due for {', '.join(packages)}" if packages else "")
    if text == read(TOLD):
        return
    # The output is the console.
    print(f"portway {clock(time.time())} {text}", flush=True)
    with contextlib.suppress(OSError):
        os.makedirs(os.path.dirname(TOLD), exist_ok=True)
        replace(TOLD, text)
