import ipaddress

import pytest
from portway import cut
from portway.cut import after_change, end_due
from portway.cut_flows import ENTRY, Flow, is_left
from portway.cut_sockets import former_targets
from portway.cut_sockets import is_left as is_socket_left
from portway.served import Connection, Content, split_target

FORWARDS = """game udp/27015 iptables 10.0.1.10:27015
shell tcp/2222-2230 iptables 22-30
vpn 50 iptables 10.0.1.9
web tcp/80 nginx app.internal:8080 [fd00::1]:80
"""
HERE, THERE = "198.51.100.10", "2001:db8::10"
GATEWAY = "10.0.0.10"


def flow(protocol="udp", port=27015, reply="10.0.1.10", reply_port=27015, client=HERE):
    return Flow("ipv4", protocol, client, GATEWAY, 4000, port, Connection(reply, reply_port, GATEWAY, 4000))


def left(one, forwards, sources="", is_drained=False, before=FORWARDS):
    return is_left(one, Content(before, ""), Content(forwards, sources), is_drained, {GATEWAY})


@pytest.mark.parametrize(
    ("target", "parts"),
    [
        ("8080", ("", 8080, 8080)),
        ("10.0.1.10:6000-6010", ("10.0.1.10", 6000, 6010)),
        ("[fd00::1]:80", ("fd00::1", 80, 80)),
        ("10.0.1.9", ("10.0.1.9", 0, 0)),
        ("[fd00::9]", ("fd00::9", 0, 0)),
    ],
)
def test_reads_targets(target, parts):
    assert split_target(target) == parts


def test_reads_what_conntrack_prints():
    text = (
        "tcp      6 431999 ESTABLISHED src=198.51.100.10 dst=10.0.0.10 sport=4000 dport=80 src=10.0.1.10 dst=10.0.0.10 sport=8080"
        " dport=4000 [ASSURED] mark=0 use=1\n"
        "udp      17 29 src=2001:db8::10 dst=fd00::2 sport=1 dport=2 [UNREPLIED] src=fd00::1 dst=fd00::2 sport=2 dport=1 use=1\n"
        "unknown  50 599 src=198.51.100.10 dst=10.0.0.10 src=10.0.1.9 dst=10.0.0.10 use=1\n"
    )
    assert [entry.groups("0") for entry in ENTRY.finditer(text)] == [
        ("6", HERE, GATEWAY, "4000", "80", "10.0.1.10", GATEWAY, "8080", "4000"),
        ("17", THERE, "fd00::2", "1", "2", "fd00::1", "fd00::2", "2", "1"),
        ("50", HERE, GATEWAY, "0", "0", "10.0.1.9", GATEWAY, "0", "0"),
    ]


def test_what_stays_is_left_alone():
    assert not left(flow(), FORWARDS)
    assert not left(flow("50", 0, "10.0.1.9", 0), FORWARDS)
    assert not left(flow("tcp", 2225, GATEWAY, 25), FORWARDS)
    # Nobody's, and nginx's.
    assert not left(flow(port=53), "")
    assert not left(flow("tcp", 80, GATEWAY, 80), "")


def test_flows_of_a_removed_forward_and_of_a_client_that_is_not_admitted_end():
    assert left(flow(), "")
    assert left(flow(), FORWARDS, "game allow 203.0.113.0/24 2001:db8::/32\n")
    assert not left(flow(), FORWARDS, "game allow 198.51.100.0/24\n")
    assert left(flow("tcp", 2225, GATEWAY, 25), FORWARDS, "shell deny 198.51.100.0/24\n")
    assert left(flow(), FORWARDS, "* deny 198.51.100.10/32\n")
    # The gateway itself.
    assert not left(flow(client=GATEWAY), FORWARDS, "game allow 203.0.113.0/24\n")


def test_tcp_stays_with_a_former_target_until_it_has_drained():
    assert left(flow(), FORWARDS.replace("10.0.1.10", "10.0.1.11"))
    moved = FORWARDS.replace("22-30", "10.0.1.10:22-30")
    one = flow("tcp", 2225, GATEWAY, 25)
    assert not left(one, moved)
    assert left(one, moved, is_drained=True)
    assert not left(one, FORWARDS, is_drained=True)


