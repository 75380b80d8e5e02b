"""What the stack has deployed for this host: read from Parameter Store, and checked."""

import time
from typing import NamedTuple, Optional

from portway import aws
from portway.files import read
from portway.parts import File, Pointer, files_of, parse_pointer, part_names
from portway.say import say

# Written by loader.sh at this boot: the pointer's name, perhaps with the only content that may run, and the URL to report
# the boot to.
BOOT = "/run/portway/boot"
# For 75 s: parameters may become visible a little after they were written.
PAUSES = (0, 1, 2, 4, 8, 15, 20, 25)
# GetParameters accepts no more.
BATCH = 10


class Unreadable(OSError):
    """The content could not be read. `pointer` is what is known of it."""

    def __init__(self, reason: str, pointer: Optional[Pointer]):
        super().__init__(reason)
        self.pointer = pointer


class Content(NamedTuple):
    pointer: Pointer
    text: str
    files: list[File]


def pointer_name() -> str:
    return read(BOOT).split()[0]


def boot_url() -> str:
    return read(BOOT).split("\n")[1]


def named_content() -> str:
    """The only content that may run, if user-data names it."""
    return read(BOOT).split("\n")[0].partition(" ")[2]


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
    return aws.metadata("meta-data/tags/instance/portway:content", missing="").strip()


def check_content(pointer: Pointer) -> None:
    """Write access to parameters alone must not make anyone root here. During a deploy, either of the two may be older."""
    only = named_content()
    if (only or read_tag()) not in ("", pointer.content):
        place = "user-data" if only else "the instance's tag"
        raise OSError(f"{place} names another content than the pointer")


def read_content(text: str = "") -> Content:
    """`text`: the pointer, if it was just read.

    @raise Unreadable
    """
    pointer = None
    reason = ""
    for pause in PAUSES:
        time.sleep(pause)
        try:
            text = text or read_pointer()
            pointer = parse_pointer(text)
            check_content(pointer)
            place = pointer_name().rsplit("/", 2)[0]
            found = parameters([f"{place}/{name}" for name in part_names(pointer)])
            parts = {name[len(place) + 1 :]: value for name, value in found.items()}
            return Content(pointer, text, files_of(pointer, parts))
        # Whatever went wrong, the deploy must be told.
        except Exception as error:
            if f"{error}" != reason:
                say(f"the content cannot be read: {error}")
            text, reason = "", f"{error}" or type(error).__name__
    raise Unreadable(f"the content could not be read: {reason}", pointer)
