"""`portway reboot`: when a reboot is due, what it waits for, and that nothing else makes it."""

import fcntl
import os
import signal
import subprocess
import time

import pytest
from portway import due, lock, reboot

# 2026-12-06 04:00 UTC.
SUNDAY = 1796529600.0


class Clock:
    """Time that passes only where the program waits. It begins in a window."""

    gmtime = staticmethod(time.gmtime)

    def __init__(self):
        self.now = SUNDAY

    def monotonic(self):
        return self.now

    def time(self):
        return self.now

    def sleep(self, seconds):
        self.now += seconds


@pytest.fixture
def host(tmp_path, monkeypatch):
    """A host on which a reboot is due; the words that it says, and the commands that it runs."""
    said, ran = [], []

    class Done:
        stdout = "inactive\n"

    def run(*words):
        ran.append(" ".join(words))
        return Done

    monkeypatch.setattr(os, "geteuid", lambda: 0)
    monkeypatch.setattr(reboot, "time", Clock())
    monkeypatch.setattr(reboot, "due", lambda: ["linux-image-amd64", "libc6"])
    (tmp_path / "timer").write_text("[Unit]\nDescription=Portway: a reboot if one is due, sun 04:00 UTC\n")
    monkeypatch.setattr(reboot, "TIMER", str(tmp_path / "timer"))
    monkeypatch.setattr(reboot, "PACKAGES", str(tmp_path / "lock-frontend"))
    monkeypatch.setattr(reboot, "NGINX", str(tmp_path / "nginx.pid"))
    monkeypatch.setattr(lock, "LOCK", str(tmp_path / "portway.lock"))
    monkeypatch.setattr(lock, "held", [])
    monkeypatch.setattr(reboot, "say", said.append)
    monkeypatch.setattr(reboot, "run", run)
    monkeypatch.setattr(reboot, "is_paused", lambda: False)
    return said, ran


def waited():
    return reboot.time.now - SUNDAY


def test_it_says_why_and_reboots(host):
    said, ran = host
    reboot.main([])
    assert said == ["reboots now: this is due for linux-image-amd64, libc6"]
    assert ran == ["systemctl is-active apt-daily-upgrade.service", "systemctl reboot"]


def test_nothing_happens_where_none_is_due(host, monkeypatch):
    monkeypatch.setattr(reboot, "due", list)
    reboot.main([])
    assert host == ([], [])


HOUR, DAY = 3600, 86400


@pytest.mark.parametrize(
    ("window", "after", "opened"),
    [
        ("sun 04:00", 0, True),
        ("sun 04:00", HOUR - 1, True),
        ("sun 04:00", HOUR, False),
        ("sun 04:00", -1, False),
        ("sun 04:00", DAY, False),
        ("sun 04:00", 7 * DAY, True),
        ("04:00", DAY, True),
        ("04:00", -1, False),
        # Into the next day.
        ("sat 23:30", -4 * HOUR, True),
        ("sun 23:30", -4 * HOUR, False),
        ("23:30", -4 * HOUR, True),
        ("23:30", -3.5 * HOUR, False),
    ],
)
def test_it_reboots_in_the_window_alone(host, tmp_path, window, after, opened):
    said, ran = host
    (tmp_path / "timer").write_text(f"[Unit]\nDescription=Portway: a reboot if one is due, {window} UTC\n")
    reboot.time.now += after
    reboot.main([])
    assert ("systemctl reboot" in ran) == opened
    assert bool(said) == opened


def test_without_a_window_it_does_nothing(host, tmp_path):
    (tmp_path / "timer").unlink()
    reboot.main([])
    assert host == ([], [])


def test_it_waits_for_a_pause_and_leaves_it_for_the_next_window(host, monkeypatch):
    said, ran = host
    monkeypatch.setattr(reboot, "is_paused", lambda: True)
    reboot.main([])
    assert said == [
        "WARNING: a reboot is due for linux-image-amd64, libc6, but the host is paused: left for the next window"
    ]
    assert ran == []
    assert reboot.WINDOW <= waited() <= reboot.WINDOW + reboot.PAUSE


def test_it_goes_on_when_a_pause_ends(host, monkeypatch):
    said, ran = host
    monkeypatch.setattr(reboot, "is_paused", lambda: waited() < 60)
    reboot.main([])
    assert ran[-1] == "systemctl reboot"
    assert 60 <= waited() < 120


def test_it_waits_for_updates(host, monkeypatch):
    said, ran = host
    state = type("Done", (), {"stdout": "activating\n"})
    monkeypatch.setattr(reboot, "run", lambda *words: ran.append(" ".join(words)) or state)
    reboot.main([])
    assert "systemctl reboot" not in ran
    assert "security updates are being installed" in said[0]


