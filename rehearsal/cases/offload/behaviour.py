"""What flows in the flow table do, in network namespaces of this kernel, by the host's own rules and programs.

  behaviour.py CONTENTS   a folder with a tree for each of a few contents (see contents.ts)

Prints a JSON object a line: what must hold, whether it does, and what was seen. The parties:

  client -- router -- gateway -- backend
"""

import contextlib
import json
import os
import re
import socket
import struct
import subprocess
import sys
import threading
import time
import traceback
from collections.abc import Iterator

CONTENTS = sys.argv[1]
PARTIES = ("client", "router", "gateway", "backend")
CLIENT = {4: "192.0.2.10", 6: "2001:db8:1::10"}
GATEWAY = {4: "198.51.100.1", 6: "2001:db8:100::1"}
INSIDE = {4: "10.0.1.1", 6: "fd00:1::1"}
BACKEND = {4: "10.0.1.10", 6: "fd00:1::10"}
OTHER = {4: "10.0.1.11", 6: "fd00:1::11"}
FAMILY = {4: socket.AF_INET, 6: socket.AF_INET6}
# As in contents.ts.
WEB, GAME, KEPT, CROWD, RUSH, BY_OTHERS = 80, 9000, 81, 82, 83, 99
TCP_PORT, UDP_PORT, WORLD_PORT = 8080, 9000, 7
# Longer than a connection needs that nothing disturbs, on an emulated processor.
SOON = 15


def sh(command: str) -> str:
    done = subprocess.run(["bash", "-ec", command], capture_output=True, text=True)
    if done.returncode:
        raise RuntimeError(f"{command}: {done.stdout}{done.stderr}")
    return done.stdout


def on(party: str, command: str) -> str:
    return sh(f"exec ip netns exec {party} bash -ec '{command}'")


@contextlib.contextmanager
def at(party: str) -> Iterator[None]:
    """Sockets that are made meanwhile belong to a party."""
    here = os.open("/proc/thread-self/ns/net", os.O_RDONLY)
    there = os.open(f"/run/netns/{party}", os.O_RDONLY)
    try:
        os.setns(there, os.CLONE_NEWNET)
        yield
    finally:
        os.setns(here, os.CLONE_NEWNET)
        os.close(here)
        os.close(there)


def build() -> None:
    for party in PARTIES:
        sh(f"ip netns add {party}")
        on(party, "ip link set lo up; sysctl -qw net.ipv6.conf.all.accept_dad=0 net.ipv6.conf.default.accept_dad=0")
    for one, device, other, peer in (
        ("client", "eth0", "router", "eth1"),
        ("router", "eth0", "gateway", "ens5"),
        ("backend", "eth0", "gateway", "ens6"),
    ):
        sh(f"ip link add {device} netns {one} type veth peer name {peer} netns {other}")
    for party, device, *addresses in (
        ("client", "eth0", "192.0.2.10/24", "2001:db8:1::10/64"),
        ("router", "eth1", "192.0.2.1/24", "2001:db8:1::1/64"),
        ("router", "eth0", "198.51.100.2/24", "2001:db8:100::2/64"),
        ("gateway", "ens5", "198.51.100.1/24", "2001:db8:100::1/64"),
        ("gateway", "ens6", "10.0.1.1/24", "fd00:1::1/64"),
        ("backend", "eth0", "10.0.1.10/24", "10.0.1.11/24", "fd00:1::10/64", "fd00:1::11/64"),
    ):
        for address in addresses:
            sh(f"ip -n {party} addr add {address} dev {device} {'nodad' if ':' in address else ''}")
        sh(f"ip -n {party} link set {device} up")
    for party, *ways in (
        ("client", "192.0.2.1", "2001:db8:1::1"),
        ("gateway", "198.51.100.2", "2001:db8:100::2"),
        ("backend", INSIDE[4], INSIDE[6]),
    ):
        for way in ways:
            sh(f"ip -n {party} route add default via {way}")
    for party in ("router", "gateway"):
        on(party, "sysctl -qw net.ipv4.ip_forward=1 net.ipv6.conf.all.forwarding=1")


