"""The content of a host with live changes: read from Parameter Store, set up by host.sh, reported to CloudFormation.

    boot     at each boot, by user-data (live_fetch.py): reads the content and sets it up, even if nothing changed
    again    the same if nothing can be read: sets up the last good content
    live     while the host runs (live.py): sets up what was deployed, if that is other content
    signal   sends CloudFormation the report that `live` left

host.sh also reports a boot to the URL in user-data, which belongs to the condition that the address waits for.
"""

import contextlib
import fcntl
import glob
import os
import re
import shutil
import subprocess
import sys
import time
import urllib.error
from typing import NamedTuple, Optional

from portway import aws, cut, fingerprint, history, old_workers, report, rollback, signals
from portway.files import read, replace
from portway.parts import File, Pointer, files_of, parse_pointer, part_names
from portway.reconcile import damage, say

STATE = "/var/lib/portway"
STAGE, GOOD = f"{STATE}/stage", f"{STATE}/good"
ENVIRONMENT = "/etc/portway/portway.env"
HOST = "/usr/local/lib/portway/host.sh"
UNIT = "portway-live.service"
# Written by loader.sh at this boot: the pointer's name, and the URL to report the boot to.
BOOT = "/run/portway/boot"
# The pointer's text for the content that runs.
CURRENT = f"{STATE}/pointer"
# The content that failed last. It is tried again at a boot, or after other content was deployed in between.
FAILED = f"{STATE}/live-failed"
LOGS = ("/var/log/portway/bootstrap.log", "/run/portway-bootstrap.log")
LOCK = "/run/portway.lock"
# The content in the tag that differs from the pointer, and since when.
WAITING = "/run/portway/waiting"
# What failed the last time.
TROUBLE = "/run/portway/trouble"
# Why live_fetch.py could not read it; it sets this.
unread = ""
# How many digits of the content's hash are in its condition's name.
DIGITS = 16
# For 75 s: parameters may become visible a little after they were written.
PAUSES = (0, 1, 2, 4, 8, 15, 20, 25)
# GetParameters accepts no more.
BATCH = 10
# After this time, nobody waits for the report of a boot.
BOOT_SECONDS = 1200


class Unreadable(OSError):
    """The content could not be read. `pointer` is what is known of it."""

    def __init__(self, reason: str, pointer: Optional[Pointer]):
        super().__init__(reason)
        self.pointer = pointer


class Content(NamedTuple):
    pointer: Pointer
    text: str
    files: list[File]


def say_once(text: str) -> None:
    """Logs a repeated problem only once, since a host may be offline for weeks."""
    if read(TROUBLE) != text:
        say(text)
        replace(TROUBLE, text)


def setting(tree: str, name: str) -> str:
    match = re.search(f"^{name}='(.*)'$", read(tree + ENVIRONMENT), re.M)
    return match[1] if match else ""


def hold_lock() -> None:
    """Holds the lock until this program ends; programs that it starts hold it too. The loader's runs have it already."""
    lock = os.open(LOCK, os.O_RDWR | os.O_CREAT, 0o600)
    fcntl.flock(lock, fcntl.LOCK_EX)
    os.dup2(lock, 9)


# --- reading


def pointer_name() -> str:
    return read(BOOT).split("\n")[0]


def boot_url() -> str:
    return read(BOOT).split("\n")[1]


def parameters(names: list[str]) -> dict[str, str]:
    found: dict[str, str] = {}
    for start in range(0, len(names), BATCH):
        answer = aws.call("ssm", "AmazonSSM.GetParameters", {"Names": names[start : start + BATCH]})
        if answer["InvalidParameters"]:
            raise OSError(f"not found: {' '.join(answer['InvalidParameters'])}")
        found.update({one["Name"]: one["Value"] for one in answer["Parameters"]})
    return found


def read_pointer() -> str:
    name = pointer_name()
    return parameters([name])[name]


def read_tag() -> str:
    """The content in the instance's tag; empty if the instance shows no tags."""
    token = aws.metadata("api/token", "PUT", **{"token-ttl-seconds": "60"})
    try:
        return aws.metadata("meta-data/tags/instance/portway:content", token=token).strip()
    except urllib.error.HTTPError as error:
        if error.code != 404:
            raise
        return ""


