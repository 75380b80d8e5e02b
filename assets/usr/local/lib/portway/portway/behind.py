"""A host of a fleet that cannot set up what enough others have: it tries again, and then tells the balancer that it is not
ready, so that the group replaces it.

A deploy waits for the first hosts alone, and a host that fails before that ends it. One that fails later is asked for nothing:
CloudFormation refuses its report, since the deploy has succeeded. So that refusal says that the others have proved the content.

A host that cannot hear what is deployed stays ready. If none of them could, the group would end them all. So does one that
somebody has paused, or rolled back by hand.
"""

import math
import re
import time

from portway import paths, report
from portway.files import read, replace
from portway.fingerprint import paused_until
from portway.parts import Pointer
from portway.rollback import HELD
from portway.say import say

# The content, the tries of it that began, and the second of the last one, or of the last question with none. Lost at a
# reboot, which is another try.
STATE = "/run/portway/behind"
# Between two questions, so that a fleet of which a rollback hangs does not use up what CloudFormation answers in a second.
QUESTION_SECONDS = 60
# Before the second and the third try: a mirror that does not answer for a moment should cost no host.
PAUSES = (60, 180)
GIVEN_UP = len(PAUSES) + 2
# CloudFormation's answer when a deploy is over, and has succeeded.
PROVED = re.compile(r"Stack \S+ is in (?:CREATE|UPDATE)_COMPLETE state")


def tries(content: str) -> tuple[int, float]:
    """How many began, and when the last one did."""
    words = read(STATE).split()
    return (int(words[1]), float(words[2])) if words[:1] == [content] else (0, -math.inf)


def keep(content: str, count: int) -> None:
    replace(STATE, f"{content} {count} {time.monotonic():.0f}\n")


def others_have(pointer: Pointer) -> bool:
    try:
        report.signal(report.Report("FAILURE", pointer.content, pointer.live, pointer.stack, ""))
    except OSError as error:
        # Without an answer it is asked again.
        return PROVED.search(f"{error}") is not None
    return False


def is_left_alone(content: str) -> bool:
    """Whether somebody has paused this host, or rolled it back by hand."""
    return paused_until() != 0 or read(HELD) == content


def is_due(pointer: Pointer) -> bool:
    """Whether to try a content again that failed when it was tried last."""
    content = pointer.content
    if is_left_alone(content):
        return False
    count, last = tries(content)
    if count == 0:
        # The first report of it may still have to be sent, and ends the deploy.
        if report.waiting() is None and time.monotonic() - last >= QUESTION_SECONDS:
            proved = others_have(pointer)
            keep(content, int(proved))
            if proved:
                say(f"other hosts have content {content}; here it is tried again")
    elif count > len(PAUSES):
        if count < GIVEN_UP:
            say(f"other hosts have content {content}, and it failed here {count} times: the balancer is told")
            keep(content, GIVEN_UP)
    elif time.monotonic() - last >= PAUSES[count - 1]:
        keep(content, count + 1)
        return True
    return False


def trouble() -> str:
    """What the balancer is told; empty if this host keeps up, or is still trying."""
    content = read(paths.FAILED).strip()
    if not content or tries(content)[0] < GIVEN_UP or is_left_alone(content):
        return ""
    return f"content {content}, which other hosts have, cannot be set up here: see bootstrap.log"
