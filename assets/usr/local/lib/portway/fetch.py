#!/usr/bin/python3 -IBSu
"""For hosts whose files do not fit into user-data: reads them from Parameter Store and adds them to the tree.

portway.env contains the parameters' names and the SHA-256 of their values; nothing else is ever unpacked. They are kept
on the disk, so later boots need neither network nor metadata service, and neither does a rollback.

It needs only portway/aws.py and signals a failure itself. Each byte counts here, since it must fit beside plain rules.
"""

import base64
import glob
import hashlib
import http.client
import json
import os
import re
import sys
import time
import urllib.parse
import zlib

sys.path.insert(0, os.path.dirname(os.path.realpath(__file__)))
from portway import aws  # noqa: E402

STATE = "/var/lib/portway"
SETTINGS = "/etc/portway/portway.env"
LOG = "/var/log/portway/bootstrap.log"
# A new role's permissions take a moment to apply, and the network may take a moment too.
PAUSES = (0, 3, 6, 12, 24, 30)


def say(text: str) -> None:
    line = f"portway {time.strftime('%FT%TZ', time.gmtime())} {text}"
    print(line)
    try:
        os.makedirs(os.path.dirname(LOG), exist_ok=True)
        # nginx's workers open their logs anew by themselves.
        os.chmod(os.path.dirname(LOG), 0o755)
        with open(os.open(LOG, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o640), "a") as file:
            file.write(f"{line}\n")
    except OSError:
        # A full disk of logs must not end the run.
        pass


def read(path: str) -> str:
    try:
        with open(path) as file:
            return file.read()
    except (OSError, ValueError):
        return ""


def digest_of(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


# The joined values of the parameters, from the disk if they are there already.
def archive(place: str, count: int, digest: str) -> str:
    path = f"{STATE}/archive-{digest[:16]}"
    if digest_of(read(path)) == digest:
        return read(path)
    say(f"read {count} parameters {place}/*")
    for pause in PAUSES:
        time.sleep(pause)
        try:
            text = "".join(parameter(f"{place}/{n + 1}") for n in range(count))
            if digest_of(text) != digest:
                raise ValueError(f"they hold something else than was deployed: {len(text)} characters")
            break
        # Whatever went wrong, the deploy must be told.
        except Exception as error:
            reason = f"{error}" or type(error).__name__
            say(f"parameters {place}/*: {reason}")
    else:
        raise OSError(f"parameters {place}/* could not be read: {reason}")
    with open(f"{path}.new", "w") as file:
        file.write(text)
    os.replace(f"{path}.new", path)
    # Keeps this archive, and that of the tree for a rollback.
    kept = [digest, *re.findall("SHA256='(.*)'", read(f"{STATE}/good{SETTINGS}"))]
    for old in {*glob.glob(f"{STATE}/archive-*")} - {f"{STATE}/archive-{one[:16]}" for one in kept}:
        os.remove(old)
    return text


def parameter(name: str) -> str:
    return str(aws.call("ssm", "AmazonSSM.GetParameter", {"Name": name})["Parameter"]["Value"])


def unpack(text: str, tree: str) -> None:
    # A parameter must not contain two opening braces in a row, so each is written as a dot there.
    for file in json.loads(zlib.decompress(base64.b85decode(text.replace(".", "{")))):
        path = tree + file["path"]
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "w", encoding="utf8") as out:
            out.write(file["text"])
        os.chmod(path, int(file["mode"], 8))


# Like signals.py, which is not there yet: once for each content and URL, any answer counts, no Content-Type.
def signal_failure(settings: dict[str, str], reason: str) -> None:
    mark = f"{STATE}/signalled-{settings['PORTWAY_CONTENT']}"
    address = settings["PORTWAY_SIGNAL_URL"]
    if read(mark).strip() == address:
        return
    host = read("/sys/devices/virtual/dmi/id/board_asset_tag").strip()
    attempt = int(settings.get("PORTWAY_ATTEMPT", 0)) + 1
    body = {
        "Status": "FAILURE",
        "Reason": f"{re.sub(r'[^ -~]+', ' ', reason)[:900]} (to deploy the same content again: -c attempt={attempt})",
        "UniqueId": host if host.startswith("i-") else read("/etc/machine-id").strip(),
        "Data": json.dumps(
            {
                "content": settings["PORTWAY_CONTENT"],
                "boot": read("/proc/sys/kernel/random/boot_id").strip(),
                "time": time.strftime("%FT%TZ", time.gmtime()),
            }
        ),
    }
    url = urllib.parse.urlsplit(address)
    for pause in (0, 3, 10, 20):
        time.sleep(pause)
        try:
            connection = getattr(http.client, f"{url.scheme.upper()}Connection")(url.netloc, timeout=20)
            connection.request("PUT", f"{url.path}?{url.query}", json.dumps(body))
            if connection.getresponse().status < 500:
                with open(mark, "w") as file:
                    file.write(f"{address}\n")
                say("signalled FAILURE")
                return
        except Exception as error:
            say(f"FAILURE could not be signalled: {error}")


def main() -> None:
    mode = sys.argv[1]
    tree = f"{STATE}/{mode}"
    settings = dict(re.findall(r"^(\w+)='(.*)'$", read(tree + SETTINGS), re.M))
    place, count = settings["PORTWAY_PARAMETERS"].split()
    try:
        if mode == "busy":
            if read(tree + SETTINGS) == read(f"{STATE}/stage{SETTINGS}"):
                sys.exit("portway: another run is at work")
            raise OSError("another run is at work and does not end")
        unpack(archive(place, int(count), settings["PORTWAY_PARAMETERS_SHA256"]), tree)
    except Exception as error:
        say(f"FAILED: {error}")
        signal_failure(settings, f"{error}")
        sys.exit(1)


if __name__ == "__main__":
    main()
