"""When a host of a fleet tries a content again that others have; test/host/fleet.test.ts has it fail for real."""

import pytest
from portway import behind, history, paths, report, rollback
from portway.parts import Pointer

CONTENT = "c" * 64
POINTER = Pointer(CONTENT, {}, "GatewayLive0123456789abcdef", "Portway", [])
ARN = "arn:aws:cloudformation:eu-central-1:123456789012:stack/Portway/1"


@pytest.fixture
def host(tmp_path, monkeypatch):
    """Its clock, what CloudFormation says, and what was sent."""

    class Host:
        now, state, sent, paused = 1000.0, "UPDATE_COMPLETE", [], 0

        def look(self, seconds=0.0):
            self.now += seconds
            return behind.is_due(POINTER)

    one = Host()
    one.sent = []

    def signal(said):
        one.sent.append(said)
        if one.state:
            raise OSError(f"ValidationError: Stack {ARN} is in {one.state} state and cannot be signaled")

    monkeypatch.setattr(behind, "STATE", str(tmp_path / "behind"))
    monkeypatch.setattr(paths, "FAILED", str(tmp_path / "failed"))
    monkeypatch.setattr(report, "FILE", str(tmp_path / "live-signal"))
    monkeypatch.setattr(report, "signal", signal)
    monkeypatch.setattr(behind, "HELD", str(tmp_path / "rolled-back"))
    monkeypatch.setattr(behind, "paused_until", lambda: one.paused)
    monkeypatch.setattr(behind.time, "monotonic", lambda: one.now)
    (tmp_path / "failed").write_text(f"{CONTENT}\n")
    return one


def test_it_is_tried_twice_again_and_then_the_balancer_is_told(host):
    assert [host.look(), host.look(59), host.look(1)] == [False, False, True]
    assert behind.trouble() == ""
    assert [host.look(179), host.look(1)] == [False, True]
    # While the last try runs nothing is told yet.
    assert behind.trouble() == ""
    assert [host.look(2), host.look(9999)] == [False, False]
    assert behind.trouble() == f"content {CONTENT}, which other hosts have, cannot be set up here: see bootstrap.log"
    assert [(one.status, one.live) for one in host.sent] == [("FAILURE", POINTER.live)]


@pytest.mark.parametrize(
    "state", ["", "UPDATE_IN_PROGRESS", "UPDATE_ROLLBACK_COMPLETE", "UPDATE_ROLLBACK_FAILED", "ROLLBACK_COMPLETE"]
)
def test_a_host_stays_ready_where_the_deploy_has_not_succeeded(host, state):
    host.state = state
    assert not any(host.look(100) for _ in range(50))
    assert behind.trouble() == ""


def test_a_pause_by_hand_is_no_reason_to_try_or_to_tell(host):
    host.paused = 1
    assert not any(host.look(100) for _ in range(50))
    assert (behind.trouble(), host.sent) == ("", [])
    host.paused = 0
    assert [host.look(), host.look(60)] == [False, True]


def test_a_pause_that_begins_later_takes_the_word_back(host):
    for _ in range(5):
        host.look(500)
    assert behind.trouble() != ""
    host.paused = 1
    assert behind.trouble() == ""
    host.paused = 0
    assert behind.trouble() != ""


@pytest.mark.parametrize("state", ["", "UPDATE_ROLLBACK_FAILED"])
def test_cloudformation_is_asked_once_a_minute(host, state):
    host.state = state
    for _ in range(60):
        host.look(10)
    assert len(host.sent) == 10


def test_a_rollback_by_hand_of_a_host_that_is_behind_stays(host, tmp_path, monkeypatch):
    for name in ("HELD", "FAILED"):
        monkeypatch.setattr(rollback, name, str(tmp_path / {"HELD": "rolled-back", "FAILED": "failed"}[name]))
    runs = {"good": "b" * 64}
    monkeypatch.setattr(rollback, "content_of", lambda _: runs["good"])
    # The host ran b while c was deployed, and goes back to a.
    entry = history.Entry(1, "")
    for name, value in {
        "lock.hold": lambda: None,
        "history.keep": lambda: None,
        "history.entries": lambda: [entry, entry],
        "damage": lambda _: "",
        "say": lambda _: None,
        "os.geteuid": lambda: 0,
        "setting_up.copy": lambda _: runs.update(good="a" * 64),
        "cut.set_up": lambda: "",
    }.items():
        monkeypatch.setattr(f"portway.rollback.{name}", value)
    rollback.main([])
    # content.live brings c back unless it has failed.
    assert (tmp_path / "failed").read_text().strip() == CONTENT
    assert not any(host.look(100) for _ in range(50))
    assert behind.trouble() == ""


def test_a_rollback_by_hand_stays_until_another_content(host, tmp_path):
    (tmp_path / "rolled-back").write_text(CONTENT)
    assert not any(host.look(100) for _ in range(50))
    assert (behind.trouble(), host.sent) == ("", [])


def test_a_report_that_waits_is_sent_first(host):
    report.keep("FAILURE", POINTER, "no disk")
    assert not host.look(100)
    assert host.sent == []


def test_another_content_begins_anew(host, tmp_path):
    for _ in range(5):
        host.look(500)
    assert behind.trouble() != ""
    (tmp_path / "failed").unlink()
    assert behind.trouble() == ""
    (tmp_path / "failed").write_text("d" * 64)
    assert behind.trouble() == ""
    assert not behind.is_due(POINTER._replace(content="d" * 64))
    host.now += 60
    assert behind.is_due(POINTER._replace(content="d" * 64))