# Ends what a change leaves behind, as cut.py does after host.sh.
CUT = """\
import sys
sys.path.insert(0, "/usr/local/lib/portway")
from portway import cut_flows, served
old, new = (served.Content(*served.texts_of(tree)) for tree in sys.argv[1:])
cut_flows.cut(old, new, False, [])
"""


def apply(content: str, before: str = "") -> None:
    """Makes the gateway's rules those of a content, as a live change from another one does, or as a boot does."""
    tree = f"{CONTENTS}/{content}"
    in_place("portway rules apply; portway flows", content)
    if before:
        sh(f"exec ip netns exec gateway python3 -c '{CUT}' {CONTENTS}/{before} {tree}")


def in_place(command: str, content: str = "first") -> None:
    """Runs a command while the rules of a content are where a host has its own."""
    on("gateway", f"mount --bind {CONTENTS}/{content}/etc/portway /etc/portway; {command}; umount /etc/portway")


# ---- applications ----


def serve_tcp(listener: socket.socket) -> None:
    while True:
        connection, peer = listener.accept()
        threading.Thread(target=answer, args=(connection, peer), daemon=True).start()


def answer(connection: socket.socket, peer: tuple[str, int]) -> None:
    """Each line is a request: `bulk N` is answered by so many bytes, `reset` by a reset, `die` by the end of the
    conversation, anything else by itself and the peer's address."""
    with connection, contextlib.suppress(OSError):
        for line in connection.makefile("rb"):
            words = line.split()
            if words[0] == b"bulk":
                connection.sendall(b"x" * int(words[1]))
            elif words[0] == b"reset":
                connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                return
            elif words[0] == b"die":
                return
            else:
                connection.sendall(line.rstrip() + f" {peer[0]}\n".encode())


def serve_udp(server: socket.socket, name: str, ttl: tuple[int, int, int]) -> None:
    """Answers a datagram by itself, behind the server's name, the peer's address and the hops that are left."""
    server.setsockopt(*ttl[:2], 1)
    while True:
        data, ancillary, _, peer = server.recvmsg(65536, 256)
        hops = [struct.unpack("i", value)[0] for _, kind, value in ancillary if kind == ttl[2]]
        if data != b"silence":
            server.sendto(f"{name} {peer[0]} {hops[0]} ".encode() + data, peer)


# Level, the option that asks for the hops that are left, and the kind of what tells them: ip(7), ipv6(7).
TTL = {4: (socket.IPPROTO_IP, 12, socket.IP_TTL), 6: (socket.IPPROTO_IPV6, 51, 52)}


def start(party: str, family: int, address: str, tcp: int, udp: int, name: str) -> None:
    with at(party):
        listener = socket.create_server((address, tcp), family=FAMILY[family], backlog=64)
        server = socket.socket(FAMILY[family], socket.SOCK_DGRAM)
        server.bind((address, udp))
    threading.Thread(target=serve_tcp, args=(listener,), daemon=True).start()
    threading.Thread(target=serve_udp, args=(server, name, TTL[family]), daemon=True).start()


# ---- clients ----


class Tcp:
    def __init__(self, family: int, port: int = WEB, party: str = "client", to: str = "", limit: float = SOON):
        with at(party):
            self.socket = socket.socket(FAMILY[family], socket.SOCK_STREAM)
        self.socket.settimeout(limit)
        self.socket.connect((to or GATEWAY[family], port))
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.file = self.socket.makefile("rb")
        self.port = self.socket.getsockname()[1]

    def ask(self, count: int = 1) -> str:
        """The last answer. @raise if one is wrong or missing"""
        for number in range(count):
            self.socket.sendall(b"%d\n" % number)
            line = self.file.readline().decode()
            if not line.startswith(f"{number} "):
                raise ConnectionError(f"wrong answer: {line!r}")
        return line.split()[1]

    def bulk(self, size: int) -> int:
        self.socket.sendall(b"bulk %d\n" % size)
        return len(self.file.read(size))

    def is_cut(self, seconds: float = 3) -> bool:
        """Whether nothing is answered any more."""
        self.socket.settimeout(seconds)
        try:
            self.ask()
        except OSError:
            # A file that has timed out reads no more.
            self.file = self.socket.makefile("rb")
            return True
        finally:
            self.socket.settimeout(SOON)
        return False

    def close(self) -> None:
        self.file.close()
        self.socket.close()


