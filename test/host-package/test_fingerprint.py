"""What is looked at often, and how often it leads to a close look."""

import struct

import pytest
from portway import drift, fingerprint
from portway.fingerprint import GAP, NET, Pace, generation_of, settings_of

# As a kernel answers: NEWGEN with NFTA_GEN_ID, then the asking process' id and name.
ANSWER = (
    struct.pack("=IHHII", 44, 0x0A0F, 0, 1, 99)
    + b"\0\0\0\0"
    + bytes.fromhex("08000100000002a7")
    + b"\x08\x00\x02\x00\0\0\x01\x02"
)


def test_asks_for_the_generation_as_nfnetlink_wants_it():
    length, kind, flags, sequence, port = struct.unpack("=IHHII", fingerprint.GETGEN[:16])
    assert (length, kind, flags, port) == (len(fingerprint.GETGEN), 0x0A10, 1, 0)
    assert fingerprint.GETGEN[16:] == b"\0\0\0\0"


def test_reads_the_generation():
    assert generation_of(ANSWER) == b"\0\0\x02\xa7"


@pytest.mark.parametrize(
    "answer",
    [b"", ANSWER[:20], struct.pack("=IHHIIi", 36, 2, 0, 1, 99, -95) + bytes(16)],
    ids=["empty", "cut", "error"],
)
def test_takes_no_other_answer_for_a_generation(answer):
    assert generation_of(answer) == b""


def test_reads_settings_as_sysctl_does():
    text = "# comment\n; another\n-net.core.somaxconn = 16384\nnet.ipv4.ip_local_port_range = 32768\t65535\n\nnet.ipv4.ip_forward=1\n"
    assert settings_of(text) == {
        "net.core.somaxconn": "16384",
        "net.ipv4.ip_local_port_range": "32768 65535",
        "net.ipv4.ip_forward": "1",
    }


def looks(differs, seconds=120):
    """When a close look is due, asked every 2 s."""
    pace = Pace()
    return [now for now in range(0, seconds, 2) if pace.is_due(now, differs(now))]


def test_a_quiet_host_is_looked_at_every_five_minutes():
    assert looks(lambda now: False, 700) == [0, 300, 600]


def test_what_is_still_wrong_is_looked_at_every_half_minute():
    pace = Pace()
    assert [now for now in range(0, 120, 2) if pace.is_due(now, False, is_right=False)] == [0, 30, 60, 90]


def test_a_change_is_looked_at_at_once():
    assert looks(lambda now: now == 46, 400) == [0, 46, 346]


def test_others_that_write_all_the_time_do_not_cost_a_look_each_time():
    due = looks(lambda now: True, 300)
    assert due[:5] == [0, 2, 6, 14, 30]
    assert all(later - earlier <= NET for earlier, later in zip(due, due[1:]))
    assert len(due) < 16


def test_what_is_wrong_is_looked_for_at_once_however_often():
    pace = Pace()
    assert [now for now in range(0, 20, 2) if pace.is_due(now, True, True)] == list(range(0, 20, 2))


def test_after_a_quiet_time_a_change_is_looked_at_at_once_again():
    busy, again = range(0, 100), range(150, 200)
    due = looks(lambda now: now in busy or now in again, 200)
    assert min(now for now in due if now >= 150) <= 150 + GAP


def test_a_pause_is_a_time_in_the_future(tmp_path, monkeypatch):
    monkeypatch.setattr(fingerprint, "PAUSED", str(tmp_path / "paused"))
    monkeypatch.setattr(fingerprint.time, "time", lambda: 1000.5)
    assert fingerprint.paused_until() == 0
    for text, until in (
        ("1001\n", 1001),
        ("1000\n", 0),
        ("", 0),
        ("soon\n", 0),
        ("-5\n", 0),
        ("87400\n", 87400),
        ("87401\n", 0),
    ):
        (tmp_path / "paused").write_text(text)
        assert fingerprint.paused_until() == until


def test_sees_each_change_of_a_file(tmp_path):
    file = tmp_path / "file"
    assert fingerprint.stamp(str(file)) is None
    file.write_text("one")
    seen = [fingerprint.stamp(str(file))]
    file.chmod(0o600)
    seen.append(fingerprint.stamp(str(file)))
    file.write_text("other")
    seen.append(fingerprint.stamp(str(file)))
    assert len(set(seen)) == 3


