"""What drops.py reads and adds up; test/host/metrics.test.ts has it ask a kernel."""

import json

import pytest
from portway import drops

SETS = """table inet portway {
\tset denied_v4 {
\t\ttype inet_proto . inet_service . ipv4_addr
\t\tflags interval
\t\tcounter
\t\telements = { tcp . 80 . 10.0.0.0/8 counter packets 2 bytes 120 comment "web",
\t\t\t     tcp . 90-99 . 10.0.0.0/8 counter packets 1 bytes 60 comment "range" }
\t}
}
"""
TABLE = """table inet portway {
\tset blocked_v4 {
\t\ttype ipv4_addr
\t}

\tset denied_v4 {
\t\ttype inet_proto . inet_service . ipv4_addr
\t}

\tchain blocked {
\t\ttype filter hook prerouting priority raw; policy accept;
\t\tip saddr @blocked_v4 counter packets 4 bytes 240 drop
\t\tip saddr @list_bad_v4 counter packets 3 bytes 180 drop
\t}

\tchain sources {
\t\tmeta l4proto . th dport . ip saddr @denied_v4 counter packets 3 bytes 180 drop
\t}
}
"""
PROTECT = """table inet portway_protect {
\tchain blocked {
\t\tip saddr @blocked_v4 counter packets 5 bytes 300 drop
\t}

\tchain opening {
\t\tupdate @rate_v4 { ip saddr limit rate over 5/second } update @flooding_v4 { ip saddr } counter packets 6 bytes 360 drop
\t}
}
"""
DRY = PROTECT.replace("bytes 360 drop", "bytes 360")
RULES = """*filter
[7:420] -A PORTWAY-LIMIT -p tcp -m comment --comment "portway:web" -j DROP
[9:540] -A PORTWAY-FORWARD -m comment --comment "portway:web" -j ACCEPT
COMMIT
"""
HEADS = """table inet portway_heads {
\tcounter from-web {
\t\tpackets 8 bytes 480
\t}
}
"""


@pytest.fixture
def says(tmp_path, monkeypatch):
    """What the kernel's tools print, by their words."""
    said = {
        "nft -t list table inet portway": TABLE,
        "nft list set inet portway denied_v4": SETS,
        "nft -t list table inet portway_protect": PROTECT,
        "iptables-nft-save -ct filter": RULES,
        "nft list counters table inet portway_heads": HEADS,
    }

    class Said:
        def __init__(self, *words):
            self.stdout = said.get(" ".join(words), "")

        def communicate(self):
            return self.stdout, ""

    monkeypatch.setattr(drops, "Process", Said)
    monkeypatch.setattr(drops, "run", Said)
    monkeypatch.setattr(drops, "STATE", str(tmp_path / "drops"))
    return said


def test_tells_them_by_forward_and_reason(says):
    assert json.loads(drops.answer()) == {
        "forwards": {"web": {"source": 2, "limit": 7, "waiting": 8}, "range": {"source": 1}},
        "host": {"blocked": 7, "protect": 11, "lists": 0},
    }


def test_what_protect_only_reports_is_not_dropped(says):
    says["nft -t list table inet portway_protect"] = DRY
    assert json.loads(drops.answer())["host"]["protect"] == 5


def test_goes_on_over_a_change_of_each_part_of_the_rules(says):
    drops.answer()
    says["iptables-nft-save -ct filter"] = RULES.replace("[7:420]", "[1:60]")
    says["ip6tables-nft-save -ct filter"] = RULES
    says["nft list counters table inet portway_heads"] = ""
    assert json.loads(drops.answer())["forwards"]["web"] == {"source": 2, "limit": 15, "waiting": 8}
    says["nft list counters table inet portway_heads"] = HEADS
    says["nft list set inet portway denied_v4"] = SETS.replace("packets 2 ", "packets 12 ")
    assert json.loads(drops.answer())["forwards"]["web"] == {"source": 12, "limit": 15, "waiting": 16}
