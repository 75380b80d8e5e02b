import gzip
import os

import pytest
from portway import rotate
from portway.rotate import DAY, Log, expired, is_due, rotated

NOW = 1_000 * DAY


def test_the_oldest_logs_go_until_all_fit():
    kept = [Log("a", 40, NOW), Log("b", 40, NOW), Log("c", 40, NOW)]
    assert expired(kept, 10, 130, NOW) == []
    assert expired(kept, 10, 100, NOW) == ["a"]
    assert expired(kept, 10, 50, NOW) == ["a", "b"]
    # What is being written cannot go.
    assert expired(kept, 1_000, 50, NOW) == ["a", "b", "c"]


def test_logs_go_after_two_weeks_and_from_the_future():
    kept = [Log("old", 1, NOW - 15 * DAY), Log("new", 1, NOW - 13 * DAY), Log("future", 1, NOW + 15 * DAY)]
    assert expired(kept, 0, 100, NOW) == ["old", "future"]


@pytest.mark.parametrize(
    ("path", "size", "daily", "due"),
    [
        ("access.log", 101, False, True),
        ("access.log", 100, False, False),
        ("access.log", 1, True, True),
        ("access.log", 0, True, False),
        # A boot may be reading its own log.
        ("bootstrap.log", 1, True, False),
        ("bootstrap.log", 101, True, True),
    ],
)
def test_a_log_is_due_when_it_is_large_or_a_day_old(path, size, daily, due):
    assert is_due(path, size, 100, daily) is due


def test_packing_keeps_the_time_and_the_text(tmp_path):
    path = tmp_path / "access.log-1"
    path.write_text("line\n")
    os.utime(path, (NOW, NOW))
    rotate.pack(str(path))
    assert not path.exists()
    assert gzip.decompress((tmp_path / "access.log-1.gz").read_bytes()) == b"line\n"
    assert os.stat(tmp_path / "access.log-1.gz").st_mtime == NOW


def test_a_flood_of_counted_lines_costs_no_other_log(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    for name in ("access.log-1.gz", "metrics.log-2.gz", "metrics_stream.log-3", "error.log-4", "error.log"):
        (tmp_path / name).touch()
    assert rotated() == ["metrics.log-2.gz", "metrics_stream.log-3", "access.log-1.gz", "error.log-4"]
