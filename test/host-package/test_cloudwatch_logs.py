import gzip
import json
import os
import time

import pytest
from portway import aws, cloudwatch_logs

SETTINGS = {"group": "/portway/Portway/logs", "names": ["access"]}


@pytest.fixture
def there(tmp_path, monkeypatch):
    class Host:
        error = None
        took = []

    one = Host()
    one.took = []
    monkeypatch.setattr(cloudwatch_logs, "FOLDER", str(tmp_path))
    monkeypatch.setattr(cloudwatch_logs, "STATE", str(tmp_path / "state"))

    def call(service, operation, arguments, region=""):
        if one.error:
            raise OSError(one.error)
        assert (arguments["logGroupName"], arguments["logStreamName"]) == ("/portway/Portway/logs", "access")
        one.took += [event["message"] for event in arguments["logEvents"]]
        return {}

    monkeypatch.setattr(aws, "call", call)
    one.log = tmp_path / "access.log"
    one.written = []

    def write(count):
        lines = [f"line {len(one.written) + n}" for n in range(count)]
        with open(one.log, "a") as log:
            log.writelines(f"{line}\n" for line in lines)
        one.written += lines

    def set_aside(seconds=100):
        """As rotate.py does. Returns the new path."""
        path = f"{one.log}-{time.time_ns() - seconds * 10**9:020}"
        os.rename(one.log, path)
        one.log.touch()
        return path

    def pack(path):
        with open(path, "rb") as log, gzip.open(f"{path}.gz", "wb") as packed:
            packed.write(log.read())
        os.remove(path)

    one.write, one.set_aside, one.pack = write, set_aside, pack
    one.log.touch()
    return one


def send():
    return cloudwatch_logs.send(SETTINGS, "")


def test_lines_are_sent_once_over_rotations(there):
    # Begins here.
    send()
    there.write(3)
    send()
    there.write(2)
    there.set_aside(200)
    there.write(4)
    send()
    there.write(1)
    path = there.set_aside(150)
    there.pack(path)
    there.write(2)
    send()
    send()
    assert there.took == there.written


def test_lines_wait_while_aws_does_not_answer(there):
    there.write(2)
    send()
    there.error = "no answer"
    for seconds in (300, 200, 100):
        there.write(3)
        with pytest.raises(OSError):
            send()
        there.pack(there.set_aside(seconds))
    there.write(1)
    there.error = None
    send()
    assert there.took == there.written


def test_a_log_that_was_set_aside_just_now_is_read_on(there):
    send()
    there.write(2)
    path = there.set_aside(0)
    send()
    # A worker of nginx still writes there, and another into the new one.
    with open(path, "a") as log:
        log.write("late\n")
    with open(there.log, "a") as log:
        log.write("new\n")
    send()
    assert there.took == [*there.written, "late"]


def test_half_a_line_waits(there):
    with open(there.log, "a") as log:
        log.write("one\ntw")
    send()
    assert there.took == ["one"]
    with open(there.log, "a") as log:
        log.write("o\n")
    send()
    assert there.took == ["one", "two"]


def test_a_deleted_file_is_said(there, capsys):
    there.write(2)
    send()
    there.write(1)
    os.remove(there.set_aside(100))
    there.write(2)
    send()
    assert there.took == [*there.written[:2], *there.written[3:]]
    assert capsys.readouterr().out == "portway cloudwatch: lines of access.log were deleted before they were sent\n"


def test_old_files_are_not_sent(there):
    there.write(2)
    there.set_aside(100)
    there.write(1)
    send()
    assert there.took == there.written[2:]


def test_large_logs_go_in_many_requests(there):
    with open(there.log, "a") as log:
        for n in range(20_000):
            log.write(f"{n:0100}\n")
    send()
    assert [int(line) for line in there.took] == list(range(20_000))


def test_a_missing_log_is_nothing(there):
    os.remove(there.log)
    assert send() == ""


def test_lines_of_a_fleet_say_whose_they_are(there):
    lines = [
        '{"time":"2025-11-30T10:00:00+00:00","host":"a.example"}',
        '2025/11/30 10:00:00 [error] 1#1: "ä" \\ x',
        "{}",
    ]
    with open(there.log, "a") as log:
        log.writelines(f"{line}\n" for line in lines)
    cloudwatch_logs.send(SETTINGS, "i-0123")
    assert [json.loads(line) for line in there.took] == [
        {"instance": "i-0123", "time": "2025-11-30T10:00:00+00:00", "host": "a.example"},
        *({"instance": "i-0123", "line": line} for line in lines[1:]),
    ]


NOW = 1_764_500_000.0


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ('{"time":"2025-11-30T10:00:00+00:00","client":"198.51.100.1"}', 1_764_496_800_000),
        ('{"time":"2025-11-30T12:00:00+02:00"}', 1_764_496_800_000),
        ("portway 2025-11-30T10:00:00Z start", 1_764_496_800_000),
        ("2025/11/30 10:00:00 [error] 1#1: x", 1_764_496_800_000),
        ("something else", 7),
        # CloudWatch would not take these.
        ("2035-01-01T00:00:00Z", 1_764_500_000_000),
        ("1999-01-01T00:00:00Z", 1_764_500_000_000 - 13 * 86400 * 1000),
    ],
)
def test_the_time_of_a_line(line, expected):
    assert cloudwatch_logs.time_of(line, 7, NOW) == expected
