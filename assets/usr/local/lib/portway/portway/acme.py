"""Certificates by ACME (RFC 8555), which certbot gets from the CA.

CAs count failures (Let's Encrypt: five an hour for each name), so a CA is asked only if every domain leads here. To
find out, the program requests a file of its own at each domain. Once a day it asks the CA anyway, in case this host
cannot reach itself from outside. Domains that the CA checks by records in Route 53 may lead anywhere.
"""

import hashlib
import json
import os
import secrets
import ssl
import subprocess
import time
import urllib.request
from collections.abc import Mapping, Sequence
from typing import Any, Optional

from portway.files import read, replace

# Our own folder: the timer of the distribution's certbot renews what is in its default folder, at other times and
# without our checks.
STATE = "/var/lib/portway/acme"
# The only folder that nginx serves files from, in .well-known/acme-challenge.
WEBROOT = "/run/portway-acme"
PLACE = ".well-known/acme-challenge"
HOUR = 3600


def age(then: float) -> float:
    """Seconds since a time. A time in the future comes from a wrong clock and counts as long ago; otherwise no CA would
    be asked until then."""
    return time.time() - then if then <= time.time() else float("inf")


def certificate(entry: Mapping[str, Any], path: str, boot: bool) -> Optional[str]:
    """See certificates.py."""
    # One folder for each CA: certbot accepts any certificate that is not due yet, whichever CA issued it.
    folder = f"{STATE}/{hashlib.sha256(entry['server'].encode()).hexdigest()[:8]}"
    os.makedirs(folder, exist_ok=True)
    mark, live = f"{folder}/{entry['forward']}.json", f"{folder}/live/{entry['forward']}"
    state = read_state(mark, entry)
    if state["ok"] and not whole(live):
        # certbot fails on damaged files. Without them it requests another certificate.
        for part in (live, f"{folder}/archive/{entry['forward']}", f"{folder}/renewal/{entry['forward']}.conf"):
            subprocess.run(["rm", "-rf", part], check=True)
        state.update(asked=0, ok=False)
    if not state["ok"] and age(state["asked"]) < HOUR:
        return None
    if not state["ok"] or age(state["asked"]) > 12 * HOUR:
        dns = entry.get("dns")
        if dns and age(state["since"]) < 60:
            # New rights of the role take a moment to apply, and the CA would count the failure.
            replace(mark, json.dumps(state))
            return None
        missing = [] if dns else elsewhere(entry["domains"])
        if missing and age(state["asked"] or state["since"]) < 24 * HOUR:
            replace(mark, json.dumps(state))
            raise OSError(f"must wait until these lead here: {'; '.join(missing)}")
        state.update(asked=time.time(), ok=False)
        replace(mark, json.dumps(state))
        ask(entry, folder)
        state["ok"] = True
        replace(mark, json.dumps(state))
    return "".join(open(f"{live}/{name}.pem").read() for name in ("fullchain", "privkey"))


def read_state(mark: str, entry: Mapping[str, Any]) -> dict[str, Any]:
    """When the CA was last asked for this very entry, and whether it issued a certificate. A damaged file counts as
    missing."""
    try:
        state = json.loads(read(mark))
    except ValueError:
        state = None
    if isinstance(state, dict) and state.get("entry") == entry:
        return state
    return {"entry": entry, "since": time.time(), "asked": 0, "ok": False}


def whole(live: str) -> bool:
    """Whether certbot's files are a certificate with its key."""
    try:
        ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_cert_chain(f"{live}/fullchain.pem", f"{live}/privkey.pem", "")
    except OSError:
        return False
    return True


def elsewhere(domains: Sequence[str]) -> list[str]:
    """The domains that do not lead here, with the reasons."""
    text = secrets.token_hex(16)
    path = f"{WEBROOT}/{PLACE}/portway-{text}"
    os.makedirs(os.path.dirname(path), exist_ok=True)
    # As CAs do: follows a redirect to https, whatever certificate it finds.
    context = ssl._create_unverified_context()
    missing = []
    with open(path, "w") as file:
        file.write(text)
    for domain in domains:
        try:
            url = f"http://{domain}{path[len(WEBROOT) :]}"
            with urllib.request.urlopen(url, timeout=5, context=context) as answer:
                if answer.read(99) != text.encode():
                    missing.append(f"{domain} (another host answers)")
        except Exception as error:
            missing.append(f"{domain} ({error})")
    os.unlink(path)
    return missing


def ask(entry: Mapping[str, Any], folder: str) -> None:
    done = subprocess.run(
        [
            *"certbot certonly --non-interactive --agree-tos --keep-until-expiring --renew-with-new-domains".split(),
            *(["--dns-route53"] if entry.get("dns") else ["--webroot", f"--webroot-path={WEBROOT}"]),
            f"--config-dir={folder}",
            f"--work-dir={folder}",
            "--logs-dir=/var/log/portway/certbot",
            f"--cert-name={entry['forward']}",
            f"--email={entry['email']}",
            f"--server={entry['server']}",
            *(f"--domain={domain}" for domain in entry["domains"]),
        ],
        capture_output=True,
        text=True,
    )
    if done.returncode:
        raise OSError(f"the CA gives no certificate; next try in an hour: {done.stdout} {done.stderr}")
