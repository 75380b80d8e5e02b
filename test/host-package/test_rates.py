"""The parts of `portway status` that tell rates."""

import json

import pytest
from portway import findings, rates

FORWARDS = [
    ["game", "tcp/7000", "iptables", "a:1"],
    ["site", "tcp/80", "nginx", "a:1"],
    ["dns", "udp/53-54", "nginx", "a:1"],
    ["shop", "tcp/443", "nginx", "a:1"],
    ["rest", "tcp/443", "nginx", "a:1"],
]


@pytest.fixture
def logs(tmp_path, monkeypatch):
    monkeypatch.setattr(rates, "LOGS", str(tmp_path))
    monkeypatch.setattr(findings, "LOGS", str(tmp_path))
    monkeypatch.setattr(rates, "LOOKED", str(tmp_path / "looked"))
    monkeypatch.setattr(rates, "forwards", lambda: FORWARDS)
    monkeypatch.setattr(rates, "find_spec", lambda _: None)
    for name in rates.NAMES:
        (tmp_path / name).write_text(request(80) * 5 if name == "access.log" else "")
    return tmp_path


def request(port, **more):
    return (
        json.dumps({"client": "192.0.2.1", "port": f"{port}", "status": 200, "bytes": 100, "sample": 1, **more}) + "\n"
    )


def session(protocol, port, **more):
    entry = {"client": "192.0.2.1", "port": f"{port}", "protocol": protocol, "status": 200, "sent": 7, "received": 3}
    return json.dumps({**entry, "sample": 1, **more}) + "\n"


def add(path, text):
    with path.open("a") as log:
        log.write(text)


def test_counts_what_was_logged_since(logs):
    before = rates.look()
    add(logs / "access.log", request(80) * 3 + request(80, sample=100) + "{broken\n" + request(443))
    add(logs / "stream.log", session("UDP", 53) + session("UDP", 54) * 2 + session("TCP", 53) + session("TCP", 443))
    assert rates.between(before, rates.look()) == {
        "game": [None, None, None],
        "site": [None, 103, 10_300],
        "dns": [3, None, 30],
        # They share a port, and so nobody can tell.
        "shop": [None, None, None],
        "rest": [None, None, None],
    }


def test_does_not_know_what_a_log_said_that_was_set_aside(logs):
    before = rates.look()
    (logs / "access.log").rename(logs / "access.log-1")
    (logs / "access.log").write_text(request(80))
    assert rates.between(before, rates.look())["site"] == [None, None, None]


@pytest.mark.parametrize(
    ("then", "now", "found"),
    [
        ([10, 1000, 2], [30, 5000, 6], [4, None, 4000]),
        (None, [30, 5000, 6], [6, None, 5000]),
        # It began anew, or nobody counts.
        ([10, 1000, 2], [5, 100, 1], [None, None, None]),
        ([10, 1000, 2], None, [None, None, None]),
    ],
)
def test_counts_what_the_kernel_carried_since(logs, then, now, found):
    looks = [{"time": 0, "logs": {}, "carried": {"game": counts} if counts else {}} for counts in (then, now)]
    assert rates.between(*looks)["game"] == found


def test_the_first_look_has_no_rates_and_a_program_states_an_interval(logs):
    assert rates.measure([]) == ([], {}, [])
    assert rates.measure(["--json"]) == (["--json"], {}, [])
    words, said, lines = rates.measure([])
    assert (words, lines[0].split()[:4]) == ([], ["since", "the", "last", "look,"])
    words, said, lines = rates.measure(["--json", "--seconds", "1"])
    assert words == ["--json"]
    assert said["seconds"] == pytest.approx(1, abs=0.5)
    assert said["rates"]["site"] == {"connections_per_second": 0, "requests_per_second": 0, "bytes_per_second": 0}


@pytest.mark.parametrize("text", ["", "{", "[]", "7", '{"time": "x"}', '{"time": 1e300}'])
def test_a_damaged_look_is_none(logs, text):
    (logs / "looked").write_text(text)
    assert rates.last_look() is None
    assert rates.measure([]) == ([], {}, [])


@pytest.mark.parametrize(
    "words", [["--seconds"], ["--seconds", "0"], ["--seconds", "x"], ["--seconds", "10000"], ["--seconds", "-1"]]
)
def test_refuses_other_intervals(words):
    with pytest.raises(SystemExit) as end:
        rates.measure(words)
    assert str(end.value).startswith("--seconds must be 1-9999, got ")
