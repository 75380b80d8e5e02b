import json
import os
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest
from portway import signals


@pytest.mark.parametrize(
    ("reason", "cleaned"),
    [
        ("\x1b[1;31mfailed\x1b[0m", "failed"),
        ("one\ntwo\r\n\tthree\x00", "one two three "),
        ("ümlaut", "ümlaut"),
        ("\udce4", "?"),
    ],
)
def test_reasons_lose_colours_and_control_characters(reason, cleaned):
    assert signals.clean(reason) == cleaned


def test_reasons_are_cut_at_whole_characters():
    assert signals.clean("é" * 10, 5) == "éé"


def test_a_failure_names_the_next_attempt():
    settings = {"PORTWAY_CONTENT": "c1", "PORTWAY_ATTEMPT": "2"}
    failure, success = (json.loads(signals.body(status, "why", settings)) for status in ("FAILURE", "SUCCESS"))
    assert failure["Reason"] == "why (to deploy again: -c attempt=3)"
    assert success["Reason"] == "why"
    assert json.loads(failure["Data"])["content"] == "c1"
    assert failure["UniqueId"]


@pytest.fixture
def server(tmp_path, monkeypatch):
    """A server that answers with the given codes, one after the other, and keeps what it was sent."""
    monkeypatch.setattr(signals, "STATE", str(tmp_path))
    received = []

    class Handler(BaseHTTPRequestHandler):
        codes = []

        def do_PUT(self):
            received.append(
                (self.path, self.headers["Content-Type"], self.rfile.read(int(self.headers["Content-Length"])))
            )
            self.send_response(self.codes.pop(0))
            self.end_headers()

        def log_message(self, *_):
            pass

    with HTTPServer(("127.0.0.1", 0), Handler) as http:
        threading.Thread(target=http.serve_forever, daemon=True).start()
        url = f"http://127.0.0.1:{http.server_port}/handle?X-Amz-Expires=86399"
        yield Handler, received, {"PORTWAY_CONTENT": "c1", "PORTWAY_SIGNAL_URL": url}
        http.shutdown()


def test_a_content_is_signalled_once_without_a_content_type(server):
    handler, received, settings = server
    handler.codes[:] = [200]
    assert signals.send("SUCCESS", "runs", settings) == "signalled SUCCESS"
    assert signals.send("FAILURE", "later", settings) == ""
    assert [(path, kind) for path, kind, _ in received] == [("/handle?X-Amz-Expires=86399", None)]


def test_whatever_the_clock_said_at_a_signal_it_is_sent_once(server, tmp_path):
    handler, received, settings = server
    handler.codes[:] = [200, 200]
    signals.send("SUCCESS", "runs", settings)
    for seconds in (0, 4e9):
        os.utime(tmp_path / "signalled-c1", (seconds, seconds))
        assert signals.send("SUCCESS", "runs", settings) == ""
    other = {**settings, "PORTWAY_SIGNAL_URL": settings["PORTWAY_SIGNAL_URL"] + "0"}
    assert signals.send("SUCCESS", "runs", other) == "signalled SUCCESS"
    assert len(received) == 2


def test_an_expired_url_counts_as_delivered(server):
    handler, received, settings = server
    handler.codes[:] = [403]
    assert signals.send("SUCCESS", "runs", settings) == "signalled SUCCESS"


def test_errors_of_the_server_are_tried_again(server):
    handler, received, settings = server
    handler.codes[:] = [503, 200]
    with pytest.raises(OSError, match="503"):
        signals.send("FAILURE", "why", settings)
    assert signals.send("FAILURE", "why", settings) == "signalled FAILURE"


def test_without_an_answer_it_is_tried_again(server):
    _, _, settings = server
    with pytest.raises(OSError):
        signals.send("SUCCESS", "runs", {**settings, "PORTWAY_SIGNAL_URL": "http://127.0.0.1:9/nobody?x=1"})


def test_without_a_url_nobody_is_told():
    assert signals.send("SUCCESS", "runs", {"PORTWAY_CONTENT": "c1", "PORTWAY_SIGNAL_URL": ""}) == ""
