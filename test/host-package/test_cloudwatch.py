import json
import os
import signal
import time

import pytest
from portway import aws, cloudwatch, cloudwatch_send, metrics_forwards, metrics_host, metrics_logs
from portway.metrics_logs import Logs

SETTINGS = {
    "group": "/portway/Portway",
    "stream": "metrics",
    "gateway": "Portway",
    "seconds": 60,
    "metrics": ["Connections", "Bytes", "Requests", "CertificateDays", "DiskPercent"],
    "forwards": {"web": ["Requests", "RequestTimeP50", "RequestTimeP99"], "game": ["Connections"]},
}


class Aws:
    """Takes what is sent, unless it is down."""

    def __init__(self):
        self.error = None
        self.took = []

    def call(self, service, operation, arguments, region=""):
        assert (service, operation) == ("logs", "Logs_20140328.PutLogEvents")
        assert (arguments["logGroupName"], arguments["logStreamName"]) == ("/portway/Portway", "metrics")
        if self.error:
            raise OSError(self.error)
        self.took += [json.loads(event["message"]) for event in arguments["logEvents"]]
        return {}

    def sum(self, name, forward=None):
        return sum(event[name] for event in self.took if event.get("Forward") == forward)


@pytest.fixture
def there(tmp_path, monkeypatch):
    """A host with a log and a kernel, and AWS."""

    class Host:
        kernel = {"game": [0, 0, 0]}
        drops = {"forwards": {}, "host": {}}

    one = Host()
    monkeypatch.setattr(metrics_logs, "FOLDER", str(tmp_path))
    monkeypatch.setattr(metrics_logs, "STATE", str(tmp_path / "metrics.json"))
    monkeypatch.setattr(cloudwatch, "STATE", str(tmp_path / "cloudwatch.json"))
    monkeypatch.setattr(cloudwatch, "SETTINGS", str(tmp_path / "settings"))
    monkeypatch.setattr(cloudwatch, "forwards", lambda: [["web", "tcp/80", "nginx"], ["game", "tcp/81", "iptables"]])
    monkeypatch.setattr(metrics_forwards, "in_kernel", lambda _: (one.kernel, 0))
    monkeypatch.setattr(metrics_forwards, "dropped", lambda: one.drops)
    monkeypatch.setattr(metrics_forwards, "certificates", lambda: [])
    monkeypatch.setattr(metrics_forwards, "health", lambda: [])
    monkeypatch.setattr(metrics_host, "mended", lambda: 0)
    (tmp_path / "settings").write_text(json.dumps(SETTINGS))
    one.aws = Aws()
    monkeypatch.setattr(aws, "call", one.aws.call)
    one.log = tmp_path / "metrics.log"
    one.log.touch()
    one.logs = Logs()
    one.beat = cloudwatch.Beat(one.logs)

    def asked(count, line=b"web,0.0032001 100 200\t7\n"):
        with open(one.log, "ab") as log:
            log.write(line * count)

    def tell():
        one.logs.look()
        cloudwatch.tell(SETTINGS, one.logs)

    one.asked, one.tell = asked, tell
    return one


def test_an_event_has_what_came_since_the_last(there):
    there.asked(3)
    there.kernel = {"game": [10, 1000, 2]}
    there.tell()
    there.asked(2, b"web,0.003502 100 200\t1\n")
    there.kernel = {"game": [15, 1500, 3]}
    there.tell()
    gateway = [event for event in there.aws.took if "Forward" not in event]
    assert [event["Requests"] for event in gateway] == [3, 2]
    assert [event["Bytes"] for event in gateway] == [1000 + 900, 500 + 600]
    assert [event["Connections"] for event in gateway] == [2, 1 + 2]
    assert [event["ServerErrors"] for event in gateway] == [0, 2]
    assert [event["Connections"] for event in there.aws.took if event.get("Forward") == "game"] == [2, 1]


def test_only_wanted_metrics_are_made_and_each_has_its_value(there):
    there.tell()
    there.asked(1)
    there.tell()
    directives = [event["_aws"]["CloudWatchMetrics"][0] for event in there.aws.took]
    names = [[metric["Name"] for metric in one["Metrics"]] for one in directives]
    # Without requests nothing is known of their times. There is no certificate.
    assert names == [
        *(["Connections", "Bytes", "Requests", "DiskPercent"], ["Requests"], ["Connections"]),
        ["Connections", "Bytes", "Requests", "DiskPercent"],
        ["Requests", "RequestTimeP50", "RequestTimeP99"],
        ["Connections"],
    ]
    for event, one in zip(there.aws.took, directives):
        for name in [*one["Dimensions"][0], *(metric["Name"] for metric in one["Metrics"])]:
            assert name in event


