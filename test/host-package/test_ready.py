import socket
import threading
from types import SimpleNamespace

import pytest
from portway import ready


@pytest.fixture
def host(monkeypatch):
    """One whose troubles are counted, and whose clock stands still."""

    one = SimpleNamespace(now=1000.0, words="", content="a", looks=0, remembered=[])

    def look():
        one.looks += 1
        return one.words

    monkeypatch.setattr(ready.time, "monotonic", lambda: one.now)
    monkeypatch.setattr(ready, "trouble", look)
    monkeypatch.setattr(ready.trees, "content_of", lambda _tree: one.content)
    monkeypatch.setattr(ready, "remember", one.remembered.append)
    return one


@pytest.fixture
def listener():
    with socket.create_server(("127.0.0.1", 0)) as one:
        yield one


@pytest.fixture
def server(host, listener):
    one = threading.Thread(target=ready.serve, args=(listener,))
    one.start()
    return one


@pytest.fixture
def ask(host, listener, server):
    """Asks a server that ends when the clock says so."""

    def asked(request=b"GET / HTTP/1.1\r\n\r\n"):
        with socket.create_connection(listener.getsockname(), timeout=5) as client:
            if not request:
                return b""
            client.sendall(request)
            return b"".join(iter(lambda: client.recv(999), b""))

    yield asked
    if server.is_alive():
        host.now += ready.LIFE_SECONDS
        asked(b"")
    server.join(5)
    assert not server.is_alive()


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


def test_one_start_answers_for_long(host, ask, server):
    for _ in range(6):
        host.now += ready.LIFE_SECONDS / 8
        assert ask() == ready.answer("")
    assert server.is_alive()


def test_another_content_has_the_next_question_start_it_anew(host, ask, server):
    assert ask() == ready.answer("")
    host.content = "b"
    # It may wait for somebody already.
    ask(b"")
    server.join(5)
    assert not server.is_alive()


def test_a_look_that_hangs_is_ended(host, ask, monkeypatch):
    alarms = []
    monkeypatch.setattr(ready.signal, "alarm", alarms.append)
    ask()
    ask()
    assert alarms[:2] == [ready.STUCK_SECONDS, 0]
