"""Gets a host its programs, at every boot. It is the end of user-data, after loader.sh.

It reads the pointer and the parts with programs from Parameter Store, checks them, and lets their boot.py do the
rest. If that fails, the last good content goes on; without one, it signals a failure to the deploy. Where user-data
names the content and is that of the last boot, the good tree has it, and nothing is read.

It stands alone, and each byte counts: user-data must stay within 4 KB.
"""

import base64
import bz2
import contextlib
import hashlib
import hmac
import json
import os
import sys
import time
import urllib.error
from urllib.request import ProxyHandler, Request, build_opener, urlopen

STATE = "/var/lib/portway/"
# For 75 s: a new role's permissions and new parameters take a moment to appear, and so may the network.
PAUSES = (0, 3, 6, 12, 24, 30)
# Without a proxy. Only one, since making it reads the list of authorities for HTTPS.
opener = build_opener(ProxyHandler({})).open


def say(text: str) -> None:
    text = f"portway {time.strftime('%FT%TZ', time.gmtime())} {text}"
    print(text)
    # A full disk of logs must not end the run.
    with contextlib.suppress(OSError), open("/var/log/portway/bootstrap.log", "a") as file:
        print(text, file=file)


def read(path: str) -> str:
    with open(path) as file:
        return file.read()


def ask(path: str, method: str, header: str, value: str) -> str:
    headers = {f"x-aws-ec2-metadata-token{header}": value}
    request = Request(f"http://169.254.169.254/latest/{path}", None, headers, method=method)
    return str(opener(request, timeout=4).read().decode())


def metadata(path: str) -> str:
    return ask(f"meta-data/{path}", "GET", "", ask("api/token", "PUT", "-ttl-seconds", "60"))


def digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def parameters(names: "list[str]") -> "list[str]":
    """The values of at most 10. Signed like in aws.py, which is not there yet. The role may only call GetParameters."""
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
    found = {one["Name"]: one["Value"] for one in answer["Parameters"]}
    return [found[name] for name in names]


def programs(pointer: str, only: str) -> "list[str]":
    """The packed files, as parts.ts packs them: path, mode and text of each. Only unpacks what user-data (`only`) or the instance's tag vouches for."""
    lines = parameters([pointer])[0].partition("\n")[2]
    content = digest(lines)
    try:
        tag = only or metadata("tags/instance/portway:content")
    except urllib.error.HTTPError as error:
        # Some instances have no tags here.
        if error.code != 404:
            raise
        tag = content
    if tag != content:
        raise OSError("it is not what was deployed")
    sum, count = lines.split(" programs")[0].split()[-2:]
    place = pointer.rsplit("/", 2)[0]
    names = [f"{place}/programs.{number + 1}" for number in range(int(count))]
    text = "".join(value for start in range(0, int(count), 10) for value in parameters(names[start : start + 10]))
    if digest(text)[:32] != sum:
        raise OSError("programs is not what was deployed")
    return bz2.decompress(base64.b85decode(text.replace(".", "{"))).decode().split("\0")


def unpack(words: "list[str]", tree: str) -> None:
    os.system(f"rm -rf {tree}")
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
    names, url = read("/run/portway/boot").split("\n")[:2]
    pointer, _, only = names.partition(" ")
    tree, lib, reason = f"{STATE}stage", "/usr/local/lib/portway", "another run is at work and does not end"
    if only and mode == "boot" and os.system(f"{STATE}good/usr/local/bin/portway boot same") == 0:
        return
    for pause in PAUSES if mode == "boot" else ():
        time.sleep(pause)
        try:
            unpack(programs(pointer, only), tree)
            break
        # Whatever went wrong, the deploy must be told, in AWS's words if it answered.
        except Exception as error:
            words = error.read(400).decode() if isinstance(error, urllib.error.HTTPError) else ""
            reason = f"{pointer} could not be read: {words or repr(error)}"
            say(reason)
    else:
        tree = f"{STATE}good"
        # The good tree may be of before hosts read their content.
        if mode == "busy" or not os.path.exists(f"{tree}{lib}/portway/boot.py"):
            say(f"FAILED: {reason}")
            signal_failure(url, reason)
            sys.exit(1)
        mode = "again"
    sys.path.insert(0, tree + lib)
    from portway import boot

    boot.unread = reason
    boot.main([mode])


if __name__ == "__main__":
    main(sys.argv[2])
