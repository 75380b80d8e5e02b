"""fetch.py, which gets a host its programs at a boot."""

import base64
import bz2
import http.server
import io
import socket
import ssl
import threading
import urllib.error

import fetch
import pytest

POINTER = "/portway/Portway/0123456789abcdef/now"
FILES = ["/usr/local/bin/portway", "0755", "#!/bin/sh\n"]


@pytest.fixture
def content(monkeypatch: pytest.MonkeyPatch) -> str:
    """A content of twelve parts, and what names it."""
    packed = base64.b85encode(bz2.compress("\0".join(FILES).encode())).decode().replace("{", ".")
    parts = {
        f"programs.{number + 1}": packed[number * 9 : (number + 1) * 9 if number < 11 else None] for number in range(12)
    }
    lines = f"0 1 etc/portway/portway.env\n{fetch.digest(packed)[:32]} 12 programs"
    known = {f"/portway/Portway/{name}": value for name, value in parts.items()}
    known[POINTER] = '{"content":"..."}\n' + lines

    def parameters(names: "list[str]") -> "list[str]":
        # Parameter Store takes no more at once.
        assert len(names) <= 10
        return [known[name] for name in names]

    monkeypatch.setattr(fetch, "parameters", parameters)
    return fetch.digest(lines)


def answering(status: int, text: str = ""):
    def metadata(path: str) -> str:
        if status != 200:
            raise urllib.error.HTTPError(path, status, "", {}, io.BytesIO())
        return text

    return metadata


def test_unpacks_what_the_tag_names(content: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fetch, "metadata", answering(200, content))
    assert fetch.programs(POINTER, "") == FILES


def test_refuses_what_the_tag_does_not_name(content: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fetch, "metadata", answering(200, "0" * 64))
    with pytest.raises(OSError, match="not what was deployed"):
        fetch.programs(POINTER, "")


def test_user_data_vouches_in_place_of_the_tag(content: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fetch, "metadata", answering(503))
    assert fetch.programs(POINTER, content) == FILES
    with pytest.raises(OSError, match="not what was deployed"):
        fetch.programs(POINTER, "0" * 64)


def test_needs_no_tag_where_the_instance_shows_none(content: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fetch, "metadata", answering(404))
    assert fetch.programs(POINTER, "") == FILES


@pytest.mark.parametrize("status", [401, 429, 503])
def test_takes_no_other_answer_for_a_missing_tag(status: int, content: str, monkeypatch: pytest.MonkeyPatch) -> None:
    # Write access to parameters alone must not make anyone root here.
    monkeypatch.setattr(fetch, "metadata", answering(status))
    with pytest.raises(urllib.error.HTTPError):
        fetch.programs(POINTER, "")


class Metadata(http.server.BaseHTTPRequestHandler):
    def do_PUT(self) -> None:
        self.answer(200, "the token" if self.headers["x-aws-ec2-metadata-token-ttl-seconds"] else "")

    def do_GET(self) -> None:
        known = self.headers["x-aws-ec2-metadata-token"] == "the token"
        self.answer(404 if self.path.endswith("/none") else 200 if known else 401, f"it is {self.path}")

    def answer(self, status: int, text: str) -> None:
        self.send_response(status)
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text.encode())

    def log_message(self, *words: object) -> None:
        pass


@pytest.fixture
def service(monkeypatch: pytest.MonkeyPatch):
    """Puts a metadata service in place of AWS's."""
    server = http.server.HTTPServer(("127.0.0.1", 0), Metadata)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    real = socket.create_connection

    def connection(address: "tuple[str, int]", *words: object):
        assert address == ("169.254.169.254", 80)
        return real(server.server_address, *words)

    monkeypatch.setattr(socket, "create_connection", connection)
    yield
    server.shutdown()
    server.server_close()


@pytest.mark.parametrize("protocol", ["HTTP/1.0", "HTTP/1.1"])
def test_asks_the_metadata_service_with_a_token(protocol: str, service: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Metadata, "protocol_version", protocol)
    # A team may set one for its programs.
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:1")
    # Reading the list of authorities takes 60 million instructions, and a boot asks 13 times.
    monkeypatch.setattr(ssl.SSLContext, "load_default_certs", None)
    assert fetch.metadata("placement/region") == "it is /latest/meta-data/placement/region"
    with pytest.raises(urllib.error.HTTPError) as caught:
        fetch.metadata("none")
    assert caught.value.code == 404
    # fetch.main says it.
    assert caught.value.read() == b"it is /latest/meta-data/none"
