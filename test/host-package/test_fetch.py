"""fetch.py, which gets a host its programs at a boot."""

import base64
import bz2
import io
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