class Udp:
    def __init__(self, family: int, port: int = GAME, party: str = "client", to: str = ""):
        with at(party):
            self.socket = socket.socket(FAMILY[family], socket.SOCK_DGRAM)
        self.socket.settimeout(SOON)
        self.socket.connect((to or GATEWAY[family], port))
        self.port = self.socket.getsockname()[1]

    def ask(self, data: bytes = b"datagram") -> list[str]:
        """Who answers, whom it sees, and the hops that were left."""
        self.socket.send(data)
        words = self.socket.recv(65536).split(b" ", 3)
        if words[3] != data:
            raise ConnectionError(f"wrong answer: {words[3][:50]!r}")
        return [word.decode() for word in words[:3]]

    def ask_until_assured(self) -> list[str]:
        for _ in range(6):
            words = self.ask()
            time.sleep(0.5)
        return words


def entry(port: int) -> str:
    """What connection tracking has of a flow, by its client's port."""
    listed = [on("gateway", f"conntrack -L -f ipv{v} 2>/dev/null") for v in (4, 6)]
    lines = re.findall(rf"^.* sport={port} .*$", "".join(listed), re.M)
    return lines[0] if lines else ""


def is_offloaded(port: int) -> bool:
    return "[OFFLOAD]" in entry(port)


def comes_true(what: object, seconds: float = SOON) -> bool:
    end = time.monotonic() + seconds
    while not what():  # type: ignore[operator]
        if time.monotonic() > end:
            return False
        time.sleep(0.2)
    return True


# ---- what must hold ----


def expect(what: str, holds: bool, seen: object = "") -> None:
    print(json.dumps({"what": what, "holds": bool(holds), "seen": str(seen)}), flush=True)


def tool(family: int) -> str:
    return "iptables-nft" if family == 4 else "ip6tables-nft"


def conversations(family: int) -> None:
    tcp = Tcp(family)
    sees = tcp.ask(20)
    expect("a TCP connection is carried past the rules", is_offloaded(tcp.port), entry(tcp.port))
    expect("the target sees the gateway, in the flow table too", sees == INSIDE[family] == tcp.ask(100), sees)
    expect("bulk arrives whole", tcp.bulk(5_000_000) == 5_000_000)
    kept = Tcp(family, KEPT)
    sees = kept.ask(20)
    expect(
        "preserveClientAddress: it is carried, and the target sees the client",
        sees == CLIENT[family] == kept.ask(50) and is_offloaded(kept.port),
        f"{sees} {entry(kept.port)}",
    )
    udp = Udp(family)
    first = udp.ask()
    expect("a UDP flow is not carried at once", not is_offloaded(udp.port), entry(udp.port))
    udp.ask_until_assured()
    expect("but once it has been answered for two seconds", is_offloaded(udp.port), entry(udp.port))
    expect("hops are counted as by rules", udp.ask() == first, f"{first} {udp.ask()}")
    large = os.urandom(6_000).hex().encode()
    expect(
        "fragments arrive, and the flow goes on",
        all(udp.ask(large) for _ in range(5)) and bool(udp.ask()),
        entry(udp.port),
    )
    before = [int(n) for n in re.findall(r"packets=(\d+) bytes=(\d+)", entry(udp.port))[0]]
    for _ in range(50):
        udp.ask(b"y" * 100)
    after = [int(n) for n in re.findall(r"packets=(\d+) bytes=(\d+)", entry(udp.port))[0]]
    size = 100 + 8 + (20 if family == 4 else 40)
    expect(
        "each packet is counted once, with its bytes",
        [after[0] - before[0], after[1] - before[1]] == [50, 50 * size],
        f"{before} {after}",
    )
    silent = Udp(family)
    for _ in range(8):
        silent.socket.send(b"silence")
        time.sleep(0.4)
    expect("a UDP flow that nobody answers is not carried", not is_offloaded(silent.port), entry(silent.port))
    for one in (tcp, kept):
        one.close()