def check_tag(pointer: Pointer) -> None:
    """Write access to parameters alone must not make anyone root here. During a deploy, either of the two may be older."""
    tag = read_tag()
    if tag not in ("", pointer.content):
        raise OSError("the instance's tag names another content than the pointer")


def read_content() -> Content:
    """@raise Unreadable"""
    pointer = None
    reason = ""
    for pause in PAUSES:
        time.sleep(pause)
        try:
            text = read_pointer()
            pointer = parse_pointer(text)
            check_tag(pointer)
            place = pointer_name().rsplit("/", 2)[0]
            found = parameters([f"{place}/{name}" for name in part_names(pointer)])
            parts = {name[len(place) + 1 :]: value for name, value in found.items()}
            return Content(pointer, text, files_of(pointer, parts))
        # Whatever went wrong, the deploy must be told.
        except Exception as error:
            if f"{error}" != reason:
                say(f"the content cannot be read: {error}")
            reason = f"{error}" or type(error).__name__
    raise Unreadable(f"the content could not be read: {reason}", pointer)


# --- setting up


def write_tree(content: Content, url: str) -> None:
    """Replaces the tree to set up."""
    shutil.rmtree(STAGE, ignore_errors=True)
    for path, mode, text in content.files:
        if path == ENVIRONMENT:
            # Anyone with the URL can signal in the host's name.
            mode = "0600"
            text += f"PORTWAY_CONTENT='{content.pointer.content}'\nPORTWAY_SIGNAL_URL='{url}'\n"
            text += f"PORTWAY_ATTEMPT={content.pointer.attempt}\n"
        os.makedirs(os.path.dirname(STAGE + path), exist_ok=True)
        with open(STAGE + path, "w", encoding="utf8") as file:
            file.write(text)
        os.chmod(STAGE + path, int(mode, 8))


def apply(content: Content, url: str) -> str:
    """Sets up a content. Returns the reason of a failure, or nothing."""
    try:
        write_tree(content, url)
        reason = set_up()
        if not reason:
            # host.sh has exchanged the trees.
            cut.after_change(STAGE)
        return reason
    except OSError as error:
        # Makes room for the report on a full disk.
        shutil.rmtree(STAGE, ignore_errors=True)
        return f"{error}"


def set_up() -> str:
    """Runs host.sh of the staged tree. Returns the reason of a failure, or nothing."""
    sizes = {log: os.path.getsize(log) if os.path.exists(log) else 0 for log in LOGS}
    code = subprocess.run([f"{STAGE}{HOST}", "stage"], pass_fds=(9,)).returncode
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


def start_resident() -> None:
    """Through /run, and never enabled: a host that is rolled back to another kind of content must not keep it."""
    text, target = read(f"{GOOD}/usr/local/lib/portway/{UNIT}"), f"/run/systemd/system/{UNIT}"
    if not text:
        return
    if text != read(target):
        os.makedirs(os.path.dirname(target), exist_ok=True)
        replace(target, text)
        subprocess.run(["systemctl", "daemon-reload"])
    subprocess.run(["systemctl", "start", "--no-block", UNIT])


# --- what became of it


def is_reported(url: str) -> bool:
    """Whether a report of this boot arrived: see signals.py."""
    return url in [read(mark).strip() for mark in glob.glob(f"{STATE}/signalled-*")]


def succeeded(content: Content, is_first: bool) -> None:
    """`is_first`: nothing was reported of this boot yet, so what an earlier stack or an image left does not count."""
    # A value from CloudFormation may change alone, and then nobody waits for a report. First, since the power may fail.
    if is_first or f'"content":"{content.pointer.content}"' not in read(CURRENT):
        report.keep("SUCCESS", content.pointer)
    replace(CURRENT, content.text)
    forget(FAILED)
    # The next look tries it again.
    with contextlib.suppress(OSError):
        history.keep()
    ended = old_workers.limit()
    if ended:
        say(f"nginx: {ended} old workers with their connections were ended")