@pytest.mark.parametrize(
    ("path", "reason", "flags"),
    [
        ("lock-frontend", "packages are being installed", None),
        ("portway.lock", "the host is being set up", fcntl.LOCK_EX),
    ],
)
def test_it_waits_for_locks_of_other_programs(host, tmp_path, path, reason, flags):
    said, ran = host
    # POSIX locks belong to processes, so another one holds it.
    hold = "fcntl.lockf(f, fcntl.LOCK_EX)" if flags is None else "fcntl.flock(f, fcntl.LOCK_EX)"
    program = f"import fcntl; f = open({str(tmp_path / path)!r}, 'w'); {hold}; print(1, flush=True); input()"
    with subprocess.Popen(["python3", "-c", program], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as other:
        assert other.stdout.readline() == b"1\n"
        reboot.main([])
        assert "systemctl reboot" not in ran
        assert reason in said[0]
        # What it did not need is free for the other one.
        assert lock.held == []
        other.communicate(b"\n")
    reboot.time.now = SUNDAY
    reboot.main([])
    assert ran[-1] == "systemctl reboot"


def test_nginx_may_finish_what_it_has(host, tmp_path, monkeypatch):
    program = "import signal, time; signal.signal(signal.SIGQUIT, lambda *_: (time.sleep(0.5), exit())); print(1, flush=True); time.sleep(60)"
    monkeypatch.setattr(reboot, "time", time)
    with subprocess.Popen(["python3", "-c", program], stdout=subprocess.PIPE) as nginx:
        nginx.stdout.readline()
        (tmp_path / "nginx.pid").write_text(f"{nginx.pid}\n")
        monkeypatch.setattr(os.path, "exists", lambda path, known=os.path.exists: known(path) and nginx.poll() is None)
        began = time.monotonic()
        reboot.drain()
        assert 0.5 <= time.monotonic() - began < 10
        assert nginx.wait() == 0


def test_an_nginx_that_does_not_end_gets_no_more_than_its_time(host, tmp_path):
    with subprocess.Popen(["sleep", "60"]) as nginx:
        (tmp_path / "nginx.pid").write_text(f"{nginx.pid}\n")
        nginx.send_signal(signal.SIGSTOP)
        reboot.drain()
        assert reboot.DRAIN <= waited() < reboot.DRAIN + 1
        nginx.kill()


def test_nothing_waits_for_a_reboot_without_the_mark(tmp_path, monkeypatch):
    monkeypatch.setattr(due, "REBOOT", str(tmp_path / "reboot-required"))
    monkeypatch.setattr(due.glob, "glob", lambda _: [])
    assert due.due() == []
    (tmp_path / "reboot-required").touch()
    assert due.due() == ["unknown packages"]
    (tmp_path / "reboot-required.pkgs").write_text("linux-image-amd64\nlibc6\nlinux-image-amd64\n")
    assert due.due() == ["linux-image-amd64", "libc6"]


def process(tmp_path, maps, root="/"):
    folder = tmp_path / "1"
    folder.mkdir()
    (folder / "maps").write_text(maps)
    (folder / "root").symlink_to(root)
    return str(folder)


OLD = "7f00-7f01 r-xp 00000000 fe:01 102 /usr/lib/x86_64-linux-gnu/libc.so.6 (deleted)\n"


def test_a_process_with_an_old_library_waits_for_a_reboot(tmp_path, monkeypatch):
    monkeypatch.setattr(due, "REBOOT", str(tmp_path / "reboot-required"))
    one = process(tmp_path, OLD)
    monkeypatch.setattr(due.glob, "glob", lambda _: [one])
    assert due.due() == ["libc6"]


def test_others_do_not(tmp_path):
    assert not due.runs_old_library(str(tmp_path / "gone"))
    assert not due.runs_old_library(process(tmp_path, OLD, root=str(tmp_path)))


def test_only_code_of_the_library_counts(tmp_path):
    maps = OLD.replace(" (deleted)", "") + OLD.replace("libc.so.6", "libssl.so.3") + OLD.replace("r-xp", "r--p")
    assert not due.runs_old_library(process(tmp_path, maps))


def test_status_warns_of_what_the_mark_does_not_say_and_tells_the_window(tmp_path, monkeypatch):
    monkeypatch.setattr(due, "REBOOT", str(tmp_path / "reboot-required"))
    monkeypatch.setattr(due, "TIMER", str(tmp_path / "timer"))
    monkeypatch.setattr(due, "due", list)
    (tmp_path / "timer").write_text("[Unit]\nDescription=Portway: a reboot if one is due, sun 04:00 UTC\n")
    assert due.collect() == []
    monkeypatch.setattr(due, "due", lambda: ["libc6"])
    assert due.collect() == ["a reboot is due: the old libc6 still runs", "the reboot comes at sun 04:00 UTC"]
    (tmp_path / "reboot-required").touch()
    (tmp_path / "timer").unlink()
    assert due.collect() == []
