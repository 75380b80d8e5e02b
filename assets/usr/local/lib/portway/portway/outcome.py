"""What became of a content: what the host keeps of it, and what the deploy is told."""

import contextlib

from portway import cut, history, paths, report, trees
from portway.deployed import Content
from portway.files import forget, read, replace
from portway.parts import Pointer
from portway.say import say, say_once


def succeeded(content: Content, is_first: bool) -> None:
    """`is_first`: nothing was reported of this boot yet, so what an earlier stack or an image left does not count."""
    # First, since the power may fail.
    if is_first or is_awaited(content.pointer):
        report.keep("SUCCESS", content.pointer)
    replace(paths.POINTER, content.text)
    forget(paths.FAILED)
    # `portway rollback` tries it again.
    with contextlib.suppress(OSError):
        history.keep()
    ended = sum(part.limit() for part in cut.PARTS if hasattr(part, "limit"))
    if ended:
        say(f"nginx: {ended} old workers with their connections were ended")


def failed(pointer: Pointer, reason: str) -> None:
    # What runs already would not be tried again by the next deploy.
    if pointer.content != trees.content_of(paths.GOOD):
        replace(paths.FAILED, f"{pointer.content}\n")
    if is_awaited(pointer):
        report.keep("FAILURE", pointer, reason)


def is_awaited(pointer: Pointer) -> bool:
    """Whether a deploy waits for a report of it: another content, or another condition, as when a fleet is to have more hosts.
    A value from CloudFormation may change alone, and then nobody waits."""
    return f'"content":"{pointer.content}","live":"{pointer.live}"' not in read(paths.POINTER)


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
