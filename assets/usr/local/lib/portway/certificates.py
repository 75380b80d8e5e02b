#!/usr/bin/python3 -IBS
# Gets the certificates of forwards that have theirs from elsewhere, and gives nginx each one that is new.
#
#   certificates.py          all of them, as often as each wants it; what the timer runs
#   certificates.py TREE     host.sh, before it tries what TREE holds: those that nginx needs to start at all
#
# /etc/portway/certificates.json holds them, written by synth: an object each with the forward, the source and what that source needs. A
# source is a program beside this one: `certificate(entry, path, boot)` gives certificate and key as one PEM text for the
# file at `path`, nothing when there is no need to ask, or raises an error with the reason.
import json
import os
import ssl
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.realpath(__file__))
sys.path.insert(0, HERE)
DATA = "/etc/portway/certificates.json"
# What keeps each from being right, as it was said last; said again only when it is something else.
SAID = "/run/portway-certificates"


def read(path, empty=""):
    try:
        with open(path) as file:
            return file.read()
    except (OSError, ValueError):
        return empty


# What nginx does not take would keep it from starting. It is asked about this pair alone: others may not be there yet.
def check(pem):
    with tempfile.NamedTemporaryFile("w") as conf:
        conf.write("events {} http { server { ssl_certificate %s; ssl_certificate_key %s; } }" % (pem, pem))
        conf.flush()
        said = subprocess.run(["setsid", "nginx", "-tqc", conf.name], capture_output=True, text=True)
    if said.returncode:
        raise ValueError(said.stderr.replace(pem, "certificate or key"))
    # A key of another kind than the certificate's nginx takes as well, and then refuses every client.
    try:
        ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_cert_chain(pem)
    except ssl.SSLError:
        raise ValueError("the key is of another kind than the certificate's") from None


# One rename, so that there is one pair or the other, whenever the power fails. Says whether it is another than before.
def put(path, pem):
    if pem == read(path):
        os.utime(path)
        return False
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with tempfile.NamedTemporaryFile("w", dir=os.path.dirname(path)) as file:
        file.write(pem)
        file.flush()
        os.fsync(file)
        check(file.name)
        os.link(file.name, file.name + ".new")
        os.rename(file.name + ".new", path)
    return True


# Returns what is wrong with those that nginx could not be started with.
def update(entries, boot):
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
            pem = __import__(source).certificate(entry, path, boot)
            if pem and put(path, pem):
                changed = True
                print(f"{name}: has a new certificate", flush=True)
            if pem:
                said.pop(name, None)
        except Exception as error:
            text = " ".join(str(error).split())[:900] or type(error).__name__
            if text != said.get(name):
                print(f"{name}: {text}", flush=True)
            said[name] = text
            # What was read from this very secret before does for now.
            if boot and not read(path).startswith(f"# {entry['secret']}\n"):
                problems.append(f"{name}: {text}")
    # In one go: it may be read by others just now.
    with open(SAID + ".new", "w") as file:
        json.dump(said, file)
    os.rename(SAID + ".new", SAID)
    if changed:
        # Another one that is damaged would keep nginx from taking this one.
        mend = '. "$0/host.d/nginx.sh"; mend_certificates /etc/nginx/nginx.conf'
        subprocess.run(["bash", "-c", mend, HERE], check=True)
        subprocess.run(["systemctl", "try-reload-or-restart", "nginx"], check=True)
    return problems


tree = sys.argv[1:]
if tree:
    needed = [e for e in json.loads(read(tree[0] + DATA, "[]")) if e["source"] == "secret"]
    sys.exit("\n".join(update(needed, True)) or None)
update(json.loads(read(DATA, "[]")), False)
