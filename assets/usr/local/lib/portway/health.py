#!/usr/bin/python3 -IBSu
# Asks the targets of forwards that have a health check whether they are alive, and keeps dead ones out of their forward's chain.
#
#   /etc/portway/health.json    what to ask, and what the rules are made of; synth writes it (lib/host/health.ts)
#   /run/portway/health/state   what is known, a JSON object a line: forward, target, up, since (seconds since 1970)
#
# A forward with several targets has the chain PORTWAY-<name> in nat. Its rules, and nothing else, are rewritten here, each time
# in one transaction. For each target that is out the chain has a rule without effect whose comment says so: people see it in
# `iptables -t nat -S`, and programs see by it that the chain is as it was left here. While all targets are in there is no such
# rule, and the chain is what synth rendered. When no target of a family answers, all are in: connections fail that would fail
# anyway, and the first target that returns gets them.
import json
import os
import re
import socket
import subprocess
import sys
import threading
import time

# Probes that only some hosts need stand beside this program.
sys.path.insert(0, os.path.dirname(__file__))
DATA, STATE = "/etc/portway/health.json", "/run/portway/health/state"
TOOLS = {"4": "iptables-nft", "6": "ip6tables-nft"}

# Held while a target changes, a chain is written or the state is kept: rounds of several targets end at the same time.
lock = threading.Lock()
forwards = []


def run(*command, text=None):
    return subprocess.run(command, input=text, capture_output=True, text=True)


# An ICMP echo request: type, code, checksum (the kernel writes that of ICMPv6), and four bytes that say whose it is, which nobody
# needs to know: any answer of this host tells that it is alive.
def ping(host, timeout):
    family, protocol, request, reply, start = (
        (socket.AF_INET6, socket.IPPROTO_ICMPV6, b"\x80\0\0\0\0\0\0\0", 129, 0)
        if ":" in host
        # A raw socket of IPv4 gives the IP header too.
        else (socket.AF_INET, socket.IPPROTO_ICMP, b"\x08\0\xf7\xff\0\0\0\0", 0, 20)
    )
    with socket.socket(family, socket.SOCK_RAW, protocol) as s:
        s.settimeout(timeout)
        s.connect((host, 0))
        s.send(request)
        while s.recv(99)[start] != reply:
            pass


# The entries of a forward's chain in a family whose targets are in, and of those that are out.
def sides(forward, family):
    entries = forward["chains"][family]["entries"]
    living = [e for e in entries if forward["targets"][e["target"]]["up"]] or entries
    return living, [e for e in entries if e not in living]


def rule(forward, *words, comment="", jump=""):
    comment = '-m comment --comment "portway:%s%s"' % (forward["forward"], comment)
    return " ".join(word for word in ["-A PORTWAY-" + forward["forward"], *words, comment, jump] if word)


# The rules that tell which targets are out.
def marks(forward, family):
    out = sides(forward, family)[1]
    return [rule(forward, comment=" out: " + forward["targets"][e["target"]]["target"]) for e in out]


# With balance `source` each client has a place, and each place an entry. Those of living targets stay what they are. Those of a
# dead one are dealt out to the targets that come after it, by their shares, so that each living one gets some.
def places(entries, living):
    for at, entry in enumerate(entries):
        others = [e for e in entries[at + 1 :] + entries[:at] for _ in range(e["share"])]
        for i in range(entry["share"]):
            first = i * len(others) // entry["share"]
            yield next(e for e in [entry] + others[first:] + others[:first] if e in living)


def rules(forward, family):
    chain, transport = forward["chains"][family], "-p " + forward["transport"]
    living = sides(forward, family)[0]
    yield from marks(forward, family)
    if "draw" in chain:
        yield rule(forward, jump=chain["draw"])
        for match, entry in zip(chain["matches"], places(chain["entries"], living)):
            yield rule(forward, transport, match, jump=entry["jump"])
        return
    left = sum(e["share"] for e in living)
    for entry in living:
        # Each rule sees only what those before it let pass, and the last takes the rest.
        lot = "-m statistic --mode random --probability %.8f" % (entry["share"] / left)
        yield rule(forward, transport, lot if entry is not living[-1] else "", jump=entry["jump"])
        left -= entry["share"]


