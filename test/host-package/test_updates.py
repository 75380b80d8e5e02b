"""What `portway status` warns of when newer packages do not reach what runs."""

import os
import time

import pytest
from portway import updates

MAPS = """\
55d0c0a00000-55d0c0a20000 r--p 00000000 fe:01 101 /usr/sbin/nginx (deleted)
55d0c0a20000-55d0c0b00000 r-xp 00020000 fe:01 101 /usr/sbin/nginx (deleted)
7f0000000000-7f0000100000 r-xp 00000000 fe:01 102 /usr/lib/x86_64-linux-gnu/libc.so.6
7f0000200000-7f0000300000 r-xp 00000000 fe:01 103 /usr/lib/x86_64-linux-gnu/libssl.so.3 (deleted)
7f0000300000-7f0000310000 rw-s 00000000 00:01 104 /dev/zero (deleted)
"""


@pytest.fixture
def host(tmp_path, monkeypatch):
    monkeypatch.setattr(updates, "RAN", str(tmp_path / "stamp"))
    monkeypatch.setattr(updates.importlib.util, "find_spec", lambda _: None)
    monkeypatch.setattr(updates, "OFF", str(tmp_path / "off"))
    monkeypatch.setattr(updates, "REBOOT", str(tmp_path / "reboot-required"))
    monkeypatch.setattr(updates, "read", lambda path: texts(tmp_path).get(path, ""))
    return tmp_path


def texts(tmp_path):
    return {str(path): path.read_text() for path in tmp_path.iterdir()}


def aged(path, days):
    path.touch()
    then = time.time() - days * 86400
    os.utime(path, (then, then))


def test_nothing_is_said_of_a_host_without_these_files(host):
    assert updates.collect() == []


def test_nothing_is_said_of_updates_that_ran_this_week(host):
    aged(host / "stamp", 6.9)
    assert updates.collect() == []


def test_updates_that_stopped(host):
    aged(host / "stamp", 20)
    assert updates.collect() == [
        "security updates: none were looked for in 20 days: systemctl status apt-daily-upgrade"
    ]


def test_updates_that_are_off_are_no_trouble(host):
    aged(host / "stamp", 20)
    (host / "off").touch()
    assert updates.collect() == []


def test_a_reboot_that_is_due_names_each_package_once(host):
    aged(host / "reboot-required", 3)
    (host / "reboot-required.pkgs").write_text("linux-image-amd64\nlibc6\nlinux-image-amd64\n")
    assert updates.collect() == ["a reboot is due for 3 days: linux-image-amd64, libc6"]


def test_an_nginx_that_runs_replaced_files():
    assert updates.replaced(MAPS) == ["libssl.so.3", "nginx"]
    assert updates.replaced(MAPS.replace(" (deleted)\n", "\n")) == []


def test_shared_memory_is_no_replaced_file():
    assert updates.replaced("7f00-7f01 rw-s 00000000 00:01 104 /dev/zero (deleted)\n") == []
