"""The content of a host with live changes: read from Parameter Store, set up by host.sh, reported to CloudFormation.

    boot     at each boot, by user-data (fetch.py): reads the content and sets it up, even if nothing changed
    again    the same if nothing can be read: sets up the last good content
    live     while the host runs (live.py): sets up what was deployed, if that is other content
    signal   sends CloudFormation the report that `live` left

host.sh also reports a boot to the URL in user-data, which belongs to the condition that the address waits for.
"""

import os
import sys
import time
from typing import Optional

from portway import commands, cut, fingerprint, paths, report, trees
from portway.boot import again, apply, is_reported, run, unreadable
from portway.deployed import PAUSES, Unreadable, boot_url, read_content, read_pointer, read_tag
from portway.files import forget, read, replace
from portway.outcome import failed, succeeded, try_to_send
from portway.parts import Pointer, parse_pointer
from portway.say import TROUBLE, say, say_once

UNIT = "portway-live.service"
# The content in the tag that differs from the pointer, and since when.
WAITING = "/run/portway/waiting"
# How many digits of the content's hash are in its condition's name.
DIGITS = 16
# After this time, nobody waits for the report of a boot.
BOOT_SECONDS = 1200


def start_resident() -> None:
    """Through /run, and never enabled: a host that is rolled back to another kind of content must not keep it."""
    text, target = read(f"{paths.GOOD}/usr/local/lib/portway/{UNIT}"), f"/run/systemd/system/{UNIT}"
    if not text:
        return
    if text != read(target):
        is_known = os.path.exists(target)
        os.makedirs(os.path.dirname(target), exist_ok=True)
        replace(target, text)
        # systemd finds a new unit by itself, and a reload takes seconds on a small host.
        if is_known:
            commands.run("systemctl", "daemon-reload")
    commands.run("systemctl", "start", "--no-block", UNIT)


# --- the commands


def boot() -> int:
    url = boot_url()
    is_first = not is_reported(url)
    try:
        content = read_content()
        if is_first:
            report.check_right(content.pointer)
    except OSError as error:
        return again(f"{error}")
    reason = apply(content, url if is_first else "", cut.set_up)
    if reason:
        failed(content.pointer, reason)
    else:
        succeeded(content, is_first)
        # The condition of this content waits as soon as the boot is reported: often by now.
        try_to_send()
    return 1 if reason else 0


def live() -> int:
    while True:
        tag = read_tag()
        try:
            text = read_pointer()
            pointer = parse_pointer(text)
        except (OSError, ValueError) as error:
            return wait(tag, f"{error}")
        if tag not in ("", pointer.content):
            return wait(tag, "the pointer names another content than the instance's tag")
        forget(WAITING)
        forget(TROUBLE)
        if pointer.content == read(paths.FAILED).strip() and not any(
            one.is_due(pointer) for one in cut.load("portway.behind")
        ):
            return 0
        runs = pointer.content == trees.content_of(paths.GOOD)
        if runs and os.path.exists(paths.FAILED):
            # As live.py does by the tag: if the deploy comes again, it must not meet its old report.
            forget(paths.FAILED)
            forget(report.FILE)
        # The good tree is a newer one where a rollback came before its change was told.
        if runs and text == read(paths.POINTER):
            # A boot that could read nothing, or whose signal was lost, is still waited for.
            if is_reported(boot_url()) or time.monotonic() > BOOT_SECONDS:
                return 0
        say(f"content {pointer.content} was deployed")
        if is_paused(pointer):
            return 1
        result = change(text)
        # Meanwhile a rollback or the next deploy may have changed what is wanted.
        if result is not None:
            return result


def wait(tag: str, reason: str) -> int:
    """Parameters and tag may become visible one after the other, and a rollback changes them one by one. After some
    time, the deploy is told. The name of its condition differs from the previous content's only at its end."""
    if tag in ("", trees.content_of(paths.GOOD), read(paths.FAILED).strip()):
        say_once(reason)
        return 1
    since, _, waiting = read(WAITING).partition(" ")
    if waiting != tag:
        replace(WAITING, f"{time.monotonic():.0f} {tag}")
    elif time.monotonic() - int(since) > sum(PAUSES):
        # See reconcile.fetch_anew.
        old = parse_pointer(read(paths.POINTER).rstrip())
        refuse(old._replace(content=tag, live=old.live[:-DIGITS] + tag[:DIGITS]), reason)
    return 1


def refuse(pointer: Pointer, reason: str) -> None:
    """Of a content that is not even tried."""
    say(f"FAILED: {reason}")
    failed(pointer, reason)
    try_to_send()


def change(text: str) -> Optional[int]:
    """Sets up what the pointer names now. Returns None if it changes meanwhile."""
    url = boot_url()
    is_first = not is_reported(url)
    try:
        content = read_content(text)
    except Unreadable as error:
        if error.pointer is None:
            return 1
        reason, pointer = f"{error}", error.pointer
    else:
        pointer, text = content.pointer, content.text
        # The condition of a change waits for five minutes.
        os.environ["PORTWAY_SECONDS"] = "240"
        reason = apply(content, url if is_first else "", cut.set_up)
    if has_moved(text):
        return None
    if reason:
        failed(pointer, reason)
    else:
        succeeded(content, is_first)
    try_to_send()
    return 1 if reason else 0


def has_moved(text: str) -> bool:
    try:
        return read_pointer() != text
    # What was set up must be reported in any case.
    except Exception:
        return False


def is_paused(pointer: Pointer) -> bool:
    """An operator has paused changes. A deploy is told so, instead of waiting until the pause ends."""
    until = fingerprint.paused_until()
    if not until:
        return False
    refuse(pointer, f"paused by portway pause until {time.strftime('%H:%MZ', time.gmtime(until))}")
    return True


def main(words: list[str]) -> None:
    """portway content boot|again|live|signal"""
    command = {"boot": boot, "again": unreadable, "live": live, "signal": try_to_send}[words[0]]
    if command is try_to_send:
        sys.exit(command())
    try:
        run(command)
    finally:
        # Even if the disk is full. Without a good tree of a live host there is nothing to start.
        if words[0] in ("boot", "again"):
            start_resident()