def test_a_client_of_a_shared_port_loses_it_only_when_one_of_its_forwards_excludes_it_anew():
    shared = "pass tcp/443 nginx 10.0.1.1:443\nsite tcp/443 nginx 8080\n"
    one = Connection(GATEWAY, 443, HERE, 4000)

    def ends(before, after, forwards=shared):
        return is_socket_left(one, True, Content(shared, before), Content(forwards, after), False)

    deny = "pass deny 198.51.100.0/24\n"
    assert ends("", deny)
    assert not ends(deny, deny)
    assert not ends("pass proxied\n", f"{deny}pass proxied\n")
    assert ends("pass proxied\n", "pass proxied\n* deny 198.51.100.0/24\n")
    assert not ends("", "", "site tcp/443 nginx 8080\n")
    assert ends("", "", "site tcp/444 nginx 8080\n")
    # Only its name is new.
    assert not ends("", "", shared.replace("pass", "through"))


def test_connections_to_a_former_target_end_when_they_have_drained():
    old, new = (Content(f"web tcp/80 nginx {target}\n", "") for target in ("8080", "8081"))
    one = Connection(GATEWAY, 80, HERE, 4000)
    assert is_socket_left(one, True, old, new, True)
    assert not is_socket_left(one, True, old, new, False)
    # It began after the change.
    assert not is_socket_left(one, False, old, new, True)


def test_former_targets_of_a_shared_port_are_those_that_nobody_kept():
    before = "a tcp/1 nginx 10.0.1.1:1 10.0.1.2:1\nb tcp/1 nginx 10.0.1.2:1 10.0.1.3:1\nc tcp/1 nginx 10.0.1.4:1\nd tcp/2 nginx 10.0.1.5:1\n"
    after = "a tcp/1 nginx 10.0.1.9:1\nb tcp/1 nginx 10.0.1.2:1 10.0.1.1:1\n"
    assert former_targets(Content(before, ""), Content(after, ""), True) == {"10.0.1.1:1", "10.0.1.3:1", "10.0.1.4:1"}
    assert former_targets(Content(before, ""), Content(after, ""), False) == {"10.0.1.4:1"}


def test_lists_may_have_several_lines():
    content = Content(FORWARDS, "web allow 203.0.113.0/24\nweb allow 198.51.100.0/24\n")
    assert len(content.forwards[-1].allow) == 2


def test_a_list_stands_for_its_networks():
    lists = "@office list 203.0.113.0/24\n@office list 198.51.100.0/24\n@bad list 198.51.100.7/32\n"
    content = Content(FORWARDS, f"{lists}* deny @bad\nweb allow @office 192.0.2.1/32\nweb proxied\n")
    assert len(content.forwards[-1].allow) == 3 and content.forwards[-1].is_proxied
    assert [str(network) for network in content.blocked] == ["198.51.100.7/32"]


def test_the_gateway_itself_is_admitted():
    content = Content(FORWARDS, "web allow 203.0.113.0/24\n* deny 198.51.100.0/24\n")
    assert content.admits(content.forwards[-1], ipaddress.ip_address("127.0.0.1"))


@pytest.fixture
def trees(tmp_path, monkeypatch):
    calls = []
    for name, forwards in (("old", FORWARDS), ("new", "")):
        (tmp_path / f"{name}/etc/portway").mkdir(parents=True)
        (tmp_path / f"{name}/etc/portway/forwards").write_text(forwards)
    monkeypatch.setattr(cut, "DRAINING", f"{tmp_path}/draining")
    monkeypatch.setattr(cut.paths, "GOOD", f"{tmp_path}/new")
    monkeypatch.setattr(cut, "old_workers", lambda: ["7 9"])
    monkeypatch.setattr(cut, "cut", lambda *words: calls.append(words))
    return tmp_path, calls


def test_a_change_is_cut_at_once_or_when_it_has_drained(trees, monkeypatch):
    folder, calls = trees
    after_change(f"{folder}/new", f"{folder}/new")
    assert calls == []
    after_change(f"{folder}/old", f"{folder}/new")
    assert calls == [([FORWARDS, ""], ["", ""], ["7 9"], False)]
    (folder / "new/etc/portway/portway.env").write_text("PORTWAY_PACKAGES=''\nPORTWAY_DRAIN='60'\n")
    monkeypatch.setattr(cut.time, "monotonic", lambda: 100.5)
    after_change(f"{folder}/old", f"{folder}/new")
    monkeypatch.setattr(cut.time, "monotonic", lambda: 120)
    after_change(f"{folder}/old", f"{folder}/new")
    assert len(calls) == 1
    monkeypatch.setattr(cut.time, "monotonic", lambda: 160)
    end_due()
    assert calls[1:] == [([FORWARDS, ""], ["", ""], ["7 9"], True)]
    assert (folder / "draining").read_text().startswith("180 ")
    monkeypatch.setattr(cut.time, "monotonic", lambda: 180)
    end_due()
    assert len(calls) == 3
    assert not (folder / "draining").exists()
