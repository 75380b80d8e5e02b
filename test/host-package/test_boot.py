import pytest
from portway import boot, deployed, named, parts, paths, place, say, trees
from portway.parts import Pointer

A, B = "a" * 64, "b" * 64
POINTER = Pointer(B, {}, "", "", [])
URL = "https://example.com/boot"


@pytest.fixture
def host(tmp_path, monkeypatch):
    """Folders of its own, and a good tree with the named content."""
    for module, name in [
        *((paths, name) for name in ("STATE", "STAGE", "GOOD")),
        *((deployed, "BOOT"), (named, "BOOTED"), (named, "USER_DATA"), (say, "TROUBLE"), (say, "LOG")),
    ]:
        monkeypatch.setattr(module, name, f"{tmp_path}/{name.lower()}")
    (tmp_path / "state").mkdir()
    (tmp_path / "good/etc/portway").mkdir(parents=True)
    (tmp_path / "good/etc/portway/portway.env").write_text(f"PORTWAY_CONTENT='{B}'\n")
    (tmp_path / "user_data").write_text("#!/bin/bash\n")
    (tmp_path / "boot").write_text(f"/portway/Portway/0123/now {B}\n{URL}\n")
    monkeypatch.setattr(trees, "damage", lambda tree: "")
    return tmp_path


def a_content(files=()):
    return deployed.Content(POINTER, "", list(files))


@pytest.fixture
def runs(host, monkeypatch):
    """What is set up, instead of setting it up; and what is reported."""
    calls = []

    def read_content():
        calls.append("read")
        return a_content()

    def apply(content, url):
        calls.append(f"applied for {url}")
        return ""

    monkeypatch.setattr(deployed, "read_content", read_content)
    monkeypatch.setattr(named, "apply", apply)
    monkeypatch.setattr(named, "again", lambda reason: calls.append(f"again {reason}") or 0)
    return calls


def reported(host):
    (host / f"state/signalled-{B}").write_text(f"{URL}\n")


def test_a_full_disk_is_a_reason_like_any_other(host, monkeypatch):
    def full(*words):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(place.os, "chmod", full)
    assert boot.apply(a_content([parts.File("/etc/x", "0644", "x\n")]), "") == "[Errno 28] No space left on device"
    assert not (host / "stage").exists()


def test_only_a_signal_that_arrived_counts_as_reported(host):
    assert not boot.is_reported(URL)
    reported(host)
    assert boot.is_reported(URL)
    assert not boot.is_reported(f"{URL}2")


def test_the_same_user_data_reads_nothing_once_its_boot_was_reported(host, runs):
    assert named.same() == 1
    assert named.boot() == 0
    # The report was lost: the next boot reads all, and reports again.
    assert named.same() == 1
    assert runs == ["read", f"applied for {URL}"]
    reported(host)
    assert named.boot() == 0
    assert named.same() == 0
    assert runs[2:] == ["read", "applied for ", "again "]
    (host / "user_data").write_text("#!/bin/bash\n# value: 10.0.0.1\n")
    assert named.same() == 1


def test_a_damaged_tree_is_read_anew(host, runs, monkeypatch):
    reported(host)
    assert named.boot() == 0
    monkeypatch.setattr(trees, "damage", lambda tree: "/etc/portway/forwards: FAILED")
    assert named.same() == 1


def test_another_good_content_is_not_the_named_one(host, runs):
    # The host had live changes in between.
    reported(host)
    assert named.boot() == 0
    (host / "good/etc/portway/portway.env").write_text(f"PORTWAY_CONTENT='{A}'\n")
    assert named.same() == 1


def test_what_cannot_be_read_leaves_the_last_good_content(host, runs, monkeypatch):
    def unreadable():
        raise deployed.Unreadable("the content could not be read: AccessDenied", None)

    monkeypatch.setattr(deployed, "read_content", unreadable)
    assert named.boot() == 0
    assert runs == ["again the content could not be read: AccessDenied"]


def test_a_tree_of_before_is_not_set_up_again(host, monkeypatch):
    said = []
    monkeypatch.setattr(boot, "signal_failure", said.append)
    assert boot.again("not found: /portway/Portway/0123/now") == 1
    assert said == ["not found: /portway/Portway/0123/now"]


@pytest.mark.parametrize("only, right", [(B, True), (A, False)])
def test_user_data_vouches_for_a_content(host, monkeypatch, only, right):
    monkeypatch.setattr(deployed, "read_tag", lambda: pytest.fail("it needs no tag"))
    (host / "boot").write_text(f"/portway/Portway/0123/now {only}\n{URL}\n")
    assert deployed.pointer_name() == "/portway/Portway/0123/now"
    if right:
        deployed.check_content(POINTER)
    else:
        with pytest.raises(OSError, match="^user-data names another content than the pointer$"):
            deployed.check_content(POINTER)
