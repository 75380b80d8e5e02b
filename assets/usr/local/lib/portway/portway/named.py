"""The boot of a host whose user-data names its content, so that each change restarts or replaces the host.

same     sets up the last good content, if that is what user-data names; otherwise fails
boot     reads the content and sets it up
again    sets up the last good content, since nothing can be read
"""

from portway import deployed, paths, trees
from portway.boot import again, apply, is_reported, run, unreadable
from portway.files import read, replace

# The user-data whose boot was reported, and the one of this boot.
BOOTED = f"{paths.STATE}/user-data"
USER_DATA = "/var/lib/cloud/scripts/per-boot/portway.sh"


def same() -> int:
    is_same = read(USER_DATA) == read(BOOTED) != "" and is_reported(deployed.boot_url())
    # In between, the host may have had live changes.
    is_good = trees.content_of(paths.GOOD) == deployed.named_content() and not trees.damage(paths.GOOD)
    return again("") if is_same and is_good else 1


def boot() -> int:
    url = deployed.boot_url()
    try:
        content = deployed.read_content()
    except OSError as error:
        return again(f"{error}")
    reason = apply(content, "" if is_reported(url) else url)
    # Until it is reported, the next boot tries that again.
    if not reason and is_reported(url):
        replace(BOOTED, read(USER_DATA))
    return 1 if reason else 0


def main(words: list[str]) -> None:
    """portway named same|boot|again"""
    run({"same": same, "boot": boot}.get(words[0], unreadable))
