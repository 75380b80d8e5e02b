"""The report of a live change to CloudFormation: SignalResource for the condition that waits for this content.

CloudFormation refuses it until the condition is in progress, and the change may reach the host earlier. So the report
waits in a file and is sent again, for at most ten minutes.
https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_SignalResource.html
"""

import os
import re
import time
import urllib.parse
from typing import NamedTuple, Optional

from portway import aws
from portway.files import read, replace
from portway.parts import Pointer
from portway.signals import clean, instance

FILE = "/var/lib/portway/live-signal"
SECONDS = 600
# CloudFormation's answer when the stack is in no operation, so that nothing waits for a report, and nothing will.
# https://github.com/aws-cloudformation/aws-cloudformation-templates/issues/34
OVER = re.compile(r"Stack \S+ is in \w+_(COMPLETE|FAILED) state")
# How much CloudFormation shows of a signal's id. It begins with the instance's id.
ID_CHARACTERS = 64


class Report(NamedTuple):
    status: str
    content: str
    live: str
    stack: str
    cause: str


def keep(status: str, pointer: Pointer, reason: str = "") -> None:
    """Leaves a report for `send`. Replaces a waiting one, whose content is gone."""
    cause = shorten(reason) if reason else ""
    replace(FILE, f"{status} {pointer.content} {pointer.live} {pointer.stack} {cause}".rstrip() + "\n")


def waiting() -> Optional[Report]:
    words = read(FILE).strip().split(" ", 4)
    return Report(*words, *([""] if len(words) == 4 else [])) if len(words) > 3 else None


def send() -> str:
    """Sends the waiting report. Returns the result.

    @raise OSError if CloudFormation did not accept it: to be tried again
    """
    report = waiting()
    if report is None:
        return ""
    try:
        signal(report)
        said = f"{report.status} was signalled to {report.live}"
    except OSError as error:
        # A time in the future comes from a wrong clock.
        if not OVER.search(f"{error}") and abs(time.time() - os.path.getmtime(FILE)) < SECONDS:
            raise
        said = f"{report.status} was not taken by {report.live}: {clean(f'{error}', 300)}"
    # Other content may have arrived meanwhile.
    if waiting() == report:
        os.remove(FILE)
    return said


def check_right(pointer: Pointer) -> None:
    """To be called while the deploy waits for the boot, whose report needs no right.

    @raise OSError if the role may not signal, so that the deploy would wait for this content in vain
    """
    try:
        # No resource has this id, so nothing is signalled.
        signal(Report("SUCCESS", pointer.content, f"{pointer.live}None", pointer.stack, ""))
    except OSError as error:
        if "AccessDenied" in f"{error}":
            raise


def signal(report: Report) -> None:
    arguments = {
        "Action": "SignalResource",
        "Version": "2010-05-15",
        "StackName": report.stack,
        "LogicalResourceId": report.live,
        "UniqueId": f"{instance()} {report.cause}"[:ID_CHARACTERS].strip(),
        "Status": report.status,
    }
    form = {"content-type": "application/x-www-form-urlencoded; charset=utf-8"}
    try:
        aws.post("cloudformation", urllib.parse.urlencode(arguments).encode(), form)
    except OSError as error:
        # Without what differs each time.
        raise OSError(f"{error}".partition("<RequestId>")[0]) from None


# What programs print, and the part of it that names the cause in a few words. The first match counts.
CAUSES = (
    (
        r"nginx needs port (?:tcp|udp)/(\d+)\S*, which another program holds: .*?\(\(\"([^\"]+)",
        r"nginx: port \1 is held by \2",
    ),
    (r"nginx needs port (?:tcp|udp)/(\S+), which", r"nginx: port \1 is held"),
    (r"\[emerg\] (?:\d+#\d+: )?(.*?)(?: in \S+:(\d+))?(?= nginx: |$)", r"nginx: line \2: \1"),
    (r"(iptables|ip6tables|nftables) refused: (.*)", r"\1 refused \2"),
    (r"not in this kernel \(\S+\): (.*)", r"not in this kernel: \1"),
    (r"firstBootScript ended with (\d+)", r"firstBootScript ended with \1"),
    (r"E: Unable to locate package (\S+)", r"no package \1"),
    (r"(\S+?)(?:\.\d+)? is not what was deployed", r"altered: \1"),
    (r"(AccessDenied)\w*", r"\1: see bootstrap.log"),
)


def shorten(reason: str, limit: int = 44) -> str:
    """The cause of a failure, shortened to what the event shows. The log has all of it."""
    text = clean(reason)
    for pattern, words in CAUSES:
        match = re.search(pattern, text)
        if match:
            text = match.expand(words).replace("line : ", "")
            break
    # The names of the steps and programs that it passed through.
    text = re.sub(r"^(?:[\w -]+: )?\S*\"\$\w+\" .*?: (?=.)", "", text)
    text = re.sub(r"[^ -~]", "?", text).strip()
    if len(text) <= limit:
        return text
    return text[: limit - 2].rstrip() + ".."
