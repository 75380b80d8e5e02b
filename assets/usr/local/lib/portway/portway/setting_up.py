"""Setting up a tree: all files of a content, or those of a former tree."""

import os
import re
import shutil
from collections.abc import Sequence

from portway import lock, paths, place
from portway.commands import SIGPIPE
from portway.files import forget, read, replace
from portway.parts import File

# Written by host.sh if it fails.
REASON = "/run/portway-failed"


def write(files: Sequence[File], settings: str) -> None:
    """Replaces the tree to set up. `settings` are added to those in the files."""
    shutil.rmtree(paths.STAGE, ignore_errors=True)
    for path, mode, text in files:
        if path == paths.SETTINGS:
            # Anyone with the URL can signal in the host's name.
            mode = "0600"
            text += settings
        place.put(text.encode(), int(mode, 8), paths.STAGE + path)


def copy(tree: str) -> None:
    """Makes a former tree the one to set up."""
    shutil.rmtree(paths.STAGE, ignore_errors=True)
    shutil.copytree(tree, paths.STAGE)
    # Made anew, from all files except itself.
    forget(paths.STAGE + paths.SUMS)
    # Reported results are not reported again.
    settings = paths.STAGE + paths.SETTINGS
    replace(settings, re.sub("^PORTWAY_SIGNAL_URL=.*$", "PORTWAY_SIGNAL_URL=''", read(settings), flags=re.M))


def set_up() -> str:
    """Lets host.sh of the staged tree set it up. Returns the reason of a failure, or nothing."""
    forget(REASON)
    host = paths.STAGE + paths.HOST
    # It holds the lock too, under the same number as at a boot.
    actions = [(os.POSIX_SPAWN_DUP2, file, 9) for file in lock.held]
    child = os.posix_spawn(host, [host, "stage"], os.environ, file_actions=actions, setsigdef=[SIGPIPE])
    code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    return (read(REASON).strip() or f"host.sh ended with {code}") if code else ""
