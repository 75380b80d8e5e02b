import json
import socket
import threading

import pytest
from portway import confirm
from portway.confirm import places, trouble
from portway.report import shorten
from portway.served import Content

PROBE = {"http": "/health", "expect": 200, "host": "localhost", "tls": False, "proxy": False}


def forward(line):
    return Content(f"{line}\n", "").forwards[0]


def test_a_target_is_asked_directly_and_a_probe_takes_the_way_of_nginx():
    web = forward("web tcp/80-90 nginx 10.0.1.10:8080-8090")
    assert places(web, {}) == [("10.0.1.10", 8080)]
    assert places(web, PROBE) == [("127.0.0.1", 80), ("::1", 80)]
    assert places(forward("db tcp/81 iptables [fd00::1]:5432"), PROBE) == [("fd00::1", 5432)]
    assert places(forward("app tcp/82 iptables 8080"), PROBE)[0] == ("127.0.0.1", 8080)


def test_causes_fit_into_the_event():
    name = "n" * 20
    for cause in (f"{name} no longer answers", f"{name}: 503 instead of 200", f"{name}: no HTTP instead of 200"):
        assert shorten(cause) == cause


@pytest.fixture
def server():
    """Takes connections, and answers them with `text`."""
    listener = socket.create_server(("127.0.0.1", 0))
    said, threads = [], []

    def serve(text):
        def answer():
            while True:
                try:
                    connection = listener.accept()[0]
                except OSError:
                    return
                heard = b""
                # To the end: closed with something unread, a connection is reset, and its answer may be lost.
                while text and b"\r\n\r\n" not in heard and (piece := connection.recv(4096)):
                    heard += piece
                said.append(heard.decode())
                connection.sendall(text)
                connection.close()

        threads.append(threading.Thread(target=answer, daemon=True))
        threads[-1].start()
        return forward(f"web tcp/80 iptables 127.0.0.1:{listener.getsockname()[1]}")

    yield serve, said
    # A thread that still accepts would take the next test's connections, whose listener may have the same number.
    listener.shutdown(socket.SHUT_RDWR)
    for thread in threads:
        thread.join()
    listener.close()


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (b"HTTP/1.1 200 OK\r\n\r\n", ""),
        (b"HTTP/1.0 200 \r\n\r\n", ""),
        (b"HTTP/1.1 503 No\r\n\r\n", "web: 503 instead of 200"),
        (b"SSH-2.0-OpenSSH_9.9\r\n", "web: no HTTP instead of 200"),
    ],
)
def test_a_probe_is_right_with_its_status_only(server, text, reason):
    serve, said = server
    assert trouble(serve(text), {**PROBE, "proxy": True}) == reason
    assert said[0].startswith("PROXY UNKNOWN\r\n")


def test_what_accepts_connections_answers(server):
    serve, _ = server
    assert trouble(serve(b""), {}) == ""


def test_nobody_answers():
    assert trouble(forward("web tcp/80 nginx 127.0.0.1:1 127.0.0.1:2"), {}) == "web no longer answers"


@pytest.fixture
def host(tmp_path, monkeypatch):
    for tree in ("stage", "good"):
        (tmp_path / f"{tree}/etc/portway").mkdir(parents=True)
    (tmp_path / "good/etc/portway/forwards").write_text(
        "web tcp/80 nginx 8080\ndead tcp/81 nginx 8081\nother tcp/82 nginx 8082\n"
    )
    (tmp_path / "stage/etc/portway/confirm.json").write_text(json.dumps({"web": {}, "dead": {}, "new": {}}))
    (tmp_path / "stage/etc/portway/portway.env").write_text("PORTWAY_CONTENT='2'\n")
    monkeypatch.setattr(confirm, "STAGE", f"{tmp_path}/stage")
    monkeypatch.setattr(confirm, "GOOD", f"{tmp_path}/good")
    monkeypatch.setattr(confirm, "ANSWERED", f"{tmp_path}/run/answered")
    monkeypatch.setattr(confirm, "trouble", lambda one, _: "" if one.name == "web" else "dead no longer answers")
    return tmp_path


def test_notes_what_answers_before(host):
    confirm.before()
    assert (host / "run/answered").read_text() == "web"


def test_a_reboot_has_nothing_to_confirm(host):
    (host / "good/etc/portway/portway.env").write_text("PORTWAY_CONTENT='2'\n")
    confirm.before()
    assert (host / "run/answered").read_text() == ""
