"""The health service: checks the targets of forwards that have a health check, and keeps dead ones out of their
forward's chain.

  /etc/portway/health.json    what to check, and the parts of the rules; written by synth (lib/host/health.ts)
  /run/portway/health/state   the results, one JSON object a line: forward, target, up, since (seconds since 1970)

A forward with several targets has the chain PORTWAY-<name> in nat. The service rewrites its rules and nothing else,
each time in one transaction.
"""

import importlib
import json
import os
import re
import socket
import sys
import threading
import time
from collections.abc import Sequence

from portway.commands import run
from portway.health_chain import Forward, Target, marks, rules, targets_out

DATA, STATE = "/etc/portway/health.json", "/run/portway/health/state"
TOOLS = {"4": "iptables-nft", "6": "ip6tables-nft"}


def ping(host: str, timeout: float) -> None:
    """Sends an ICMP echo request: type, code, checksum (the kernel writes that of ICMPv6), and four bytes that identify
    it. These are not compared: any answer shows that the host is alive."""
    family, protocol, request, reply, start = (
        (socket.AF_INET6, socket.IPPROTO_ICMPV6, b"\x80\0\0\0\0\0\0\0", 129, 0)
        if ":" in host
        # An IPv4 raw socket also delivers the IP header.
        else (socket.AF_INET, socket.IPPROTO_ICMP, b"\x08\0\xf7\xff\0\0\0\0", 0, 20)
    )
    with socket.socket(family, socket.SOCK_RAW, protocol) as connection:
        connection.settimeout(timeout)
        connection.connect((host, 0))
        connection.send(request)
        while connection.recv(99)[start] != reply:
            pass


def check(by: str, target: Target, timeout: float) -> None:
    """@raise OSError if the target does not answer"""
    if by == "ping":
        ping(target["host"], timeout)
    elif by == "tcp":
        socket.create_connection((target["host"], target["port"]), timeout).close()
    else:
        # Only hosts that use it have this module.
        probes = importlib.import_module("portway.database_probes")
        getattr(probes, by)(target["host"], target["port"], timeout)


def write(forward: Forward, family: str) -> None:
    """Writes a forward's chain in one transaction, so that the chain is always the old or the new one, even if this
    program is killed. It never creates a missing chain: `-F` then fails, whereas a line `:CHAIN` would create it."""
    text = "\n".join(["*nat", f"-F PORTWAY-{forward['forward']}", *rules(forward, family), "COMMIT", ""])
    done = run(f"{TOOLS[family]}-restore", "--noflush", text=text)
    if done.returncode:
        print(f"{forward['forward']}: the chain of IPv{family} could not be written: {done.stderr.strip()}")
        return
    for target in targets_out(forward, family):
        flush_flows(forward, family, target)


def flush_flows(forward: Forward, family: str, target: Target) -> None:
    """UDP flows keep their target as long as they are active, and a connection that waits for an answer keeps trying
    the same target. Their entries are deleted, so that the next packet gets a living target. Open TCP connections are
    left alone."""
    which = ["-f", f"ipv{family}", "-p", forward["transport"]]
    if forward["transport"] == "tcp":
        which += ["--state", "SYN_SENT"]
    if not target["local"]:
        which += ["--reply-src", target["host"]]
    # First the ports of the request, then those of the reply.
    flows = set(re.findall(r"sport=\d+ dport=(\d+) .*?sport=(\d+) ", run("conntrack", "-L", *which).stdout))
    first, last = forward["listen"]
    low, high = target["ports"]
    for asked, answered in flows:
        if first <= int(asked) <= last and low <= int(answered) <= high:
            run("conntrack", "-D", *which, "--orig-port-dst", asked, "--reply-port-src", answered)


def mend(forward: Forward) -> None:
    """Rewrites a chain that somebody else has changed. A chain that does not exist is not this program's business."""
    for family in forward["chains"]:
        current = run(TOOLS[family], "-t", "nat", "-S", f"PORTWAY-{forward['forward']}").stdout
        if current and any(mark not in current for mark in marks(forward, family)):
            write(forward, family)


def read_state() -> dict[tuple[str, str], Target]:
    """What was known before this program started, by forward and target."""
    known: dict[tuple[str, str], Target] = {}
    try:
        with open(STATE) as file:
            for line in file:
                entry = json.loads(line)
                known[entry["forward"], entry["target"]] = entry
    except (OSError, ValueError, KeyError, TypeError):
        pass
    return known


class Service:
    def __init__(self, forwards: Sequence[Forward]):
        self.forwards = forwards
        # Held while a target changes, a chain is written or the state is saved, since rounds of several targets may end
        # at the same time.
        self.lock = threading.Lock()

    def recall(self) -> None:
        known = read_state()
        for forward in self.forwards:
            for target in forward["targets"]:
                old = known.get((forward["forward"], target["target"]), Target())
                # A time in the future would come from a wrong clock.
                now = int(time.time())
                target["up"], target["since"] = old.get("up", True), min(old.get("since", now), now)

    def keep(self) -> None:
        with open(f"{STATE}.new", "w") as file:
            for forward in self.forwards:
                for target in forward["targets"]:
                    known = {"target": target["target"], "up": target["up"], "since": target["since"]}
                    file.write(json.dumps({"forward": forward["forward"], **known}) + "\n")
        os.replace(f"{STATE}.new", STATE)

    def change(self, forward: Forward, target: Target, up: bool, reason: str = "") -> None:
        with self.lock:
            target["up"], target["since"] = up, int(time.time())
            for family in forward["chains"]:
                write(forward, family)
            self.keep()
            answering = sum(other["up"] for other in forward["targets"])
            state = f"{target['target']} is {'in' if up else 'out'}{reason}"
            after = "" if answering else ": all stay in"
            print(f"{forward['forward']}: {state}; {answering} of {len(forward['targets'])} targets answer{after}")

    def watch(self, forward: Forward, target: Target) -> None:
        failed = 0
        while True:
            began = time.monotonic()
            try:
                check(forward["by"], target, min(forward["interval"], 10))
                failed = 0
                if not target["up"]:
                    self.change(forward, target, True)
            except OSError as error:
                failed += 1
                if not target["up"]:
                    with self.lock:
                        mend(forward)
                elif failed >= forward["failures"]:
                    self.change(forward, target, False, f" ({error})")
            time.sleep(max(0, began + forward["interval"] - time.monotonic()))

    def run(self) -> None:
        self.recall()
        # Whatever the chains contain: they may come from other data, or from a service that was killed in between.
        for forward in self.forwards:
            for family in forward["chains"]:
                write(forward, family)
        self.keep()
        threading.excepthook = end
        watched = [(forward, target) for forward in self.forwards for target in forward["targets"]]
        for pair in watched:
            threading.Thread(target=self.watch, args=pair, daemon=True).start()
        print(f"asking {len(watched)} targets")
        # Tells systemd that the service is ready. @see sd_notify(3)
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as notify:
            notify.sendto(b"READY=1", os.environ["NOTIFY_SOCKET"].replace("@", "\0"))
        threading.Event().wait()


def end(failure: threading.ExceptHookArgs) -> None:
    """A failed thread must not leave a target unwatched, so systemd restarts the whole service."""
    if failure.exc_value:
        sys.__excepthook__(failure.exc_type, failure.exc_value, failure.exc_traceback)
    os._exit(1)


def main(words: list[str]) -> None:
    try:
        with open(DATA) as file:
            forwards = json.load(file)
    except ValueError as error:
        sys.exit(f"{DATA} is damaged: {type(error).__name__}: {error}")
    Service(forwards).run()