def ends(family: int) -> None:
    tcp = Tcp(family)
    tcp.ask(20)
    was = is_offloaded(tcp.port)
    tcp.close()
    expect(
        "a FIN takes a flow out",
        was and comes_true(lambda: re.search("TIME_WAIT|LAST_ACK", entry(tcp.port))),
        entry(tcp.port),
    )
    tcp = Tcp(family)
    tcp.ask(20)
    was = is_offloaded(tcp.port)
    tcp.socket.sendall(b"reset\n")
    try:
        said = tcp.file.read()
    except ConnectionResetError:
        said = None
    expect("a RST of the target reaches the client", was and said is None, said)
    # Tracking judges the RST by a window that it last saw before the flow was carried, and keeps the entry for this long.
    expect("and takes the flow out", comes_true(lambda: not is_offloaded(tcp.port)), entry(tcp.port))
    left = re.search(r"^\S+ +\d+ (\d+) \S+ ", entry(tcp.port))
    soon = entry(tcp.port) == "" or (left is not None and int(left[1]) <= 300)
    expect("which is forgotten within five minutes", soon, entry(tcp.port))
    tcp = Tcp(family)
    tcp.ask(20)
    tcp.socket.sendall(b"die\n")
    expect("a target that ends is seen to end", tcp.file.read() == b"", entry(tcp.port))
    tcp = Tcp(family)
    tcp.ask(20)
    on("backend", f"{tool(family)} -I INPUT -j DROP; sleep 2; {tool(family)} -D INPUT -j DROP")
    expect("a target that was away for two seconds is found again", bool(tcp.ask(20)), entry(tcp.port))


def idle(family: int) -> None:
    names = ("nf_flowtable_tcp_timeout", "nf_flowtable_udp_timeout", "nf_conntrack_udp_timeout_stream")
    was = {name: on("gateway", f"sysctl -n net.netfilter.{name}").strip() for name in names}
    try:
        on("gateway", "sysctl -qw net.netfilter.nf_flowtable_tcp_timeout=5 net.netfilter.nf_flowtable_udp_timeout=5")
        on("gateway", "sysctl -qw net.netfilter.nf_conntrack_udp_timeout_stream=20")
        tcp, udp = Tcp(family), Udp(family)
        udp.ask_until_assured()
        # Just now: the other one has taken longer than a flow may be idle.
        tcp.ask(20)
        was_in = is_offloaded(tcp.port) and is_offloaded(udp.port)
        expect(
            "idle flows leave the flow table",
            was_in and comes_true(lambda: not is_offloaded(tcp.port) and not is_offloaded(udp.port), 60),
            f"{entry(tcp.port)} {entry(udp.port)}",
        )
        left = re.search(r"^\S+ +\d+ (\d+) ESTABLISHED", entry(tcp.port))
        expect(
            "an idle TCP connection stays tracked for its whole time",
            left is not None and int(left[1]) > 80_000,
            entry(tcp.port),
        )
        expect(
            "it goes on where it was, and is carried again",
            bool(tcp.ask(20)) and is_offloaded(tcp.port),
            entry(tcp.port),
        )
        expect(
            "and so does a UDP flow", bool(udp.ask()) and bool(udp.ask()) and is_offloaded(udp.port), entry(udp.port)
        )
        expect(
            "a UDP flow that stays idle is forgotten", comes_true(lambda: entry(udp.port) == "", 80), entry(udp.port)
        )
    finally:
        for name, value in was.items():
            on("gateway", f"sysctl -qw net.netfilter.{name}={value}")


