import socket
import threading
from types import SimpleNamespace

import pytest
from portway import ready


@pytest.fixture
def host(monkeypatch):
    """One whose troubles are counted, and whose clock stands still."""

    one = SimpleNamespace(now=1000.0, words="", looks=0, remembered=[])

    def look():
        one.looks += 1
        return one.words

    monkeypatch.setattr(ready.time, "monotonic", lambda: one.now)
    monkeypatch.setattr(ready, "trouble", look)
    monkeypatch.setattr(ready, "remember", one.remembered.append)
    return one


@pytest.fixture
def ask(host):
    """Asks a server that ends when the clock says so."""
    listener = socket.create_server(("127.0.0.1", 0))
    server = threading.Thread(target=ready.serve, args=(listener,))
    server.start()

    def asked(request=b"GET / HTTP/1.1\r\n\r\n"):
        with socket.create_connection(listener.getsockname(), timeout=5) as client:
            if not request:
                return b""
            client.sendall(request)
            return b"".join(iter(lambda: client.recv(999), b""))

    yield asked
    host.now += ready.LIFE_SECONDS
    asked(b"")
    server.join(5)
    assert not server.is_alive()
    listener.close()


def test_many_questions_take_one_look(host, ask, capsys):
    assert [ask() for _ in range(20)] == [ready.answer("")] * 20
    assert (host.looks, host.remembered) == (1, [""])
    host.words = "nginx does not answer"
    host.now += ready.KEPT_SECONDS - 1
    assert ask() == ready.answer("")
    host.now += 1
    assert [ask(), ask()] == [ready.answer("nginx does not answer")] * 2
    host.now += ready.KEPT_SECONDS
    assert ask().startswith(b"HTTP/1.1 503 ")
    assert (host.looks, host.remembered[1:]) == (3, ["nginx does not answer"] * 2)
    # Once, not at each question.
    assert capsys.readouterr().out.count("not ready: nginx does not answer") == 1


def test_who_hangs_up_ends_nothing(host, ask):
    ask(b"")
    assert ask() == ready.answer("")
