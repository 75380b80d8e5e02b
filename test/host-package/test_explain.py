"""The parts of `portway explain` that need no kernel."""

import struct

import pytest
from portway import explain, explain_kernel, explain_nginx, explain_trial

CONF = """
http {
  # web
  geo $portway_allow_web {
    default 0;
    127.0.0.0/8 1;
    198.51.100.0/24 1;
    2001:db8::/32 1;
  }
  geo $portway_deny_web {
    default 0;
    127.0.0.0/8 0;
    198.51.100.64/26 1;
  }
  server {
    listen 80;
    set_real_ip_from 10.0.0.0/16;
  }

  # open
  server {
    listen 81;
  }
}

stream {
  # mail
  server {
    listen 25;
    allow 127.0.0.0/8;
    deny 192.0.2.0/25;
    allow 192.0.2.0/24;
    deny all;
  }
}
"""


@pytest.mark.parametrize(
    ("name", "client", "admits", "line"),
    [
        ("web", "198.51.100.1", True, "geo allow: 198.51.100.0/24 1"),
        ("web", "198.51.100.65", False, "geo deny: 198.51.100.64/26 1"),
        ("web", "203.0.113.1", False, "geo allow: default 0"),
        ("web", "2001:db8::1", True, "geo allow: 2001:db8::/32 1"),
        ("web", "2001:db9::1", False, "geo allow: default 0"),
        (
            "web",
            "10.0.3.4",
            True,
            "set_real_ip_from 10.0.0.0/16: a trusted proxy, and the client that it names decides",
        ),
        ("open", "203.0.113.1", True, ""),
        ("mail", "192.0.2.1", False, "deny 192.0.2.0/25"),
        ("mail", "192.0.2.200", True, "allow 192.0.2.0/24"),
        ("mail", "203.0.113.1", False, "deny all"),
        ("mail", "2001:db8::1", False, "deny all"),
        ("gone", "203.0.113.1", True, ""),
    ],
)
def test_reads_what_nginx_says_of_a_client(name, client, admits, line):
    assert explain_nginx.word(name, client, CONF) == (admits, line)


@pytest.mark.parametrize(
    ("words", "read"),
    [
        (["tcp", "443"], (6, 443, explain.STRANGER)),
        (["udp", "53", "from", "2001:DB8::1", "--json"], (17, 53, "2001:db8::1")),
        (["esp", "from", "198.51.100.1"], (50, 0, "198.51.100.1")),
        (["50"], (50, 0, explain.STRANGER)),
    ],
)
def test_reads_its_words(words, read):
    assert explain.read_words(words) == read


@pytest.mark.parametrize(
    "words",
    [
        [],
        ["tcp"],
        ["tcp", "0"],
        ["tcp", "65536"],
        ["tcp", "x"],
        ["esp", "4"],
        ["256"],
        ["0"],
        ["tcp", "80", "from"],
        ["tcp", "80", "from", "x"],
        ["tcp", "80", "90"],
    ],
)
def test_refuses_other_words(words, capsys):
    with pytest.raises(SystemExit) as end:
        explain.read_words(words)
    assert end.value.code == 2
    assert capsys.readouterr().err


@pytest.mark.parametrize(
    ("protocol", "port", "client", "rule"),
    [
        (6, 443, "198.51.100.7", "tcp 443 from 198.51.100.0/24 (shop)"),
        (6, 443, "203.0.113.7", None),
        (17, 6005, "203.0.113.7", "udp 6000-6010 from 0.0.0.0/0 (cam,game)"),
        (17, 6011, "203.0.113.7", None),
        (17, 6005, "2001:db8::1", None),
        (50, 0, "203.0.113.7", "50 from 0.0.0.0/0 (vpn)"),
        (51, 0, "203.0.113.7", None),
        (51, 0, "10.0.0.7", "all from 10.0.0.0/8 (egress)"),
    ],
)
def test_finds_the_rule_of_the_security_group(protocol, port, client, rule):
    group = (
        "tcp 443 198.51.100.0/24 shop\nudp 6000-6010 0.0.0.0/0 cam,game\n50 0 0.0.0.0/0 vpn\nall 0 10.0.0.0/8 egress\n"
    )
    one = explain_kernel.Packet(protocol, port, client, "10.0.0.1", "ens5")
    assert explain.admitted(group, one) == rule


