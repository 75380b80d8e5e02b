"""Tells a fleet's balancer whether this host forwards: its rules are in the kernel, and nginx runs its configuration.

systemd starts it for each connection to the health port (portway-ready.socket), and the connection is its standard input,
so nothing is resident. It answers 200, or 503 and why.
"""

import importlib
import os
import socket
import sys
import time

from portway import lock, nginx, trees
from portway.drift import NGINX, PACKAGE, Drift
from portway.files import forget, read, replace
from portway.group import READY
from portway.paths import GOOD

# What the balancer sends is of no interest, but a request that is not read is a reset.
SECONDS, REQUEST_BYTES = 3, 4096
# What forwarding depends on. Other drift, such as an edited file, is put right by reconcile.py and no reason to replace a host.
ENGINES = ("drift_rules", "drift_nginx")


def trouble() -> str:
    """Why this host should get no connections; empty if it should."""
    if not trees.content_of(GOOD):
        return "no content was proved yet"
    # While a change is tried, rules and nginx may be ahead of the good tree. The change proves them itself.
    if not lock.hold(wait=False):
        return answers_at_all()
    try:
        drift = Drift()
        for module in ENGINES:
            if os.path.exists(f"{GOOD}{PACKAGE}/{module}.py"):
                importlib.import_module(f"portway.{module}").find(drift)
        return "; ".join(drift.words)
    finally:
        lock.release()


def answers_at_all() -> str:
    if not os.path.exists(GOOD + NGINX):
        return ""
    try:
        return "" if nginx.ask("/generation").strip() else "nginx does not answer"
    except OSError as error:
        return f"nginx does not answer: {error}"


def remember(words: str) -> None:
    """Since when the balancer has heard nothing but good."""
    if words:
        forget(READY)
    elif not read(READY):
        replace(READY, f"{time.monotonic():.0f}\n")


def answer(words: str) -> bytes:
    status = "503 Service Unavailable" if words else "200 OK"
    text = f"{words or 'ready'}\n".encode("ascii", "replace")
    head = f"HTTP/1.1 {status}\r\nContent-Type: text/plain\r\nContent-Length: {len(text)}\r\nConnection: close\r\n\r\n"
    return head.encode() + text


def main(_words: list[str]) -> None:
    """portway ready, with a connection as standard input"""
    with socket.socket(fileno=sys.stdin.fileno()) as client:
        client.settimeout(SECONDS)
        client.recv(REQUEST_BYTES)
        words = trouble()
        client.sendall(answer(words))
    remember(words)
    if words:
        print(f"the balancer was told that this host is not ready: {words}")
