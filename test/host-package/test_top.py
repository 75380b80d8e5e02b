"""The parts of `portway top` that need no kernel."""

import itertools
import json
import socket

import pytest
from portway import top, top_flows, top_logs
from portway.top_sums import BYTES, NEW, OPEN, OTHERS, REFUSED, REQUESTS, Sums, name_of, source_of
from test_traffic import SEEN, V4, V6, message


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("198.51.100.7", "198.51.100.7"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("2001:db8:1:2::", "2001:db8:1:2::/64"),
        ("::ffff:198.51.100.7", "198.51.100.7"),
    ],
)
def test_a_source_is_an_address_or_a_network_of_64_bits(text, name):
    assert name_of(source_of(text)) == name


@pytest.mark.parametrize("text", ["unix:", "", "\x1b[2J", "1.2.3", "1.2.3.4 ", "\0", "é"])
def test_what_is_no_address_is_no_source(text):
    assert source_of(text) is None


def test_a_million_sources_take_no_more_room_than_allowed_and_nothing_is_lost():
    sums = Sums(most=100)
    for number in range(1_000_000 // 100):
        sums.of(number.to_bytes(4, "big"))[REQUESTS] += 1
        sums.of(b"busy")[REQUESTS] += 2
        assert len(sums.by_source) <= 102
    assert sum(numbers[REQUESTS] for numbers in sums.by_source.values()) == 30_000
    assert sums.by_source[b"busy"][REQUESTS] == 20_000
    assert sums.by_source[OTHERS][REQUESTS] > 9_000


@pytest.mark.parametrize("addresses", [V4, V6])
@pytest.mark.parametrize(("protocol", "ports", "port"), [(6, (4000, 80), 80), (17, (9, 53), 53), (50, (), 0)])
def test_reads_the_source_and_the_bytes_of_a_connection(addresses, protocol, ports, port):
    flow = top_flows.flow_of(message(protocol, ports, addresses=addresses))
    assert flow == (7 << 16 | port, addresses[0][: 8 if len(addresses[0]) == 16 else 4], 290)


def test_leaves_out_what_no_forward_translated_and_what_is_cut():
    whole = message()
    assert top_flows.flow_of(message(status=SEEN)) is None
    for size in range(len(whole)):
        top_flows.flow_of(whole[:size])
        list(top_flows.messages(whole[:size]))


class Kernel:
    """Stands in for connection tracking: what it lists, and what ends."""

    def __init__(self, monkeypatch):
        self.listed, self.ending, self.ending_later = [], [], []
        monkeypatch.setattr(top_flows, "tracked", self.tracked)
        self.flows = top_flows.Flows.__new__(top_flows.Flows)
        self.flows.events = self
        self.flows.seen, self.flows.gone = {}, {}

    def tracked(self):
        for one in self.listed:
            yield top_flows.flow_of(one)
        self.ending, self.ending_later = self.ending_later, []

    def recv(self, _):
        if not self.ending:
            raise BlockingIOError
        one = self.ending.pop(0)
        if isinstance(one, OSError):
            raise one
        return one

    def look(self):
        sums = Sums()
        self.flows.look(sums)
        return sums.by_source.get(V4[0], [0] * 7)


def test_counts_a_connection_once_while_it_is_open_and_when_it_ends(monkeypatch):
    kernel = Kernel(monkeypatch)
    kernel.listed = [message(one=1, counts=(1, 100, 1, 50))]
    numbers = kernel.look()
    assert (numbers[OPEN], numbers[NEW], numbers[BYTES]) == (1, 1, 150)
    # It goes on, and another begins and ends between two looks.
    kernel.listed = [message(one=1, counts=(2, 300, 2, 50))]
    kernel.ending = [message(one=2, counts=(1, 10, 1, 10)), OSError(105, "full"), message(status=SEEN)]
    numbers = kernel.look()
    assert (numbers[OPEN], numbers[NEW], numbers[BYTES]) == (1, 1, 220)
    # It ends while the list is read.
    kernel.ending_later = [message(one=1, counts=(3, 310, 2, 50))]
    numbers = kernel.look()
    assert (numbers[OPEN], numbers[NEW], numbers[BYTES]) == (1, 0, 10)
    kernel.listed = []
    assert kernel.look() == [0] * 7
    # Listed twice, and one that is told before its end is listed.
    kernel.listed = [message(one=3), message(one=3), message(one=4)]
    kernel.ending = [message(one=4)]
    numbers = kernel.look()
    assert (numbers[OPEN], numbers[NEW], numbers[BYTES]) == (1, 2, 580)


def line(**more):
    entry = {"time": "2026-11-30T08:00:00+00:00", "client": "198.51.100.7", "status": 200, "bytes": 10, "target": "x"}
    return json.dumps({**entry, "sample": 1, **more}) + "\n"


@pytest.fixture
def logs(tmp_path, monkeypatch):
    monkeypatch.setattr(top_logs, "LOGS", str(tmp_path))
    return tmp_path


def requests(seen, **times):
    sums = Sums()
    seen.look(sums, **times)
    return sum(numbers[REQUESTS] for numbers in sums.by_source.values())


def test_reads_only_what_is_added_over_a_rotation(logs):
    log = logs / "access.log"
    log.write_text(line())
    seen = top_logs.Logs()
    with log.open("a") as before:
        before.write(line() + line()[:20])
        before.flush()
        assert requests(seen) == 1
        before.write(line()[20:])
        before.flush()
        log.rename(logs / "access.log-1")
        log.write_text(line() + line())
        assert requests(seen) == 1
        # nginx still has the old file for a moment.
        before.write(line())
        before.flush()
        assert requests(seen) == 3
    with log.open("a") as now:
        now.write(line())
    assert requests(seen) == 1
    assert requests(seen) == 0


def test_reads_a_log_that_comes_later(logs):
    seen = top_logs.Logs()
    assert requests(seen) == 0
    (logs / "access.log").write_text(line())
    assert requests(seen) == 0
    assert requests(seen) == 1


def test_counts_an_interval_of_the_clock(logs):
    log = logs / "access.log"
    log.touch()
    seen = top_logs.Logs()
    log.write_text("".join(line(time=f"2026-11-30T08:00:0{second}+00:00") for second in range(6)))
    assert requests(seen, since="2026-11-30T08:00:01", until="2026-11-30T08:00:04") == 3


def test_a_line_stands_for_as_many_as_it_says(logs):
    log = logs / "access.log"
    log.touch()
    seen, sums = top_logs.Logs(), Sums()
    log.write_text(line(status=429, target="", sample=100) + line(status=403) + line(status=503, target=""))
    seen.look(sums)
    (numbers,) = sums.by_source.values()
    assert (numbers[REQUESTS], numbers[REFUSED]) == (102, 101)


def test_a_damaged_line_costs_no_other(logs):
    log = logs / "access.log"
    log.touch()
    seen = top_logs.Logs()
    broken = [
        "{",
        "[]",
        "7",
        '{"client": 1}',
        line(status="x").strip(),
        line(client=None).strip(),
        line(bytes=[]).strip(),
    ]
    log.write_bytes(b"\xff\xfe\n".join([*(one.encode() + b"\n" for one in broken), line(uri="\x1b[2J").encode()]))
    assert requests(seen) == 1


def test_a_line_without_end_takes_no_memory(logs, monkeypatch):
    monkeypatch.setattr(top_logs, "PIECE", 100)
    log = logs / "access.log"
    log.touch()
    seen = top_logs.Logs()
    log.write_text("x" * 10_000)
    assert requests(seen) == 0
    assert all(len(rest) < 100 for rest in seen.requests.rest.values())


def test_reads_addresses_of_sockets_in_the_order_of_the_kernel():
    text = "".join(
        f"{int.from_bytes(socket.inet_pton(socket.AF_INET6, '2001:db8::1')[at : at + 4], 'little'):08X}"
        for at in range(0, 16, 4)
    )
    assert top_logs.address(text) == socket.inet_pton(socket.AF_INET6, "2001:db8::1")
    assert top_logs.address("0100007F") == bytes([127, 0, 0, 1])


def test_open_connections_are_those_to_ports_of_nginx(monkeypatch):
    peers = itertools.cycle([b"aaaa", b"bbbb"])
    monkeypatch.setattr(top_logs, "sockets", lambda: [(port, next(peers)) for port in (80, 80, 443, 22, 9000)])
    sums = Sums()
    top_logs.add_open(sums, {80, 443})
    assert {source: numbers[OPEN] for source, numbers in sums.by_source.items()} == {b"aaaa": 2, b"bbbb": 1}


RULES = """table inet portway {
  set blocked_v4 {
    type ipv4_addr
    elements = {
      192.0.2.0/25,
      203.0.113.7,
    }
  }

  set list_bad_v6 {
    elements = {
      2001:db8:bad::/48,
    }
  }

  set denied_v4 {
    elements = {
      tcp . 443 . 198.51.100.128/25 comment "shop",
    }
  }

  chain blocked {
    type filter hook prerouting priority raw;
    ip saddr @blocked_v4 counter drop
    ip6 saddr @list_bad_v6 counter drop
  }

  chain sources {
    meta l4proto . th dport . ip saddr @denied_v4 counter drop
  }
}
"""


def test_knows_whom_the_kernel_blocks(monkeypatch):
    monkeypatch.setattr(top, "read", lambda _: RULES)
    assert sorted(map(str, top.blocked_networks())) == ["192.0.2.0/25", "2001:db8:bad::/48", "203.0.113.7/32"]


def test_adds_up_what_the_kernel_dropped_by_reason(monkeypatch):
    text = """table inet portway {
\tchain blocked {
\t\tiif "lo" accept
\t\tip saddr @blocked_v4 counter packets 3 bytes 252 drop
\t\tip saddr @list_bad_v4 counter packets 4 bytes 252 drop
\t}

\tchain sources {
\t\tmeta l4proto . th dport . ip saddr @denied_v4 counter packets 10 bytes 252 drop
\t\tmeta nfproto ipv6 meta l4proto . th dport @restricted_v6 counter packets 20 bytes 252 drop
\t\tmeta l4proto . th dport @allowed_x_v4 ip saddr @list_x_v4 accept
\t}
}
"""
    monkeypatch.setattr(top, "run", lambda *_: type("Done", (), {"stdout": text}))
    monkeypatch.setattr(top, "find_spec", lambda _: None)
    assert top.kernel_drops() == {"blocked": 7, "sources": 30, "limits": 0}
