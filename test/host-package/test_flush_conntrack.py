from portway.flush_conntrack import Listener, changed_by_rules, changed_by_sets
from portway.rulesets import parse


def dnat(*rules):
    return parse("\n".join(["*nat", ":PORTWAY-DNAT - [0:0]", *(f"-A PORTWAY-DNAT {rule}" for rule in rules), "COMMIT"]))


def rule(name, protocol, port, target):
    return f'-p {protocol} -m {protocol} --dport {port} -m comment --comment "portway:{name}" -j DNAT --to-destination {target}'


GAME = rule("game", "udp", 27015, "10.0.1.10")


def test_a_changed_target_ends_the_flows_of_its_listener():
    other = dnat(rule("game", "udp", 27015, "10.0.1.11"), rule("voice", "udp", "6000:6010", "10.0.1.10"))
    before = dnat(GAME, rule("voice", "udp", "6000:6010", "10.0.1.10"))
    assert changed_by_rules("4", before, other, "") == {Listener("4", "udp", "27015", "")}


def test_flows_of_the_old_and_the_new_listener_end():
    moved = dnat(rule("game", "udp", "27016:27020", "10.0.1.10"))
    assert changed_by_rules("6", dnat(GAME), moved, "") == {
        Listener("6", "udp", "27015", ""),
        Listener("6", "udp", "27016", "27020"),
    }


def test_a_removed_forward_ends_its_flows_and_tcp_is_left_alone():
    before = dnat(GAME, rule("web", "tcp", 80, "10.0.1.10"))
    assert changed_by_rules("4", before, dnat(), "") == {Listener("4", "udp", "27015", "")}


def test_a_rewritten_chain_of_several_targets_counts_as_changed():
    assert changed_by_rules("4", dnat(GAME), dnat(GAME), "*nat\n:PORTWAY-game - [0:0]\n") == {
        Listener("4", "udp", "27015", "")
    }
    assert changed_by_rules("4", dnat(GAME), dnat(GAME), "*nat\n:PORTWAY-other - [0:0]\n") == set()


def test_changed_sources_end_the_flows_of_both_families():
    old, new = "udp . 27015 . 198.51.100.0/24, esp . 198.51.100.7", "udp . 27015 . 203.0.113.0/24, esp . 198.51.100.7"
    assert changed_by_sets(old, new) == {Listener("4", "udp", "27015", ""), Listener("6", "udp", "27015", "")}
    assert changed_by_sets("tcp . 80 . 198.51.100.0/24", "") == set()


def test_a_listener_knows_its_ports():
    assert Listener("4", "udp", "6000", "6010").has("6005")
    assert not Listener("4", "udp", "6000", "").has("6001")
    assert Listener("4", "esp", "", "").has("")