def sizes(family: int) -> None:
    for what, party, device, size in (
        ("the way behind the gateway becomes narrower: its errors reach the target", "router", "eth1", 1300),
        ("the gateway's own device becomes narrower", "gateway", "ens5", 1400),
    ):
        tcp = Tcp(family)
        tcp.ask(20)
        tcp.bulk(1_000_000)
        was = is_offloaded(tcp.port)
        sh(f"ip -n {party} link set {device} mtu {size}")
        started = time.monotonic()
        try:
            got = tcp.bulk(1_000_000)
        except OSError as error:
            got = error
        took = time.monotonic() - started
        expect(f"{what}", was and got == 1_000_000, f"{got} bytes in {took:.1f} s, {entry(tcp.port)}")
        sh(f"ip -n {party} link set {device} mtu 1500")
        expect("and wider again: bulk still arrives", tcp.bulk(1_000_000) == 1_000_000)
        tcp.close()


def changes(family: int) -> None:
    apply("first")
    tcp, udp, left = Tcp(family), Udp(family), Tcp(family, KEPT)
    tcp.ask(20)
    left.ask(20)
    udp.ask_until_assured()
    was = all(is_offloaded(one.port) for one in (tcp, udp, left))
    apply("blocked")
    expect(
        "`blocked` holds at once for what the flow table carries",
        was and tcp.is_cut() and left.is_cut(),
        entry(tcp.port),
    )
    apply("first")
    expect("and no longer when it is taken back", bool(comes_true(lambda: not tcp.is_cut(), 30)), entry(tcp.port))
    tcp = Tcp(family)
    tcp.ask(20)
    was = is_offloaded(tcp.port)
    apply("denied", before="first")
    expect("`denyFrom`: a flow that is carried ends, and does not come back", was and tcp.is_cut(), entry(tcp.port))
    kept = Tcp(family, KEPT)
    kept.ask(20)
    udp.ask_until_assured()
    was = is_offloaded(udp.port) and is_offloaded(kept.port)
    apply("moved", before="denied")
    expect("another target: a UDP flow goes to it at once", was and udp.ask()[0] == "other", entry(udp.port))
    expect("and a connection of another forward is carried again", bool(kept.ask(20)) and is_offloaded(kept.port))
    udp.ask_until_assured()
    expect("and is carried there", is_offloaded(udp.port) and udp.ask()[0] == "other", entry(udp.port))
    kept.close()
    apply("first", before="moved")


def limits(family: int) -> None:
    first, second = Tcp(family, CROWD), Tcp(family, CROWD)
    first.ask(20)
    second.ask(20)
    was = is_offloaded(first.port) and is_offloaded(second.port)
    try:
        Tcp(family, CROWD, limit=3).ask()
        third = "was answered"
    except OSError as error:
        third = f"{error}"
    expect("openConnections counts carried connections: the third is dropped", was and third == "timed out", third)
    second.close()
    expect("and one may follow when one has ended", comes_true(lambda: can_connect(family, CROWD)), entry(second.port))
    rush = Tcp(family, RUSH)
    started = time.monotonic()
    rush.ask(300)
    took = time.monotonic() - started
    expect(
        "a rate of new connections does not slow what is carried",
        is_offloaded(rush.port),
        f"300 requests in {took:.2f} s",
    )
    refused = sum(not can_connect(family, RUSH, 0.7) for _ in range(6))
    expect("and still holds for new ones", refused > 0, f"{refused} of 6 dropped")


def can_connect(family: int, port: int, limit: float = 2) -> bool:
    try:
        tcp = Tcp(family, port, limit=limit)
        tcp.ask()
        tcp.close()
        return True
    except OSError:
        return False


def outwards(family: int) -> None:
    tcp, udp = (kind(family, WORLD_PORT, "backend", CLIENT[family]) for kind in (Tcp, Udp))
    sees = tcp.ask(20)
    expect(
        "egress: a private host's connection is carried, under the gateway's address",
        is_offloaded(tcp.port) and sees == GATEWAY[family] == tcp.ask(50),
        f"{sees} {entry(tcp.port)}",
    )
    udp.ask_until_assured()
    expect("egress: a UDP flow too", is_offloaded(udp.port) and udp.ask()[1] == GATEWAY[family], entry(udp.port))
    tcp.close()