def test_a_host_of_a_fleet_is_named_and_has_no_metrics_of_its_own(there, monkeypatch):
    monkeypatch.setattr(cloudwatch, "instance", lambda: "i-0123456789abcdef0")
    there.asked(1)
    there.logs.look()
    cloudwatch.tell({**SETTINGS, "host": True}, there.logs)
    assert [event["Host"] for event in there.aws.took] == ["i-0123456789abcdef0"] * 3
    directives = [event["_aws"]["CloudWatchMetrics"][0] for event in there.aws.took]
    assert [one["Dimensions"] for one in directives] == [
        [["Gateway"]],
        [["Gateway", "Forward"]],
        [["Gateway", "Forward"]],
    ]
    there.tell()
    assert "Host" not in there.aws.took[-1]


def test_an_outage_costs_no_count_and_little_room(there, monkeypatch):
    monkeypatch.setattr(cloudwatch, "ROOM", 20_000)
    there.aws.error = "no answer"
    for _ in range(100):
        there.asked(5)
        there.tell()
    assert os.path.getsize(cloudwatch.STATE) < 40_000
    there.aws.error = None
    there.asked(5)
    there.tell()
    there.tell()
    assert there.aws.sum("Requests") == there.aws.sum("Requests", "web") == 505
    assert json.loads(open(cloudwatch.STATE).read())["waiting"] == []


def test_what_is_wrong_is_said_once(there, capsys):
    there.aws.error = '{"__type":"AccessDeniedException"}'
    there.tell()
    there.tell()
    there.aws.error = None
    there.tell()
    assert capsys.readouterr().out.splitlines() == [
        'portway cloudwatch: {"__type":"AccessDeniedException"}',
        "portway cloudwatch: all is sent",
    ]


def test_a_request_that_aws_would_refuse_forever_is_dropped(there, capsys):
    there.aws.error = '{"__type":"InvalidParameterException"}'
    there.asked(1)
    there.tell()
    there.aws.error = None
    there.asked(2)
    there.tell()
    assert there.aws.sum("Requests") == 2
    assert "refused" in capsys.readouterr().out


def test_a_killed_program_misses_and_repeats_nothing(there):
    there.asked(4)
    there.tell()
    there.asked(3)
    there.logs.keep()
    # It starts again, from what was kept.
    there.logs = Logs()
    cloudwatch.Beat(there.logs)
    there.asked(2)
    there.tell()
    assert there.aws.sum("Requests") == 9


def test_tells_what_the_kernel_dropped_by_forward_and_reason(there):
    there.tell()
    there.drops = {"forwards": {"game": {"source": 3, "limit": 1}}, "host": {"blocked": 5}}
    there.tell()
    event, *_ = [event for event in there.aws.took if event.get("Forward") == "game" and "DroppedPackets" in event]
    assert (event["DroppedPackets"], event["DroppedBy"]) == (4, {"source": 3, "limit": 1})
    assert there.aws.took[-3]["DroppedBy"] == {"source": 3, "limit": 1, "blocked": 5}
    assert there.aws.took[-3]["Packets"] == 0
    assert "DroppedPackets" not in there.aws.took[-2]


def test_counts_of_the_kernel_begin_anew_at_a_boot(there, monkeypatch):
    there.kernel = {"game": [10, 1000, 5]}
    there.tell()
    monkeypatch.setattr(cloudwatch, "boot", lambda: "next")
    there.kernel = {"game": [20, 1500, 7]}
    there.tell()
    # Its program starts again.
    there.kernel = {}
    there.tell()
    there.kernel = {"game": [30, 2500, 9]}
    there.tell()
    assert [event["Connections"] for event in there.aws.took if event.get("Forward") == "game"] == [5, 7, 0, 2]


def test_counts_of_before_are_not_told(there, tmp_path):
    there.asked(7)
    there.logs.look()
    there.logs.keep()
    os.remove(cloudwatch.STATE)
    there.logs = Logs()
    cloudwatch.Beat(there.logs)
    there.asked(1)
    there.tell()
    assert there.aws.sum("Requests") == 1


