"""The signal to CloudFormation: one PUT to the URL of the wait condition's handle.

CloudFormation decides about a content once: after a FAILURE, no later boot may report SUCCESS to the same URL. URLs
expire after a day (403), so any answer of the server counts as delivered. Without an answer, the next boot tries again.
"""

import http.client
import importlib
import json
import os
import re
import sys
import time
import urllib.parse
from collections.abc import Mapping

from portway import aws
from portway.files import read, replace

STATE = "/var/lib/portway"
# CloudFormation shows about 1,000 bytes of a reason.
REASON_BYTES = 940


def instance() -> str:
    """The name of this host in CloudFormation's events, and the meaning of "once per instance". An image of this disk
    has the same machine-id, but another instance id."""
    tag = read("/sys/devices/virtual/dmi/id/board_asset_tag").strip()
    return tag if tag.startswith("i-") else read("/etc/machine-id").strip()


def clean(reason: str, limit: int = REASON_BYTES) -> str:
    """A reason on one line, without the colours and control characters that programs print."""
    reason = re.sub(r"\x1b\[[0-?]*[ -/]*[@-~]", "", reason)
    reason = re.sub(r"[\x00-\x20\x7f-\x9f]+", " ", reason)
    return reason.encode("utf8", "replace")[:limit].decode("utf8", "ignore")


def body(status: str, reason: str, settings: Mapping[str, str]) -> str:
    reason = clean(reason)
    if status == "FAILURE":
        reason += f" (to deploy again: -c attempt={int(settings.get('PORTWAY_ATTEMPT') or 0) + 1})"
    data = {
        "content": settings["PORTWAY_CONTENT"],
        "boot": read("/proc/sys/kernel/random/boot_id").strip(),
        "time": time.strftime("%FT%TZ", time.gmtime()),
    }
    return json.dumps({"Status": status, "Reason": reason, "UniqueId": instance(), "Data": json.dumps(data)})


def put(address: str, text: str) -> tuple[int, str]:
    """Without a Content-Type, as the presigned URL requires. A fleet's group:// is no URL: see group.py."""
    if address[0] == "g":
        # A name with a type would take bytes of every host.
        return importlib.import_module("portway.group").put(address, text)  # type: ignore[no-any-return]
    url = urllib.parse.urlsplit(address)
    kind = http.client.HTTPSConnection if url.scheme == "https" else aws.Client
    return aws.exchange(kind(url.netloc, timeout=20), "PUT", f"{url.path}?{url.query}", {}, text.encode())


def send(status: str, reason: str, settings: Mapping[str, str]) -> str:
    """Signals once for each content and URL. Returns the result; empty if this was signalled before.

    @raise OSError if no answer came, or if the server failed: to be tried again
    """
    address, mark = settings.get("PORTWAY_SIGNAL_URL", ""), f"{STATE}/signalled-{settings['PORTWAY_CONTENT']}"
    if not address or read(mark).strip() == address:
        return ""
    code, answer = put(address, body(status, reason, settings))
    print(code, answer[:300], file=sys.stderr)
    if code >= 500:
        raise OSError(f"{code} {answer}")
    replace(mark, address)
    return f"signalled {status}"


def main(words: list[str]) -> None:
    """portway signals STATUS REASON, with the settings of portway.env in the environment"""
    # A shell may have printed bytes that are not text.
    status, reason = (os.fsencode(word).decode("utf8", "replace") for word in words)
    try:
        print(send(status, reason, os.environ))
    except OSError as error:
        sys.exit(f"{type(error).__name__}: {error}")
