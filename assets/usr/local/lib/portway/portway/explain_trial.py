"""One packet through the rules of this host, in a network namespace of its own: for `portway explain`.

Runs inside the namespace (`unshare -n portway explain_trial`). It gets the host's rules, addresses and routes as JSON, and tells as JSON
what the kernel did: the connection that it tracks now, none if the packet was dropped, and the rules with their counters. Nothing leaves the
namespace, and nothing of the host changes.
"""

import contextlib
import json
import re
import socket
import struct
import sys
import time
from typing import Any

from portway.commands import run

MAC, PEER = b"\2\0\0\0\0\1", b"\2\0\0\0\0\2"
# The first line that iptables-restore refuses.
REFUSED = re.compile(r"line:? (\d+)")
# A flow as `conntrack -L` prints it: who asks for what, then who answers whom.
FLOW = re.compile(r"src=(\S+) dst=(\S+)(?: sport=\d+ dport=(\d+))?.*? src=(\S+) dst=(\S+)(?: sport=(\d+) dport=(\d+))?")


def write(path: str, text: str) -> None:
    with contextlib.suppress(OSError), open(path, "w") as file:
        file.write(text)


def make_interfaces(interfaces: dict[str, list[str]], routes: list[str]) -> None:
    """Those of the host. Nothing that goes out arrives anywhere, and nobody is asked for hardware addresses."""
    run("ip", "link", "set", "lo", "up")
    for number, (name, addresses) in enumerate(interfaces.items()):
        peer = f"portway{number}"
        run("ip", "link", "add", name, "type", "veth", "peer", "name", peer)
        # It would tell others of itself, by packets that the rules count.
        write(f"/proc/sys/net/ipv6/conf/{peer}/disable_ipv6", "1")
        write(f"/proc/sys/net/ipv6/conf/{name}/accept_dad", "0")
        run("ip", "link", "set", name, "address", MAC.hex(":"), "arp", "off", "up")
        run("ip", "link", "set", peer, "address", PEER.hex(":"), "up")
        for address in addresses:
            run("ip", "addr", "add", address, "dev", name, *(["nodad"] if ":" in address else []))
    for route in routes:
        run("ip", *(["-6"] if ":" in route else []), "route", "replace", *route.split())


def load_rules(tool: str, rules: str) -> list[str]:
    """Leaves out what does not work in a namespace, such as a set of another program. Returns that."""
    lines = rules.splitlines()
    left: list[str] = []
    while True:
        done = run(f"{tool}-nft-restore", text="\n".join([*lines, ""]))
        refused = REFUSED.findall(done.stderr)
        if not done.returncode:
            return left
        if not refused or not lines[int(refused[-1]) - 1].startswith("-A"):
            sys.exit(f"these rules cannot be tried: {done.stderr}")
        left.append(lines.pop(int(refused[-1]) - 1))


def checksum(data: bytes) -> int:
    even = data + bytes(len(data) % 2)
    total: int = sum(struct.unpack(f">{len(even) // 2}H", even))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF


def packet(protocol: int, source: bytes, target: bytes, port: int) -> bytes:
    """The first one of a connection, from a port that clients use."""
    if protocol == socket.IPPROTO_TCP:
        body = struct.pack(">HHIIBBHHH", 40000, port, 1, 0, 0x60, 2, 64240, 0, 0) + b"\2\4\5\xb4"
        at = 16
    elif protocol == socket.IPPROTO_UDP:
        body = struct.pack(">HHHHx", 40000, port, 9, 0)
        at = 6
    else:
        body, at = bytes(8), -1
    if at > 0:
        # A pseudo header, the same for both versions of IP, since zeros and order don't change the sum.
        counted = struct.pack(">II", len(body), protocol)
        body = body[:at] + struct.pack(">H", checksum(source + target + counted + body)) + body[at + 2 :]
    if len(source) == 16:
        return struct.pack(">IHBB", 0x60000000, len(body), protocol, 60) + source + target + body
    head = struct.pack(">BBHHHBBH", 0x45, 0, 20 + len(body), 1, 0, 60, protocol, 0) + source + target
    return head[:10] + struct.pack(">H", checksum(head)) + head[12:] + body


def send(data: bytes, number: int) -> None:
    """As if it came from the network to the interface of that number."""
    with socket.socket(socket.AF_PACKET, socket.SOCK_RAW) as wire:
        wire.bind((f"portway{number}", 0))
        wire.send(MAC + PEER + (b"\x86\xdd" if data[0] >> 4 == 6 else b"\x08\0") + data)


def flow(family: str) -> list[str]:
    """What the kernel tracks. A connection gets there with its first packet that passed all rules."""
    for _ in range(10):
        found = FLOW.search(run("conntrack", "-L", "-f", family).stdout)
        if found:
            return list(found.groups(""))
        time.sleep(0.02)
    return []


def main(_: list[str]) -> None:
    asked: dict[str, Any] = json.load(sys.stdin)
    source, target = (
        socket.inet_pton(socket.AF_INET6 if ":" in text else socket.AF_INET, text)
        for text in (asked["from"], asked["to"])
    )
    tool, family = ("ip6tables", "ipv6") if len(source) == 16 else ("iptables", "ipv4")
    for name, value in asked["settings"].items():
        write(f"/proc/sys/{name}", value)
    make_interfaces(asked["interfaces"], asked["routes"])
    left = load_rules(tool, asked["rules"])
    for table in asked["tables"]:
        done = run("nft", "-f", "-", text=table)
        if done.returncode:
            left.append(table.partition("{")[0].strip())
    # A refusal by the namespace itself would end the connection. And without such a match nothing is tracked.
    run(f"{tool}-nft", "-t", "raw", "-I", "OUTPUT", "-j", "DROP")
    run(f"{tool}-nft", "-t", "mangle", "-A", "OUTPUT", "-m", "conntrack", "--ctstate", "INVALID")
    send(packet(asked["protocol"], source, target, asked["port"]), list(asked["interfaces"]).index(asked["interface"]))
    found = flow(family)
    print(
        json.dumps(
            {
                "flow": found,
                "rules": run(f"{tool}-nft-save", "-c").stdout,
                "tables": run("nft", "-t", "list", "ruleset").stdout if asked["tables"] else "",
                "left": left,
            }
        )
    )
