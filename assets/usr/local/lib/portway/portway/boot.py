"""The boot of a host, by user-data (fetch.py): what hosts with and without live changes have in common.

host.sh reports a boot to the URL in user-data, which belongs to the condition that the address waits for.
"""

import glob
import importlib
import os
import shutil
import sys
import time
from collections.abc import Callable

from portway import lock, paths, setting_up, signals, trees
from portway.deployed import Content, boot_url
from portway.files import read
from portway.say import say, say_once

# Why fetch.py could not read the content; it sets this.
unread = ""


def is_reported(url: str) -> bool:
    """Whether a report of this boot arrived: see signals.py."""
    return url in [read(mark).strip() for mark in glob.glob(f"{paths.STATE}/signalled-*")]


def apply(content: Content, url: str, set_up: Callable[[], str] = setting_up.set_up) -> str:
    """Sets up a content. Returns the reason of a failure, or nothing."""
    pointer = content.pointer
    try:
        setting_up.write(
            content.files,
            f"PORTWAY_CONTENT='{pointer.content}'\nPORTWAY_SIGNAL_URL='{url}'\nPORTWAY_ATTEMPT={pointer.attempt}\n",
        )
        return set_up()
    except OSError as error:
        # Makes room for the report on a full disk.
        shutil.rmtree(paths.STAGE, ignore_errors=True)
        return f"{error}"


def signal_failure(reason: str) -> None:
    """Reports to the URL in user-data that this boot has no content."""
    say(f"FAILED: {reason}")
    settings = {"PORTWAY_CONTENT": "unknown", "PORTWAY_SIGNAL_URL": boot_url()}
    for pause in (0, 3, 10, 20):
        time.sleep(pause)
        try:
            say(signals.send("FAILURE", reason, settings) or "signalled before")
            return
        except OSError as problem:
            say(f"not signalled: {problem}")


def again(reason: str) -> int:
    """Sets up the last good content. `reason`: why not the deployed one, if it is another."""
    # The good tree may be of before hosts read their content.
    if not os.path.exists(f"{paths.GOOD}/usr/local/lib/portway/portway/boot.py"):
        signal_failure(reason)
        return 1
    if reason:
        say("the last good content goes on")
    trouble = trees.damage(paths.GOOD)
    if trouble:
        say(f"the last good content is damaged: {trouble}")
    else:
        setting_up.copy(paths.GOOD)
        trouble = setting_up.set_up()
    # A deploy that made this boot must not wait in vain.
    if reason and not is_reported(boot_url()):
        signal_failure(reason)
    return 1 if trouble else 0


def unreadable() -> int:
    """Called by fetch.py."""
    return again(unread)


def run(command: Callable[[], int]) -> None:
    """Runs a command with the lock, and ends this program."""
    os.umask(0o077)
    # The loader has it already.
    if os.path.exists("/proc/self/fd/9"):
        lock.held.append(9)
    else:
        lock.hold()
    try:
        sys.exit(command())
    except (OSError, ValueError) as error:
        say_once(f"AWS cannot be asked: {signals.clean(f'{error}', 300)}")
        sys.exit(1)


def main(words: list[str]) -> None:
    """portway boot same|boot|again"""
    # Where changes reach the running host, a boot is one of them.
    is_live = os.path.exists(f"{os.path.dirname(__file__)}/content.py")
    importlib.import_module(f"portway.{'content' if is_live else 'named'}").main(words)