def test_finds_the_rules_that_a_packet_met_in_their_order():
    saved = """*filter
:INPUT DROP [1:60]
:OUTPUT DROP [3:60]
[1:60] -A INPUT -j X
[0:0] -A X -j ACCEPT
[2:60] -A OUTPUT -j ACCEPT
COMMIT
*nat
:PREROUTING ACCEPT [1:60]
[1:60] -A PORTWAY-DNAT -p tcp -m comment --comment "portway:web" -j REDIRECT --to-ports 8080
COMMIT
"""
    nat = 'nat: -A PORTWAY-DNAT -p tcp -m comment --comment "portway:web" -j REDIRECT --to-ports 8080'
    assert explain_kernel.matched(saved) == [nat, "filter: policy of INPUT is DROP", "filter: -A INPUT -j X"]
    answer = explain_kernel.answer_of({"flow": [], "rules": saved, "tables": "", "left": []})
    assert (answer.passes, answer.forward()) == (False, "web")


def test_finds_the_rules_of_nft_that_counted():
    listing = """table ip nat {
\tchain X {
\t\ttcp dport 80 counter packets 1 bytes 60 drop
\t}
}
table inet portway {
\tchain blocked {
\t\tip saddr @blocked_v4 counter packets 1 bytes 60 drop
\t\tip6 saddr @blocked_v6 counter packets 0 bytes 0 drop
\t}
}
"""
    assert explain_kernel.matched_sets(listing) == ["inet portway: ip saddr @blocked_v4 counter drop"]


def test_takes_no_entry_of_a_set_for_a_rule():
    listing = """table inet portway {
\tset denied_v4 {
\t\ttype inet_proto . inet_service . ipv4_addr
\t\tcounter
\t\telements = { tcp . 80 . 10.0.0.0/8 counter packets 2 bytes 120 comment "web",
\t\t\t     tcp . 90-99 . 10.0.0.0/8 counter packets 1 bytes 60 comment "range" }
\t}
\tchain sources {
\t\tmeta l4proto . th dport . ip saddr @denied_v4 counter packets 3 bytes 180 drop
\t}
}
"""
    rule = "meta l4proto . th dport . ip saddr @denied_v4 counter drop"
    assert explain_kernel.matched_sets(listing) == [f"inet portway: {rule}"]


@pytest.mark.parametrize("protocol", [6, 17, 50])
@pytest.mark.parametrize(
    ("source", "target"), [(b"\xc6\x33\x64\x0a", b"\x0a\0\0\1"), (b"\x20\1" + bytes(14), b"\xfd" + bytes(15))]
)
def test_makes_packets_with_sums_that_are_right(protocol, source, target):
    data = explain_trial.packet(protocol, source, target, 443)
    head = 40 if len(source) == 16 else 20
    assert (data[0] >> 4, data[9 if head == 20 else 6]) == (4 if head == 20 else 6, protocol)
    if head == 20:
        assert explain_trial.checksum(data[:20]) == 0
        assert struct.unpack(">H", data[2:4])[0] == len(data)
    if protocol != 50:
        body = data[head:]
        assert explain_trial.checksum(source + target + struct.pack(">II", len(body), protocol) + body) == 0
        assert struct.unpack(">H", body[2:4])[0] == 443


@pytest.mark.parametrize(
    ("rule", "looked_up"),
    [
        ("ip saddr @blocked_v4 counter drop", ["blocked_v4", "{ 198.51.100.7 }"]),
        ("ip saddr @list_bad_v4 counter drop", ["list_bad_v4", "{ 198.51.100.7 }"]),
        ("meta l4proto . th dport . ip saddr @denied_v4 counter drop", ["denied_v4", "{ tcp . 443 . 198.51.100.7 }"]),
        (
            "meta l4proto . ip saddr @denied_protocols_v4 counter drop",
            ["denied_protocols_v4", "{ tcp . 198.51.100.7 }"],
        ),
        (
            "meta l4proto . th dport @denied_bad_v4 ip saddr @list_bad_v4 counter drop",
            ["list_bad_v4", "{ 198.51.100.7 }"],
        ),
        ("meta l4proto . th dport . ip saddr != @allowed_v4 meta l4proto . th dport @restricted_v4 counter drop", []),
        ("meta nfproto ipv4 meta l4proto . th dport @restricted_v4 counter drop", []),
    ],
)
def test_asks_for_the_element_that_decides(rule, looked_up, monkeypatch):
    asked = []

    def run(*words):
        asked.append(list(words))
        return type("Done", (), {"stdout": "set x {\n elements = { that one }\n}"})

    monkeypatch.setattr(explain, "run", run)
    one = explain_kernel.Packet(6, 443, "198.51.100.7", "10.0.0.1", "ens5")
    said = explain.element(one, f"inet portway: {rule}")
    assert asked == ([["nft", "get", "element", "inet", "portway", *looked_up]] if looked_up else [])
    assert said == (f": that one of {looked_up[0]}" if looked_up else "")
