"""Gets a host with live changes its programs, at every boot. It is the end of user-data, after loader.sh.

It reads the pointer and the parts with programs from Parameter Store, checks them, and lets their `portway content
boot` do the rest. If that fails, the last good content goes on; without one, it signals a failure to the deploy.

It stands alone, and each byte counts: user-data must stay within 4 KB.
"""

import base64
import bz2
import contextlib
import hashlib
import hmac
import json
import os
import shutil
import sys
import time
import urllib.error
from urllib.request import ProxyHandler, Request, build_opener, urlopen

STATE = "/var/lib/portway/"
# For 75 s: a new role's permissions and new parameters take a moment to appear, and so may the network.
PAUSES = (0, 3, 6, 12, 24, 30)


def say(text: str) -> None:
    text = f"portway {time.strftime('%FT%TZ', time.gmtime())} {text}\n"
    print(text, end="")
    # A full disk of logs must not end the run.
    with contextlib.suppress(OSError), open("/var/log/portway/bootstrap.log", "a") as file:
        file.write(text)


def read(path: str) -> str:
    with open(path) as file:
        return file.read()


def ask(path: str, method: str, header: str, value: str) -> str:
    # Never uses a proxy for the metadata service.
    request = Request(
        f"http://169.254.169.254/latest/{path}", None, {f"x-aws-ec2-metadata-token{header}": value}, method=method
    )
    return str(build_opener(ProxyHandler({})).open(request, timeout=4).read(), "utf8")


def metadata(path: str) -> str:
    return ask(f"meta-data/{path}", "GET", "", ask("api/token", "PUT", "-ttl-seconds", "60"))


def digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def parameters(names: "list[str]") -> "dict[str, str]":
    """At most 10, by name. Signed like in aws.py, which is not there yet. The role may only call GetParameters."""
    role = "iam/security-credentials/"
    keys = json.loads(metadata(role + metadata(role).split()[0]))
    region = metadata("placement/region")
    host = f"ssm.{region}.{metadata('services/domain')}"
    body = json.dumps({"Names": names})
    now = time.strftime("%Y%m%dT%H%M%SZ", time.gmtime())
    # Sorted by name, as the signature requires.
    headers = {
        "content-type": "application/x-amz-json-1.1",
        "host": host,
        "x-amz-date": now,
        "x-amz-security-token": keys["Token"],
        "x-amz-target": "AmazonSSM.GetParameters",
    }
    signed = ";".join(headers)
    lines = "".join(f"{name}:{headers[name]}\n" for name in headers)
    scope = f"{now[:8]}/{region}/ssm/aws4_request"
    request = digest(f"POST\n/\n\n{lines}\n{signed}\n{digest(body)}")
    key = b"AWS4" + keys["SecretAccessKey"].encode()
    for part in [*scope.split("/"), f"AWS4-HMAC-SHA256\n{now}\n{scope}\n{request}"]:
        key = hmac.digest(key, part.encode(), "sha256")
    headers["authorization"] = (
        f"AWS4-HMAC-SHA256 Credential={keys['AccessKeyId']}/{scope}, SignedHeaders={signed}, Signature={key.hex()}"
    )
    answer = json.load(urlopen(Request(f"https://{host}/", body.encode(), headers), timeout=10))
    if answer["InvalidParameters"]:
        raise OSError(f"not found: {answer['InvalidParameters']}")
    return {one["Name"]: one["Value"] for one in answer["Parameters"]}


def programs(pointer: str) -> "list[str]":
    """The packed files, as parts.ts packs them: path, mode and text of each. Only unpacks what the instance's tag vouches for."""
    lines = parameters([pointer])[pointer].partition("\n")[2]
    content = digest(lines)
    try:
        tag = metadata("tags/instance/portway:content")
    except urllib.error.HTTPError as error:
        # Some instances have no tags here.
        if error.code != 404:
            raise
        tag = content
    if tag != content:
        raise OSError("it is not what the instance's tag names")
    sum, count = next(line for line in lines.splitlines() if line.endswith(" programs")).split()[:2]
    place = pointer.rsplit("/", 2)[0]
    names = [f"{place}/programs.{number + 1}" for number in range(int(count))]
    text = ""
    for start in range(0, len(names), 10):
        found = parameters(names[start : start + 10])
        text += "".join(found[name] for name in names[start : start + 10])
    if digest(text)[:32] != sum:
        raise OSError("programs is not what was deployed")
    return bz2.decompress(base64.b85decode(text.replace(".", "{"))).decode().split("\0")


def unpack(words: "list[str]", tree: str) -> None:
    shutil.rmtree(tree, ignore_errors=True)
    for path, mode, text in zip(*[iter(words)] * 3):
        path = tree + path
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "w", encoding="utf8") as file:
            file.write(text)
        os.chmod(path, int(mode, 8))


def signal_failure(url: str, reason: str) -> None:
    body = {
        "Status": "FAILURE",
        "Reason": reason[:900],
        "UniqueId": read("/etc/machine-id").strip(),
        "Data": "{}",
    }
    for pause in PAUSES[:4]:
        time.sleep(pause)
        try:
            # Without a Content-Type, as the presigned URL requires.
            urlopen(Request(url, json.dumps(body).encode(), {"Content-Type": ""}, method="PUT"), timeout=20)
            return
        except Exception as error:
            say(f"not signalled: {error}")


def main(mode: str) -> None:
    pointer, url = read("/run/portway/boot").split("\n")[:2]
    tree, lib, reason = f"{STATE}stage", "/usr/local/lib/portway", "another run is at work and does not end"
    for pause in PAUSES if mode == "boot" else ():
        time.sleep(pause)
        try:
            unpack(programs(pointer), tree)
            break
        # Whatever went wrong, the deploy must be told, in AWS's words if it answered.
        except Exception as error:
            words = error.read(400).decode() if isinstance(error, urllib.error.HTTPError) else ""
            reason = f"{pointer} could not be read: {words or repr(error)}"
            say(reason)
    else:
        tree = f"{STATE}good"
        # The good tree may be of before there were live changes.
        if mode == "busy" or not os.path.exists(f"{tree}{lib}/live.py"):
            say(f"FAILED: {reason}")
            signal_failure(url, reason)
            sys.exit(1)
        mode = "again"
    sys.path.insert(0, tree + lib)
    from portway import content

    content.unread = reason
    content.main([mode])


if __name__ == "__main__":
    main(sys.argv[2])