def of_others(family: int) -> None:
    ip, target = ("ip", BACKEND[4]) if family == 4 else ("ip6", f"[{BACKEND[6]}]")
    on(
        "gateway",
        f'nft add table {ip} others; nft add chain {ip} others pre "{{ type nat hook prerouting priority -90; }}"; '
        f'nft add chain {ip} others post "{{ type nat hook postrouting priority 90; }}"; '
        f"nft add rule {ip} others pre {ip} daddr {GATEWAY[family]} tcp dport {BY_OTHERS} dnat to {target}:{TCP_PORT}; "
        f"nft add rule {ip} others post {ip} daddr {BACKEND[family]} masquerade",
    )
    tcp = Tcp(family, BY_OTHERS)
    tcp.ask(20)
    expect("what other programs translate is left to them", "ESTABLISHED" in entry(tcp.port), entry(tcp.port))
    on("gateway", f"nft delete table {ip} others")
    tcp.close()


def devices(family: int) -> None:
    sh("ip link add eth7 netns backend type veth peer name ens7 netns gateway")
    here, there = ("10.0.7.1/24", "10.0.7.10/24") if family == 4 else ("fd00:7::1/64", "fd00:7::10/64")
    nodad = "nodad" if family == 6 else ""
    sh(f"ip -n gateway addr add {here} dev ens7 {nodad}; ip -n gateway link set ens7 up")
    sh(f"ip -n backend addr add {there} dev eth7 {nodad}; ip -n backend link set eth7 up")
    tcp = Tcp(family)
    tcp.ask(20)
    was = is_offloaded(tcp.port)
    in_place("portway flows devices")
    listed = on("gateway", "nft list flowtable inet portway_flows fast")
    expect(
        "a device that is added later is in the flow table, and no flow left it",
        was and "ens7" in listed and is_offloaded(tcp.port),
        listed,
    )
    sh("ip -n gateway link del ens7")
    expect(
        "a device that is removed takes nothing with it", bool(tcp.ask(20)) and is_offloaded(tcp.port), entry(tcp.port)
    )


def reloads(family: int) -> None:
    flows = [Tcp(family) for _ in range(8)]
    asked = [0] * len(flows)
    wrong: list[str] = []
    stop = threading.Event()

    def talk(number: int) -> None:
        try:
            while not stop.is_set():
                flows[number].ask(10)
                asked[number] += 10
                # An emulated processor has little left for what is tested.
                time.sleep(0.05)
        except OSError as error:
            wrong.append(f"{number}: {error}")

    threads = [threading.Thread(target=talk, args=(number,)) for number in range(len(flows))]
    for thread in threads:
        thread.start()
    for _ in range(5):
        in_place("portway flows")
    stop.set()
    for thread in threads:
        thread.join()
    expect(
        "loading the table anew five times loses nothing", not wrong and all(asked), f"{sum(asked)} requests, {wrong}"
    )


def main() -> None:
    build()
    for family in (4, 6):
        for address, name in ((BACKEND[family], "target"), (OTHER[family], "other")):
            start("backend", family, address, TCP_PORT, UDP_PORT, name)
        start("client", family, CLIENT[family], WORLD_PORT, WORLD_PORT, "world")
    apply("first")
    # Only there once the rules use connection tracking.
    on("gateway", "sysctl -eqp /etc/sysctl.d/90-portway-tracking.conf; sysctl -qw net.netfilter.nf_conntrack_acct=1")
    # Of the last scenario, before the next.
    for scenario in (conversations, ends, idle, sizes, changes, limits, outwards, of_others, devices, reloads):
        for family in (4, 6):
            try:
                scenario(family)
            except Exception:
                expect(f"{scenario.__name__} over IPv{family} comes to its end", False, traceback.format_exc())
                apply("first")
    expect("all has run", True)


main()
