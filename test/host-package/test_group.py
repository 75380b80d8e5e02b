import json

import pytest
from portway import group, report, signals

ADDRESS = "group://Fleet/FleetHostsGroup"
TEXT = json.dumps({"Status": "SUCCESS", "Reason": "it runs", "UniqueId": "i-0123456789abcdef0", "Data": "{}"})


@pytest.fixture(autouse=True)
def balancer(monkeypatch, tmp_path):
    """One that has asked for long enough."""
    monkeypatch.setattr(group, "READY", str(tmp_path / "ready"))
    (tmp_path / "ready").write_text("-100\n")


@pytest.fixture
def calls(monkeypatch):
    found = []
    monkeypatch.setattr(report, "instance", lambda: "i-0123456789abcdef0")
    monkeypatch.setattr(report.aws, "post", lambda service, body, headers: found.append((service, body.decode())))
    return found


def test_a_boot_is_reported_to_the_group_under_the_instances_own_id(calls):
    assert group.put(ADDRESS, TEXT) == (200, "")
    ((service, body),) = calls
    assert service == "cloudformation"
    assert "StackName=Fleet&LogicalResourceId=FleetHostsGroup&UniqueId=i-0123456789abcdef0&Status=SUCCESS" in body


def test_a_failure_is_told_in_full_where_the_console_shows_it(calls, capsys):
    group.put(ADDRESS, TEXT.replace("SUCCESS", "FAILURE").replace("it runs", "nginx does not start"))
    assert "Status=FAILURE" in calls[0][1]
    assert "UniqueId=i-0123456789abcdef0&" in calls[0][1]
    assert "nginx does not start" in capsys.readouterr().out


@pytest.mark.parametrize(
    "words, is_delivered",
    [
        ("<Code>ValidationError</Code><Message>Stack x is in UPDATE_COMPLETE state and cannot be signaled", True),
        ("<Code>ValidationError</Code><Message>Resource FleetHostsGroup cannot be signaled", True),
        ("<Code>Throttling</Code><Message>Rate exceeded", False),
        ("<Code>AccessDenied</Code><Message>User: x is not authorized", False),
    ],
)
def test_a_host_that_nobody_waits_for_is_no_failure(monkeypatch, tmp_path, words, is_delivered):
    def refuse(*_):
        raise OSError(words)

    monkeypatch.setattr(report.aws, "post", refuse)
    monkeypatch.setattr(signals, "STATE", str(tmp_path))
    settings = {"PORTWAY_SIGNAL_URL": ADDRESS, "PORTWAY_CONTENT": "c1"}
    if is_delivered:
        assert signals.send("SUCCESS", "it runs", settings) == "signalled SUCCESS"
        assert signals.send("SUCCESS", "it runs", settings) == ""
    else:
        with pytest.raises(OSError, match=words.split("<")[1]):
            signals.send("SUCCESS", "it runs", settings)
        assert not list(tmp_path.glob("signalled-*"))


def test_a_boot_is_reported_once_the_balancer_had_good_answers_for_long_enough(calls, monkeypatch, tmp_path):
    now = [1000.0]
    monkeypatch.setattr(group.time, "monotonic", lambda: now[0])

    def sleep(seconds):
        now[0] += seconds
        if now[0] == 1100:
            (tmp_path / "ready").write_text("1100\n")

    monkeypatch.setattr(group.time, "sleep", sleep)
    (tmp_path / "ready").unlink()
    group.put(ADDRESS, TEXT)
    assert (now[0], len(calls)) == (1125, 1)


def test_a_boot_is_reported_after_five_minutes_though_nobody_asked(calls, monkeypatch, tmp_path, capsys):
    now = [1000.0]
    monkeypatch.setattr(group.time, "monotonic", lambda: now[0])
    monkeypatch.setattr(group.time, "sleep", lambda seconds: now.__setitem__(0, now[0] + seconds))
    (tmp_path / "ready").unlink()
    group.put(ADDRESS, TEXT)
    assert (now[0], len(calls)) == (1300, 1)
    assert "the balancer has not found this host ready for 300 s" in capsys.readouterr().out
