import base64
import hashlib
import json
import os
import stat
import zlib

import fetch
import pytest


def packed(files):
    return base64.b85encode(zlib.compress(json.dumps(files).encode())).decode().replace("{", ".")


FILE = {"path": "/usr/local/lib/portway/host.sh", "mode": "0755", "text": "#!/bin/bash\necho {{ ä }}\n"}


def test_unpack_writes_each_file_with_its_mode(tmp_path):
    fetch.unpack(packed([FILE, {**FILE, "path": "/etc/portway/x", "mode": "0600"}]), str(tmp_path))
    assert (tmp_path / "usr/local/lib/portway/host.sh").read_text() == FILE["text"]
    assert stat.S_IMODE(os.stat(tmp_path / "usr/local/lib/portway/host.sh").st_mode) == 0o755
    assert stat.S_IMODE(os.stat(tmp_path / "etc/portway/x").st_mode) == 0o600


@pytest.fixture
def store(tmp_path, monkeypatch):
    monkeypatch.setattr(fetch, "STATE", str(tmp_path))
    monkeypatch.setattr(fetch, "LOG", str(tmp_path / "bootstrap.log"))
    monkeypatch.setattr(fetch, "PAUSES", (0, 0))
    values = {}
    monkeypatch.setattr(fetch, "parameter", lambda name: values[name])
    return values


def digest(text):
    return hashlib.sha256(text.encode()).hexdigest()


def test_an_archive_is_read_once_and_then_kept(store):
    store.update({"/p/1": "one ", "/p/2": "two"})
    assert fetch.archive("/p", 2, digest("one two")) == "one two"
    store.clear()
    assert fetch.archive("/p", 2, digest("one two")) == "one two"


def test_an_archive_of_another_content_is_refused(store):
    store["/p/1"] = "forged"
    with pytest.raises(OSError, match="they hold something else than was deployed: 6 characters"):
        fetch.archive("/p", 1, digest("deployed"))


def copies(folder):
    return {path.name for path in folder.glob("archive-*")}


def test_the_copy_of_the_good_tree_is_kept_too_whatever_the_clock_said(store, tmp_path):
    settings = tmp_path / f"good{fetch.SETTINGS}"
    settings.parent.mkdir(parents=True)
    # The good tree's is of years ago, and an older one of years ahead.
    for number, text in enumerate(("old", "good", "new")):
        store["/p/1"] = text
        fetch.archive("/p", 1, digest(text))
        settings.write_text(f"PORTWAY_CONTENT='c1'\nPORTWAY_PARAMETERS_SHA256='{digest(text)}'\nPORTWAY_ATTEMPT='0'\n")
        os.utime(tmp_path / f"archive-{digest(text)[:16]}", (4e9 if text == "old" else number,) * 2)
        if text == "good":
            assert copies(tmp_path) == {f"archive-{digest(one)[:16]}" for one in ("old", "good")}
    assert copies(tmp_path) == {f"archive-{digest(one)[:16]}" for one in ("good", "new")}


def test_a_damaged_copy_is_read_again(store, tmp_path):
    store["/p/1"] = "third"
    fetch.archive("/p", 1, digest("third"))
    (tmp_path / f"archive-{digest('third')[:16]}").write_text("damaged")
    assert fetch.archive("/p", 1, digest("third")) == "third"
