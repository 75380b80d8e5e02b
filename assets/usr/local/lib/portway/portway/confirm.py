"""Takes a change back if a forward that answered before it does not answer after it: the option `confirm`.

  before   notes which forwards answer; called before anything changes
  after    waits until they answer again; after 20 s it fails, and names the first one that does not

A forward answers if one of its targets accepts connections; one with a probe of the team's own, if this gets the
expected status: on nginx through the forward itself, on iptables from a target.
"""

import json
import os
import re
import socket
import ssl
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from portway.commands import run
from portway.files import read, replace
from portway.paths import GOOD, SETTINGS, STAGE
from portway.served import FORWARDS, Content, Forward, split_target

# The forwards to ask, by name, with the parts of their probes. Written by synth (lib/host/live/confirm.ts).
DATA = "/etc/portway/confirm.json"
ANSWERED = "/run/portway/answered"
SECONDS, TIMEOUT, PAUSE = 20, 2, 0.5

# Empty for a forward without one.
Probe = dict[str, Any]


def places(forward: Forward, probe: Probe) -> list[tuple[str, int]]:
    """Where to ask, in this order, until somebody answers."""
    if probe and forward.engine == "nginx":
        return [(host, forward.first) for host in ("127.0.0.1", "::1")]
    found = []
    for host, port, _ in map(split_target, forward.targets):
        # An application for iptables may listen on the host's own addresses only.
        own = re.findall("inet6? ([^/ ]+)", run("ip", "-o", "addr", "show", "scope", "global").stdout)
        found += [(one, port) for one in ([host] if host else ["127.0.0.1", *own])]
    return found


def status(connection: socket.socket, probe: Probe) -> int:
    """The status of the answer to a probe; 0 if it is no HTTP."""
    if probe["proxy"]:
        connection.sendall(b"PROXY UNKNOWN\r\n")
    if probe["tls"]:
        # As any name may be asked for, and certificates may be self-signed.
        context = ssl.create_default_context()
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        connection = context.wrap_socket(connection, server_hostname=probe["host"])
    head = f"GET {probe['http']} HTTP/1.1\r\nHost: {probe['host']}\r\nUser-Agent: portway-confirm\r\nConnection: close\r\n\r\n"
    connection.sendall(head.encode())
    answer = b""
    while len(answer) < 12 and (piece := connection.recv(4096)):
        answer += piece
    found = re.match(rb"HTTP/1\.[01] (\d{3})", answer)
    return int(found[1]) if found else 0


def trouble(forward: Forward, probe: Probe) -> str:
    """Why a forward does not answer; empty if it does. Short, since CloudFormation shows 44 characters."""
    reason = f"{forward.name} no longer answers"
    for place in places(forward, probe):
        try:
            with socket.create_connection(place, TIMEOUT) as connection:
                found = status(connection, probe) if probe else 0
            if not probe or found == probe["expect"]:
                return ""
            reason = f"{forward.name}: {found or 'no HTTP'} instead of {probe['expect']}"
        except OSError:
            pass
    return reason


def troubles(forwards: list[Forward], probes: dict[str, Probe]) -> list[str]:
    """For each of these forwards, why it does not answer."""
    with ThreadPoolExecutor(16) as pool:
        return list(pool.map(lambda forward: trouble(forward, probes[forward.name]), forwards))


def before() -> None:
    """A host that already runs this content, as at a reboot, has nothing to confirm."""
    names: list[str] = []
    if read(STAGE + SETTINGS) != read(GOOD + SETTINGS):
        probes = json.loads(read(STAGE + DATA))
        forwards = [one for one in Content(read(GOOD + FORWARDS), "").forwards if one.name in probes]
        # Asked twice, since a forward that is only slow now would go without its confirmation.
        for _ in range(2):
            reasons = troubles(forwards, probes)
            names += [one.name for one, reason in zip(forwards, reasons) if not reason]
            forwards = [one for one, reason in zip(forwards, reasons) if reason]
            if not forwards:
                break
            time.sleep(PAUSE)
    os.makedirs(os.path.dirname(ANSWERED), exist_ok=True)
    replace(ANSWERED, "\n".join(names))


def after() -> None:
    probes, names = json.loads(read(DATA)), read(ANSWERED).split()
    forwards = [one for one in Content(read(FORWARDS), "").forwards if one.name in names and one.name in probes]
    end = time.monotonic() + SECONDS
    while True:
        reasons = troubles(forwards, probes)
        if not any(reasons):
            return
        if time.monotonic() > end:
            print(next(filter(None, reasons)))
            sys.exit(1)
        forwards = [one for one, reason in zip(forwards, reasons) if reason]
        time.sleep(PAUSE)


def main(words: list[str]) -> None:
    """portway confirm before|after"""
    {"before": before, "after": after}[" ".join(words)]()