@pytest.mark.parametrize("kept", ["", "{", "[]", '{"counts": {}}'])
def test_a_damaged_state_begins_anew(there, kept):
    with open(cloudwatch.STATE, "w") as file:
        file.write(kept)
    cloudwatch.Beat(there.logs)
    there.asked(2)
    there.tell()
    assert there.aws.sum("Requests") == 2


def fails(*_):
    raise KeyError("counts")


def is_killed(*_):
    os.kill(os.getpid(), signal.SIGSYS)


@pytest.mark.parametrize(
    "tells, said",
    [(fails, "KeyError('counts')\n"), (fails, "ended with 1\n"), (is_killed, f"ended with -{signal.SIGSYS:d}\n")],
)
def test_a_sender_that_fails_is_told_of_whatever_ends_it(there, monkeypatch, capfd, tells, said):
    monkeypatch.setattr(cloudwatch, "tell", tells)
    monkeypatch.setattr(there.beat, "last", 0)
    # pytest captures what is printed by a file of its own.
    monkeypatch.setattr(os, "closerange", lambda *_: None)
    there.beat.look(there.logs)
    assert there.beat.child
    os.waitid(os.P_PID, there.beat.child, os.WEXITED | os.WNOWAIT)
    there.beat.look(there.logs)
    assert not there.beat.child
    assert said in capfd.readouterr().out


def test_a_forward_that_goes_and_comes_is_counted_once(there, monkeypatch):
    there.asked(3)
    there.tell()
    there.tell()
    without = {**SETTINGS, "forwards": {}}
    cloudwatch.tell(without, there.logs)
    there.asked(1)
    there.tell()
    assert there.aws.sum("Requests", "web") == 4


def test_gauges_of_the_host(there, monkeypatch):
    now = time.time()
    rows = [
        ({"forward": "web", "source": source}, now + days * 86400)
        for source, days in (("acme", 20), ("self-signed", 3))
    ]
    monkeypatch.setattr(metrics_forwards, "certificates", lambda: rows)
    targets = [({"forward": "game", "target": target}, 0) for target in ("a", "b")]
    monkeypatch.setattr(metrics_forwards, "health", lambda: targets)
    there.tell()
    gateway, web, game = there.aws.took
    assert (gateway["CertificateDays"], gateway["FirstToExpire"]) == (20, "web")
    assert (gateway["ForwardsWithoutTarget"], gateway["WithoutTarget"]) == (1, ["game"])
    assert (web["CertificateDays"], game["HealthyTargets"]) == (20, 0)
    assert 0 <= gateway["DiskPercent"] <= 100 and 0 < gateway["MemoryPercent"] < 100


@pytest.mark.parametrize(
    ("buckets", "share", "expected"),
    [
        ([0] * 12, 0.5, None),
        ([10] + [0] * 11, 0.5, 2.5),
        ([0, 10] + [0] * 10, 0.99, 9.95),
        ([50, 0, 50] + [0] * 9, 0.5, 5),
        ([0] * 11 + [1], 0.5, 10_000),
        ([99] + [0] * 10 + [1], 0.99, 5),
    ],
)
def test_quantiles(buckets, share, expected):
    assert cloudwatch.quantile(buckets, share) == expected


def test_a_request_has_what_aws_takes():
    minute, day = 60_000, cloudwatch_send.DAY
    events = [[n * minute, "x" * 1000] for n in range(2000)]
    found = list(cloudwatch_send.batches(events[::-1]))
    assert [one for batch in found for one in batch] == events
    for batch in found:
        assert sum(len(text) + 26 for _, text in batch) <= 1_048_576
        assert batch[-1][0] - batch[0][0] < day
    assert len(list(cloudwatch_send.batches([[0, ""]] * 10_001))) == 2


def test_a_beat_comes_once_a_minute(there, monkeypatch):
    times = iter([0, 29, 30, 31, 89.9, 90, 30, 150])
    numbers = []
    for at in times:
        monkeypatch.setattr(cloudwatch.time, "time", lambda at=at: at)
        numbers.append(there.beat.number())
    assert numbers == [0, 0, 1, 1, 1, 2, 1, 3]
