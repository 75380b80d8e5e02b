"""Tells a fleet's balancer whether this host forwards: its rules are in the kernel, and nginx runs its configuration.

systemd starts it when somebody asks on the health port, which is its file 3 (portway-ready.socket). It answers 200, or 503
and why, until another content is proved, whose programs may be others; the next question starts it anew. A balancer asks for
each port, from several places, so an answer holds for some seconds. Starting a Python takes a busy small host longer than a
balancer waits, so it happens seldom: otherwise the group would end the host because it is busy.
"""

import importlib
import os
import signal
import socket
import time

from portway import behind, lock, nginx, trees
from portway.drift import NGINX, PACKAGE, Drift
from portway.files import forget, read, replace
from portway.group import READY
from portway.paths import GOOD

# What the balancer sends is of no interest, but a request that is not read is a reset.
SECONDS, REQUEST_BYTES = 3, 4096
# What the distribution has patched meanwhile is taken over too, once an hour.
LIFE_SECONDS, KEPT_SECONDS = 3600, 5
# A look that hangs ends the program.
STUCK_SECONDS = 120
HEALTH_PORT = 3
# What forwarding depends on. Other drift, such as an edited file, is put right by reconcile.py and no reason to replace a host. A
# certificate is none either: nginx has read it, and to try one takes rights that this program lacks.
ENGINES = {"drift_rules": "find", "drift_nginx": "find_running"}


def trouble() -> str:
    """Why this host should get no connections; empty if it should."""
    if not trees.content_of(GOOD):
        return "no content was proved yet"
    if behind.trouble():
        return behind.trouble()
    # While a change is tried, rules and nginx may be ahead of the good tree. The change proves them itself.
    if not lock.hold(wait=False):
        return answers_at_all()
    try:
        drift = Drift()
        for module, find in ENGINES.items():
            if os.path.exists(f"{GOOD}{PACKAGE}/{module}.py"):
                getattr(importlib.import_module(f"portway.{module}"), find)(drift)
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


def reply(client: socket.socket, words: str) -> None:
    """A balancer that has gone meanwhile asks again."""
    client.settimeout(SECONDS)
    try:
        client.recv(REQUEST_BYTES)
        client.sendall(answer(words))
    except OSError:
        pass


def serve(listener: socket.socket) -> None:
    """Answers until its time is over, or another content is proved. Whoever asks at the end waits for the next start."""
    end = time.monotonic() + LIFE_SECONDS
    born = trees.content_of(GOOD)
    words, looked = "", end - LIFE_SECONDS - KEPT_SECONDS
    while time.monotonic() < end and trees.content_of(GOOD) == born:
        listener.settimeout(max(0.1, end - time.monotonic()))
        try:
            client, _ = listener.accept()
        except socket.timeout:  # no TimeoutError before Python 3.10
            return
        signal.alarm(STUCK_SECONDS)
        with client:
            if time.monotonic() - looked >= KEPT_SECONDS:
                before, words, looked = words, trouble(), time.monotonic()
                remember(words)
                if words and words != before:
                    print(f"the balancer is told that this host is not ready: {words}", flush=True)
            reply(client, words)
        signal.alarm(0)


def main(_words: list[str]) -> None:
    """portway ready, with the health port's socket as file 3"""
    with socket.socket(fileno=HEALTH_PORT) as listener:
        serve(listener)
