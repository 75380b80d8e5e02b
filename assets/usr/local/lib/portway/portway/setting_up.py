"""Setting up a tree: all files of a content, or those of a former tree."""

import os
import re
import shutil
import subprocess
from collections.abc import Sequence

from portway import lock, paths
from portway.files import read, replace
from portway.parts import File
from portway.say import LOG

LOGS = (LOG, "/run/portway-bootstrap.log")


def write(files: Sequence[File], settings: str) -> None:
    """Replaces the tree to set up. `settings` are added to those in the files."""
    shutil.rmtree(paths.STAGE, ignore_errors=True)
    for path, mode, text in files:
        if path == paths.SETTINGS:
            # Anyone with the URL can signal in the host's name.
            mode = "0600"
            text += settings
        os.makedirs(os.path.dirname(paths.STAGE + path), exist_ok=True)
        with open(paths.STAGE + path, "w", encoding="utf8") as file:
            file.write(text)
        os.chmod(paths.STAGE + path, int(mode, 8))


def copy(tree: str) -> None:
    """Makes a former tree the one to set up."""
    shutil.rmtree(paths.STAGE, ignore_errors=True)
    shutil.copytree(tree, paths.STAGE)
    # Made anew, from all files except itself.
    os.remove(paths.STAGE + paths.SUMS)
    # Reported results are not reported again.
    settings = paths.STAGE + paths.SETTINGS
    replace(settings, re.sub("^PORTWAY_SIGNAL_URL=.*$", "PORTWAY_SIGNAL_URL=''", read(settings), flags=re.M))


def set_up() -> str:
    """Lets host.sh of the staged tree set it up. Returns the reason of a failure, or nothing."""
    sizes = {log: os.path.getsize(log) if os.path.exists(log) else 0 for log in LOGS}
    code = subprocess.run([paths.STAGE + paths.HOST, "stage"], pass_fds=lock.held).returncode
    if code == 0:
        return ""
    for log in LOGS:
        # The first failure: later lines are about restoring the old content.
        match = re.search(r"^portway \S+ FAILED: (.*)", read_from(log, sizes[log]), re.M)
        if match:
            return match[1]
    return f"host.sh ended with {code}"


def read_from(path: str, start: int) -> str:
    """The end of a log, or all of it if it was recreated meanwhile."""
    try:
        with open(path, errors="replace") as file:
            if os.path.getsize(path) >= start:
                file.seek(start)
            return file.read()
    except OSError:
        return ""
