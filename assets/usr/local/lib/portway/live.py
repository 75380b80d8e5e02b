#!/usr/bin/python3 -IBSu
"""Watches a host with live changes: learns of new content by the instance's tag, and starts other programs to do the
work.

It is resident, so it must stay small: it asks the metadata service every second, over a plain socket. Child processes do
whatever needs TLS or takes time.
"""

import _socket
import importlib
import os
import sys
import time

STATE = "/var/lib/portway"
SETTINGS = f"{STATE}/good/etc/portway/portway.env"
FAILED = f"{STATE}/live-failed"
SIGNAL = f"{STATE}/live-signal"
# Begins with the seconds since the boot at which something has drained: see portway/cut.py.
DRAINING = "/run/portway/draining"
PROGRAMS = "/usr/local/lib/portway"
FINGERPRINT = f"{PROGRAMS}/portway/fingerprint.py"
PORTWAY = (f"{STATE}/good/usr/local/bin/portway", "/usr/local/bin/portway")
METADATA = "169.254.169.254"
TAG = "/latest/meta-data/tags/instance/portway:content"
# How often it asks for the tag, and looks for what others changed.
SECONDS, HOST_SECONDS = 1, 2
# A token is valid for six hours.
TOKEN_SECONDS = 21600
# How often it looks at the pointer in addition to the tag, and if the instance shows no tags: more often after a
# failure, since a deploy that goes back and comes again at once must not be missed.
LOOK_SECONDS, POLL_SECONDS, RETRY_SECONDS = 300, 30, 10
SIGNAL_SECONDS = 3
# Content that cannot be set up yet is tried again at growing intervals.
LONGEST_PAUSE = 30


class Schedule:
    """Decides what to do next. Times are in seconds, of a clock that nobody sets."""

    def __init__(self, now: float):
        self.looked = now
        self.signalled = now - SIGNAL_SECONDS
        self.tag = ""
        self.due = now
        self.pause = 1

    def next(self, now: float, tag: str, good: str, failed: str, is_pending: bool) -> str:
        """live, signal, forget (the content that failed), or nothing.

        :param tag: the content in the instance's tag; `-` if it has none, empty if there was no answer :param good: the
        content that runs :param failed: the content that failed last
        """
        named = tag if tag != "-" else ""
        if failed and named == good:
            return "forget"
        if named not in ("", good, failed):
            if named != self.tag:
                self.tag, self.due, self.pause = named, now, 1
            if now >= self.due:
                self.pause = min(self.pause * 2, LONGEST_PAUSE)
                self.due = now + self.pause
                self.looked = now
                return "live"
        elif named:
            self.tag = ""
        if is_pending and now - self.signalled >= SIGNAL_SECONDS:
            self.signalled = now
            return "signal"
        polls = RETRY_SECONDS if failed else POLL_SECONDS
        if now - self.looked >= (polls if tag == "-" else LOOK_SECONDS):
            self.looked = now
            return "live"
        return ""


class Metadata:
    """The metadata service, without the memory that urllib takes."""

    def __init__(self) -> None:
        self.token = ""

    def ask(self, method: str, path: str, header: str) -> "tuple[int, str]":
        """The status and the text."""
        client = _socket.socket(_socket.AF_INET, _socket.SOCK_STREAM)
        try:
            client.settimeout(2)
            client.connect((METADATA, 80))
            # Not HTTP/1.1, which would allow an answer in chunks.
            client.send(
                f"{method} {path} HTTP/1.0\r\nHost: {METADATA}\r\nX-aws-ec2-metadata-token{header}\r\n\r\n".encode()
            )
            answer = b""
            while piece := client.recv(4096):
                answer += piece
        finally:
            client.close()
        head, _, text = answer.decode().partition("\r\n\r\n")
        return int(head.split()[1]), text.strip()

    def tag(self) -> str:
        """The content in the tag; `-` if the instance shows none, empty if there was no answer."""
        try:
            for _ in range(2):
                status, text = self.ask("GET", TAG, f": {self.token}") if self.token else (401, "")
                if status == 200:
                    return text
                if status == 404:
                    return "-"
                status, self.token = self.ask("PUT", "/latest/api/token", f"-ttl-seconds: {TOKEN_SECONDS}")
                if status != 200:
                    self.token = ""
        # Whatever the answer, it must be asked again.
        except (OSError, ValueError, IndexError):
            pass
        return ""


def read(path: str) -> str:
    try:
        with open(path) as file:
            return file.read()
    except (OSError, ValueError):
        return ""


def good_content() -> str:
    return read(SETTINGS).partition("PORTWAY_CONTENT='")[2].partition("'")[0]


def run(*words: str) -> bool:
    """Whether it succeeds. The program of the good tree, since files on the disk may be the ones to put right."""
    program = next((path for path in PORTWAY if os.path.exists(path)), PORTWAY[1])
    child = os.posix_spawn(program, [program, *words], os.environ)
    return os.waitpid(child, 0)[1] == 0


def is_right() -> bool:
    """Whether a close look finds nothing. In a process of its own, which keeps this one small, and begins faster than
    a new Python."""
    child = os.fork()
    if not child:
        try:
            os._exit(bool(importlib.import_module("portway.drift").find().words))
        finally:
            os._exit(1)
    return os.waitpid(child, 0)[1] == 0


def version() -> float:
    try:
        return os.stat(sys.argv[0]).st_mtime + os.stat(FINGERPRINT).st_mtime
    except OSError:
        # A file will be put back, or was removed for good, and then so was this service.
        return 0


def main() -> None:
    began, metadata = version(), Metadata()
    sys.path.insert(0, PROGRAMS)
    look = importlib.import_module("portway.fingerprint") if os.path.exists(FINGERPRINT) else None
    right, said = True, ""
    schedule, looked = Schedule(time.monotonic()), 0.0
    while True:
        failed, good = read(FAILED).strip(), good_content()
        # `portway verify` reads from the console what runs, whoever brought it.
        until = look.paused_until() if look else 0
        state = f"content {good} runs" + time.strftime(", paused until %FT%TZ", time.gmtime(until)) * bool(until)
        if state != said:
            said = state
            try:
                print(time.strftime("portway %FT%TZ", time.gmtime()), state)
            # The journal may be gone for a moment.
            except OSError:
                pass
        step = schedule.next(time.monotonic(), metadata.tag(), good, failed, os.path.exists(SIGNAL))
        if step == "forget":
            # A deploy of it that comes again must not meet its old report.
            for path in (FAILED, SIGNAL):
                if os.path.exists(path):
                    os.remove(path)
        elif step:
            run("content", step)
        if time.monotonic() - looked >= HOST_SECONDS:
            looked = time.monotonic()
            if look and look.changed(right):
                right = is_right() or run("reconcile")
        due = read(DRAINING).partition(" ")[0]
        if due and int(due) <= time.monotonic():
            run("cut", "due")
        # New content may contain a new version of this program.
        if version() not in (0, began):
            os.execv(sys.argv[0], sys.argv)
        time.sleep(SECONDS)


if __name__ == "__main__":
    main()
