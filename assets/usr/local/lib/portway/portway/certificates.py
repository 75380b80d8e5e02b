"""Gets the certificates of forwards that have them from elsewhere, and gives nginx each new one.

/etc/portway/certificates.json lists them, written by synth: each is an object with the forward, the source and what
that source needs. A source is a module beside this one. Its `certificate(entry, path, boot)` returns certificate and
key as one PEM text for the file at `path`, or None if there is no need to ask, or raises an error with the reason.
"""

import importlib
import json
import os
import ssl
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from typing import Any

from portway.files import read, replace

DATA = "/etc/portway/certificates.json"
# The last message about each certificate's problem. A message is repeated only when it changes.
SAID = "/run/portway-certificates"
# The functions of host.sh for nginx, in the tree of this program.
NGINX_SH = os.path.join(os.path.dirname(os.path.dirname(os.path.realpath(__file__))), "host.d", "nginx.sh")


def check(pem: str) -> None:
    """@raise ValueError for a pair that nginx does not accept, since nginx would not start. Only this pair is tested;
    others may not exist yet."""
    with tempfile.NamedTemporaryFile("w") as conf:
        conf.write(f"events {{}} http {{ server {{ ssl_certificate {pem}; ssl_certificate_key {pem}; }} }}")
        conf.flush()
        said = subprocess.run(["setsid", "nginx", "-tqc", conf.name], capture_output=True, text=True)
    if said.returncode:
        raise ValueError(said.stderr.replace(pem, "certificate or key"))
    # nginx also takes a key of another kind than the certificate's, and then refuses every client.
    try:
        ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_cert_chain(pem)
    except ssl.SSLError:
        raise ValueError("the key is of another kind than the certificate's") from None


def put(path: str, pem: str) -> bool:
    """Uses one rename, so that there is one pair or the other whenever the power fails. Returns whether it has changed."""
    if pem == read(path):
        os.utime(path)
        return False
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with tempfile.NamedTemporaryFile("w", dir=os.path.dirname(path)) as file:
        file.write(pem)
        file.flush()
        os.fsync(file.fileno())
        check(file.name)
        os.link(file.name, f"{file.name}.new")
        os.rename(f"{file.name}.new", path)
    return True


def update(entries: Sequence[Mapping[str, Any]], boot: bool) -> list[str]:
    """Returns the problems of those without which nginx cannot start."""
    try:
        said = json.loads(read(SAID))
    except ValueError:
        said = {}
    names = [entry["forward"] for entry in entries]
    said = {name: text for name, text in said.items() if boot or name in names}
    problems = []
    changed = False
    for entry in entries:
        name, source = entry["forward"], entry["source"]
        path = f"/etc/portway/tls/{name}.{source}.pem"
        try:
            pem = importlib.import_module(f"portway.{source}").certificate(entry, path, boot)
            if pem and put(path, pem):
                changed = True
                print(f"{name}: has a new certificate")
            if pem:
                said.pop(name, None)
        except Exception as error:
            text = " ".join(str(error).split())[:900] or type(error).__name__
            if text != said.get(name):
                print(f"{name}: {text}")
            said[name] = text
            # What was read from this same secret before is good enough for now.
            if boot and not read(path).startswith(f"# {entry['secret']}\n"):
                problems.append(f"{name}: {text}")
    # `portway status` may be reading it.
    replace(SAID, json.dumps(said))
    if changed:
        reload_nginx()
    return problems


def reload_nginx() -> None:
    # Another damaged certificate would keep nginx from accepting this one.
    subprocess.run(["bash", "-c", '. "$0"; mend_certificates /etc/nginx/nginx.conf', NGINX_SH], check=True)
    subprocess.run(["systemctl", "try-reload-or-restart", "nginx"], check=True)


def main(words: list[str]) -> None:
    """portway certificates          all of them, as often as each needs it; run by the timer
    portway certificates TREE     those that nginx needs to start, before host.sh tries TREE
    """
    for tree in words:
        entries = [entry for entry in json.loads(read(tree + DATA, "[]")) if entry["source"] == "secret"]
        sys.exit("\n".join(update(entries, True)) or None)
    update(json.loads(read(DATA, "[]")), False)
