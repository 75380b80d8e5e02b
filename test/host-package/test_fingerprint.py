"""What is looked at often, and how often it leads to a close look."""

import struct

import pytest
from portway import fingerprint
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


def test_a_quiet_host_is_looked_at_every_half_minute():
    assert looks(lambda now: False) == [0, 30, 60, 90]


def test_a_change_is_looked_at_at_once():
    assert looks(lambda now: now == 46)[:4] == [0, 30, 46, 76]


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