def failed(pointer: Pointer, reason: str) -> None:
    replace(FAILED, f"{pointer.content}\n")
    # Nobody waits for a report of what runs already.
    if pointer.content != setting(GOOD, "PORTWAY_CONTENT"):
        report.keep("FAILURE", pointer, reason)


def forget(path: str) -> None:
    with contextlib.suppress(FileNotFoundError):
        os.remove(path)


def try_to_send() -> int:
    """0 if nothing is left to send."""
    try:
        said = report.send()
    except Exception as error:
        # Nothing waits for it yet, so it is sent again later.
        if "ValidationError" not in f"{error}":
            say_once(f"CloudFormation: {error}")
        return 1
    if said:
        say(said)
    return 0


# --- the commands


def boot() -> int:
    url = boot_url()
    is_first = not is_reported(url)
    try:
        content = read_content()
        if is_first:
            report.check_right(content.pointer)
    except OSError as error:
        # The good tree may be of before there were live changes.
        if os.path.exists(f"{GOOD}/usr/local/lib/portway/{UNIT}"):
            return again(f"{error}")
        signal_failure(f"{error}")
        return 1
    reason = apply(content, url if is_first else "")
    if reason:
        failed(content.pointer, reason)
    else:
        succeeded(content, is_first)
    return 1 if reason else 0


def signal_failure(reason: str) -> None:
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
    say("the last good content goes on")
    trouble = damage(GOOD)
    if trouble:
        say(f"the last good content is damaged: {trouble}")
    else:
        rollback.stage(GOOD)
        trouble = set_up()
    # A deploy that made this boot must not wait in vain.
    if reason and not is_reported(boot_url()):
        signal_failure(reason)
    return 1 if trouble else 0


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
        if pointer.content == read(FAILED).strip():
            return 0
        runs = pointer.content == setting(GOOD, "PORTWAY_CONTENT")
        if runs and os.path.exists(FAILED):
            # As live.py does by the tag: if the deploy comes again, it must not meet its old report.
            forget(FAILED)
            forget(report.FILE)
        # The good tree is a newer one where a rollback came before its change was told.
        if runs and text == read(CURRENT):
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
    if tag in ("", setting(GOOD, "PORTWAY_CONTENT"), read(FAILED).strip()):
        say_once(reason)
        return 1
    since, _, waiting = read(WAITING).partition(" ")
    if waiting != tag:
        replace(WAITING, f"{time.monotonic():.0f} {tag}")
    elif time.monotonic() - int(since) > sum(PAUSES):
        say(f"FAILED: {reason}")
        # See reconcile.fetch_anew.
        old = parse_pointer(read(CURRENT).rstrip())
        failed(old._replace(content=tag, live=old.live[:-DIGITS] + tag[:DIGITS]), reason)
        try_to_send()
    return 1


def change(text: str) -> Optional[int]:
    """Sets up what the pointer names now. Returns None if it changes meanwhile."""
    url = boot_url()
    is_first = not is_reported(url)
    try:
        content = read_content()
    except Unreadable as error:
        if error.pointer is None:
            return 1
        reason, pointer = f"{error}", error.pointer
    else:
        pointer, text = content.pointer, content.text
        # The condition of a change waits for five minutes.
        os.environ["PORTWAY_SECONDS"] = "240"
        reason = apply(content, url if is_first else "")
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
    reason = f"paused by portway pause until {time.strftime('%H:%MZ', time.gmtime(until))}"
    say(f"FAILED: {reason}")
    failed(pointer, reason)
    try_to_send()
    return True


def main(words: list[str]) -> None:
    """portway content boot|again|live|signal"""
    command = {"boot": boot, "again": lambda: again(unread), "live": live, "signal": try_to_send}.get(" ".join(words))
    if command is None:
        sys.exit(f"usage: {main.__doc__}")
    os.umask(0o077)
    # The loader holds the lock already.
    if command is not try_to_send and not os.path.exists("/proc/self/fd/9"):
        hold_lock()
    try:
        sys.exit(command())
    except (OSError, ValueError) as error:
        say_once(f"AWS cannot be asked: {signals.clean(f'{error}', 300)}")
        sys.exit(1)
    finally:
        # Even if the disk is full. Without a good tree of a live host there is nothing to start.
        if words[0] in ("boot", "again"):
            start_resident()
