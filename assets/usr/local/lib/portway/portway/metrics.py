"""Answers `GET /metrics` in Prometheus' text format: what each forward carries, and how the host is. Reads nginx's logs for
metrics further every second. portway-metrics.service runs it, on hosts with `monitoring.prometheus`, `cloudWatch` or `logs`.

The security group lets in the networks that may ask, and others with every port: these get no answer. A chain of the kernel would
look at each packet of every forward for it.
"""

import contextlib
import importlib
import json
import os
import select
import signal
import socket
import sys
import time
from collections.abc import Iterable, Mapping, Sequence
from ipaddress import IPv6Address, ip_address, ip_network
from typing import Union

from portway import metrics_forwards, metrics_host
from portway.files import read
from portway.metrics_logs import Logs

SETTINGS = "/etc/portway/metrics.json"
# Only hosts with `monitoring.cloudWatch` or `logs` have it, and the module.
CLOUDWATCH = "/etc/portway/cloudwatch.json"
# How long a client may take to ask and to read, in seconds, and how long its question may be.
PATIENCE, LONGEST = 2, 8192
# How often it is written what was read, in seconds. Whatever was read since is read again after a kill.
KEEP = 2

# Name, type and meaning, and the rows: labels and a number.
Rows = Iterable[tuple[Mapping[str, str], Union[int, float]]]
Family = tuple[str, str, str, Rows]


def escaped(value: str) -> str:
    return value.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")


def line(name: str, labels: Mapping[str, str], value: Union[int, float]) -> str:
    inside = ",".join(f'{key}="{escaped(word)}"' for key, word in labels.items() if key != "__name__")
    return f"{name}{{{inside}}} {value}\n" if inside else f"{name} {value}\n"


def text(families: Iterable[Family]) -> str:
    """The exposition. A family without rows is left out."""
    pieces = []
    for name, kind, meaning, rows in families:
        # As within Prometheus, this label is the row's name. Those of a histogram have their own.
        lines = [line(labels.get("__name__", name), labels, value) for labels, value in rows]
        if lines:
            pieces += [f"# HELP {name} {meaning}\n# TYPE {name} {kind}\n", *lines]
    return "".join(pieces)


def exposition(logs: Logs) -> str:
    logs.look()
    return text([*metrics_forwards.families(logs), *metrics_host.families(logs)])


def listen(port: int) -> socket.socket:
    """On all addresses of both IP versions, or of the only one."""
    if socket.has_dualstack_ipv6():
        with contextlib.suppress(OSError):
            return socket.create_server(("::", port), family=socket.AF_INET6, dualstack_ipv6=True)
    return socket.create_server(("", port))


def may_ask(client: socket.socket, networks: Sequence[str]) -> bool:
    """Whether it is in one of them, or this host itself, by whichever of its addresses."""
    there, here = client.getpeername()[0], client.getsockname()[0]
    address = ip_address(there.partition("%")[0])
    if isinstance(address, IPv6Address):
        address = address.ipv4_mapped or address
    return there == here or any(address in ip_network(one) for one in networks)


def question(client: socket.socket) -> bytes:
    """The request's first line; empty if it does not come in time."""
    head, end = b"", time.monotonic() + PATIENCE
    while b"\r\n\r\n" not in head and len(head) < LONGEST:
        client.settimeout(max(0.001, end - time.monotonic()))
        piece = client.recv(4096)
        if not piece:
            return b""
        head += piece
    return head.partition(b"\r\n")[0]


def answer(client: socket.socket, logs: Logs) -> None:
    method, _, rest = question(client).decode("latin1").partition(" ")
    path = rest.partition(" ")[0].partition("?")[0]
    if not method:
        return
    if method not in ("GET", "HEAD"):
        status, body = "405 Method Not Allowed", "GET /metrics\n"
    elif path != "/metrics":
        status, body = "404 Not Found", "GET /metrics\n"
    else:
        status, body = "200 OK", exposition(logs)
    content = body.encode()
    head = (
        f"HTTP/1.1 {status}\r\nContent-Type: text/plain; version=0.0.4; charset=utf-8\r\n"
        f"Content-Length: {len(content)}\r\nConnection: close\r\n\r\n"
    )
    client.settimeout(PATIENCE)
    client.sendall(head.encode() + (b"" if method == "HEAD" else content))


def program() -> list[tuple[float, int]]:
    """Changes with the files that this program consists of."""
    folder = os.path.dirname(__file__)
    modules = (
        "metrics",
        "metrics_logs",
        "metrics_host",
        "metrics_forwards",
        "cloudwatch",
        "cloudwatch_send",
        "cloudwatch_logs",
    )
    paths = [SETTINGS, CLOUDWATCH, *(f"{folder}/{name}.py" for name in modules)]
    return [(os.stat(path).st_mtime, os.stat(path).st_ino) for path in paths if os.path.exists(path)]


def main(words: list[str]) -> None:
    started = program()
    logs = Logs()
    settings = json.loads(read(SETTINGS))
    servers = [listen(settings["port"])] if "port" in settings else []
    beat = importlib.import_module("portway.cloudwatch").Beat(logs) if os.path.exists(CLOUDWATCH) else None
    # Whoever stops it gets what was read kept first.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    kept = time.monotonic()
    try:
        # A change is started by systemd.
        while program() == started:
            for server in select.select(servers, [], [], 1)[0]:
                with contextlib.suppress(OSError), server.accept()[0] as client:
                    if may_ask(client, settings["from"]):
                        answer(client, logs)
            logs.look()
            if time.monotonic() - kept > KEEP:
                logs.keep()
                kept = time.monotonic()
            if beat:
                beat.look(logs)
    finally:
        logs.keep()
