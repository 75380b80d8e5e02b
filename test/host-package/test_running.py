"""How old the kernel and nginx are that run: what `portway status` and the console say."""

import os
import subprocess
import time

import pytest
from portway import running

FOUND = {
    "Linux": {"version": "6.12.57+deb13-cloud-amd64", "built": "2026-11-05"},
    "nginx": {"version": "1.26.3", "built": None},
}


@pytest.fixture
def host(tmp_path, monkeypatch):
    for name in ("OFF", "TOLD", "NGINX"):
        monkeypatch.setattr(running, name, str(tmp_path / name))
    monkeypatch.setattr(running, "due", list)
    return tmp_path


def test_the_age_is_told_where_the_file_says_it(host, monkeypatch):
    monkeypatch.setattr(running, "running", lambda: FOUND)
    data, lines = {}, ["before"]
    running.add(data, lines)
    assert data == {"running": FOUND}
    assert lines == ["before", "runs Linux 6.12.57+deb13-cloud-amd64 of 2026-11-05, nginx 1.26.3"]


def test_updates_that_are_off_are_told_with_the_reason(host, monkeypatch):
    monkeypatch.setattr(running, "running", lambda: FOUND)
    (host / "OFF").write_text('APT::Periodic::Unattended-Upgrade "0"; // a new image // each week\n')
    lines = []
    running.add({}, lines)
    assert lines[1:] == ["security updates are off: a new image // each week"]


def test_this_kernel_runs_and_no_nginx(host):
    found = running.running()
    assert found["Linux"]["version"] == os.uname().release
    assert list(found) == ["Linux"]


def test_an_nginx_is_known_by_the_file_that_it_runs_even_if_that_is_gone(host):
    program = host / "nginx"
    program.write_bytes(open("/bin/sleep", "rb").read())
    program.chmod(0o755)
    os.utime(program, (86400 * 3, 86400 * 3))
    with subprocess.Popen([program, "60"]) as nginx:
        (host / "NGINX").write_text(f"{nginx.pid}\n")
        until = time.monotonic() + 5
        while not os.readlink(f"/proc/{nginx.pid}/exe").startswith(str(program)) and time.monotonic() < until:
            time.sleep(0.01)
        program.unlink()
        found = running.running()
        nginx.kill()
    assert found["nginx"] == {"version": None, "built": "1970-01-04"}


def test_another_program_with_the_number_of_nginx_is_none(host):
    (host / "NGINX").write_text(f"{os.getpid()}\n")
    assert "nginx" not in running.running()


def test_the_console_is_told_once_for_each_state(host, monkeypatch, capsys):
    monkeypatch.setattr(running, "running", lambda: {"Linux": FOUND["Linux"]})
    running.main([])
    running.main([])
    monkeypatch.setattr(running, "due", lambda: ["linux-image-amd64", "libc6"])
    running.main([])
    lines = capsys.readouterr().out.splitlines()
    assert [line.split(" ", 2)[2] for line in lines] == [
        "runs Linux 6.12.57+deb13-cloud-amd64 of 2026-11-05",
        "runs Linux 6.12.57+deb13-cloud-amd64 of 2026-11-05; a reboot is due for linux-image-amd64, libc6",
    ]