@pytest.fixture
def host(tmp_path, monkeypatch):
    """A good tree with one file, which is on the host as well; what other programs say; and the time."""
    good, paused = tmp_path / "good", tmp_path / "paused"
    (good / "etc").mkdir(parents=True)
    (good / "etc/portway-test.timer").write_text("[Timer]\n")
    for name, value in {"GOOD": str(good), "PAUSED": str(paused), "RECORD": str(tmp_path / "record")}.items():
        monkeypatch.setattr(fingerprint, name, value)
    said = {"now": 0.0, "states": b"active\n", "rules": [b"rule"], "asked": []}
    monkeypatch.setattr(fingerprint.time, "monotonic", lambda: said["now"])
    monkeypatch.setattr(fingerprint, "routing_rules", lambda: said["rules"])

    def states_of(units):
        said["asked"].append(said["now"])
        assert units == ["portway-test.timer"]
        return said["states"]

    monkeypatch.setattr(fingerprint, "states_of", states_of)
    changed = fingerprint.Fingerprint().changed
    assert changed()

    def due(seconds, is_right=True):
        """When a close look is due in the next seconds."""
        found = []
        for _ in range(0, seconds, 2):
            said["now"] += 2
            if changed(is_right):
                found.append(said["now"])
        return found

    return said, due, good, paused


def test_other_programs_are_asked_every_half_minute(host):
    said, due, _, _ = host
    assert due(100) == []
    assert said["asked"] == [0, 30, 60, 90]
    said["states"] = b"inactive\n"
    assert due(100) == [120]
    said["rules"] = []
    assert due(100) == [210]


def test_a_changed_file_of_the_good_tree_is_seen_within_half_a_minute(host):
    _, due, good, _ = host
    (good / "etc/portway-test.timer").write_text("[Timer]\nx\n")
    assert due(40) == [30]


def test_what_changes_during_a_pause_is_seen_at_its_end(host, monkeypatch):
    said, due, _, paused = host
    paused.write_text("1000")
    monkeypatch.setattr(fingerprint.time, "time", lambda: said["now"])
    said["rules"] = []
    assert due(998) == []
    assert due(20) == [1000]


def test_what_is_changed_again_just_after_a_repair_is_seen(host, monkeypatch):
    said, due, good, _ = host
    monkeypatch.setattr(fingerprint.Tree, "look", lambda _: [said["forwarding"]])
    said["forwarding"] = 1
    due(10)
    said["forwarding"] = 0
    assert len(due(2)) == 1
    # Put right, and changed again before the next look.
    (good.parent / "record").write_text("a repair\n")
    assert len(due(2)) == 1
    assert due(60) == []


def test_what_could_not_be_looked_at_is_looked_at_again(host):
    _, due, _, _ = host
    # Another run set up the host meanwhile.
    assert due(70, is_right=False) == [30, 60]


@pytest.mark.parametrize("answer, found", [(b"", []), (struct.pack("=IHHII", 20, 2, 0, 1, 9) + bytes(4), [20])])
def test_the_kernel_may_answer_no_rules(monkeypatch, answer, found):
    class Socket:
        def __init__(self, *words):
            pass

        settimeout = send = lambda *words: None

        def recv(self, size):
            if not answer:
                raise TimeoutError
            return answer

        def close(self):
            pass

    monkeypatch.setattr(fingerprint._socket, "socket", Socket)
    assert [len(message) for message in fingerprint.ask_kernel(0, fingerprint.GETRULES)] == found
    assert fingerprint.routing_rules() == [answer[16:]] * len(found)


def test_reads_the_routing_rules_of_this_machine():
    # Those that every Linux has for IPv4. That of the local table has priority 0, which the kernel leaves out.
    rules = fingerprint.routing_rules()
    assert [drift.has_rule(rules, 2, priority) for priority in (32766, 32767, 31999)] == [True, True, False]
    assert not drift.has_rule(rules, 99, 32766)


def test_an_address_that_is_there_can_be_told():
    assert fingerprint.has_address("127.0.0.1")
    assert not fingerprint.has_address("192.0.2.1")


def test_asks_systemd_by_its_program(tmp_path, monkeypatch):
    program = tmp_path / "systemctl"
    program.write_text('#!/bin/sh\nshift\nfor unit; do echo "$unit is up"; done\n')
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=":")
    assert fingerprint.states_of(["a.timer", "b.timer"]) == "a.timer is up\nb.timer is up\n"
    assert fingerprint.states_of([]) == ""
    program.unlink()
    (tmp_path / "env").symlink_to("/usr/bin/env")
    monkeypatch.setenv("PATH", str(tmp_path))
    assert fingerprint.states_of(["a.timer"]) == ""