# One transaction: whenever this program is killed, the chain is the old one or the new one. A chain that is not there stays
# away: `-F` then fails, where a line `:CHAIN` would make one.
def write(forward, family):
    text = "\n".join(["*nat", "-F PORTWAY-" + forward["forward"], *rules(forward, family), "COMMIT", ""])
    done = run(TOOLS[family] + "-restore", "--noflush", text=text)
    if done.returncode:
        print("%s: the chain of IPv%s could not be written: %s" % (forward["forward"], family, done.stderr.strip()))
        return
    for entry in sides(forward, family)[1]:
        forget(forward, family, forward["targets"][entry["target"]])


# UDP flows keep the target that they once got for as long as they talk, and a connection that waits for an answer keeps asking
# the same target: what is tracked of them goes, so that the next packet gets a living one. Open TCP connections are left alone.
def forget(forward, family, target):
    words = ["-f", "ipv" + family, "-p", forward["transport"]]
    if forward["transport"] == "tcp":
        words += ["--state", "SYN_SENT"]
    if not target["local"]:
        words += ["--reply-src", target["host"]]
    # First the ports of the request, then those of the answer.
    flows = set(re.findall(r"sport=\d+ dport=(\d+) .*?sport=(\d+) ", run("conntrack", "-L", *words).stdout))
    first, last = forward["listen"]
    low, high = target["ports"]
    for asked, answered in flows:
        if first <= int(asked) <= last and low <= int(answered) <= high:
            run("conntrack", "-D", *words, "--orig-port-dst", asked, "--reply-port-src", answered)


# Puts a chain right that somebody else wrote meanwhile. One that is not there is none of this program's business.
def mend(forward):
    for family in forward["chains"]:
        there = run(TOOLS[family], "-t", "nat", "-S", "PORTWAY-" + forward["forward"]).stdout
        if there and any(mark not in there for mark in marks(forward, family)):
            write(forward, family)


def keep():
    keys = ("target", "up", "since")
    with open(STATE + ".new", "w") as file:
        for forward in forwards:
            for target in forward["targets"]:
                file.write(json.dumps({"forward": forward["forward"], **{k: target[k] for k in keys}}) + "\n")
    os.replace(STATE + ".new", STATE)


def change(forward, target, up, reason):
    with lock:
        target.update(up=up, since=int(time.time()))
        for family in forward["chains"]:
            write(forward, family)
        keep()
        answering = sum(t["up"] for t in forward["targets"])
        after = "%d of %d targets answer%s" % (answering, len(forward["targets"]), "" if answering else ": all stay in")
        print("%s: %s is %s%s; %s" % (forward["forward"], target["target"], "in" if up else "out", reason, after))


def watch(forward, target):
    failed = 0
    while True:
        began = time.monotonic()
        timeout = min(forward["interval"], 10)
        try:
            if forward["by"] == "ping":
                ping(target["host"], timeout)
            elif forward["by"] == "tcp":
                socket.create_connection((target["host"], target["port"]), timeout).close()
            else:
                probe = getattr(__import__("database_probes"), forward["by"])
                probe(target["host"], target["port"], timeout)
            failed = 0
            if not target["up"]:
                change(forward, target, True, "")
        except OSError as error:
            failed += 1
            if not target["up"]:
                with lock:
                    mend(forward)
            elif failed >= forward["failures"]:
                change(forward, target, False, " (%s)" % error)
        time.sleep(max(0, began + forward["interval"] - time.monotonic()))


# A thread that fails must not leave a target unwatched: systemd starts all of it again.
def end(args):
    sys.__excepthook__(*args[:3])
    os._exit(1)


def main():
    known = {}
    try:
        with open(STATE) as file:
            for line in file:
                entry = json.loads(line)
                known[entry["forward"], entry["target"]] = entry
    except (OSError, ValueError, KeyError, TypeError):
        pass
    with open(DATA) as file:
        forwards.extend(json.load(file))
    watched = [(forward, target) for forward in forwards for target in forward["targets"]]
    for forward, target in watched:
        old = known.get((forward["forward"], target["target"]), {})
        # Not in the future, where the clock was wrong then.
        now = int(time.time())
        target.update(up=old.get("up", True), since=min(old.get("since", now), now))
    # Whatever is there: it may be of other data, or of one that was killed in between.
    for forward in forwards:
        for family in forward["chains"]:
            write(forward, family)
    keep()
    threading.excepthook = end
    for pair in watched:
        threading.Thread(target=watch, args=pair, daemon=True).start()
    print("asking %d targets" % len(watched))
    # What systemd waits for. @see sd_notify(3)
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as s:
        s.sendto(b"READY=1", os.environ["NOTIFY_SOCKET"].replace("@", "\0"))
    threading.Event().wait()


main()
