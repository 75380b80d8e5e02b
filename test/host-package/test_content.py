import pytest
from portway import boot, content, deployed, outcome, parts, paths, reconcile, report, say
from portway.parts import Altered, Pointer

A, B = "a" * 64, "b" * 64
POINTER = Pointer(B, {}, f"GatewayLive{B[:16]}", "Portway", [])
TEXT = f'{{"content":"{B}","live":"{POINTER.live}"}}\n'
URL = "https://example.com/boot"


@pytest.fixture
def host(tmp_path, monkeypatch):
    """Folders of its own, and a good tree with content A."""
    for module, name in [
        *((paths, name) for name in ("STATE", "STAGE", "GOOD", "POINTER", "FAILED")),
        *((content, name) for name in ("WAITING", "TROUBLE")),
        *((deployed, "BOOT"), (say, "TROUBLE"), (report, "FILE")),
    ]:
        monkeypatch.setattr(module, name, f"{tmp_path}/{name.lower()}")
    monkeypatch.setattr(say, "LOG", f"{tmp_path}/log")
    (tmp_path / "state").mkdir()
    (tmp_path / "good/etc/portway").mkdir(parents=True)
    (tmp_path / "good/etc/portway/portway.env").write_text(f"PORTWAY_CONTENT='{A}'\n")
    (tmp_path / "boot").write_text(f"/portway/Portway/0123/now\n{URL}\n")
    monkeypatch.setattr(outcome.cut, "PARTS", [])
    monkeypatch.setattr(outcome.history, "keep", lambda: None)
    return tmp_path


def a_content(files=()):
    return deployed.Content(POINTER, TEXT, list(files))


def test_a_report_is_kept_once_for_each_content(host):
    outcome.succeeded(a_content(), False)
    assert report.waiting().status == "SUCCESS"
    (host / "file").unlink()
    outcome.succeeded(a_content(), False)
    assert report.waiting() is None


def test_a_new_boot_condition_is_reported_to_whatever_is_left_on_the_disk(host):
    # onChange was `restart` in between, or the disk's image came from another stack's host.
    (host / "pointer").write_text(TEXT)
    outcome.succeeded(a_content(), True)
    assert report.waiting().live == POINTER.live


def test_the_report_is_kept_before_the_content_counts_as_known(host, monkeypatch):
    def power_cut(*words):
        raise KeyboardInterrupt

    monkeypatch.setattr(report, "keep", power_cut)
    with pytest.raises(KeyboardInterrupt):
        outcome.succeeded(a_content(), False)
    # The next boot reports it.
    assert not (host / "pointer").exists()


def test_the_same_content_is_reported_to_another_condition(host):
    other = POINTER._replace(live=f"GatewayLive3{B[:16]}")
    (host / "pointer").write_text(TEXT)
    outcome.succeeded(a_content()._replace(pointer=other), False)
    assert report.waiting()[:3] == ("SUCCESS", B, other.live)


def test_what_runs_fails_for_another_condition_and_is_tried_again_by_the_next_deploy(host):
    (host / "pointer").write_text(TEXT)
    (host / "good/etc/portway/portway.env").write_text(f"PORTWAY_CONTENT='{B}'\n")
    other = POINTER._replace(live=f"GatewayLive3{B[:16]}")
    outcome.failed(other, "paused by portway pause")
    assert report.waiting()[:3] == ("FAILURE", B, other.live)
    assert not (host / "failed").exists()


def test_a_failure_is_not_reported_for_what_already_runs(host):
    (host / "pointer").write_text(TEXT.replace(B, A).replace(B[:16], A[:16]))
    outcome.failed(POINTER._replace(content=A, live=f"GatewayLive{A[:16]}"), "no package conntrack")
    assert report.waiting() is None
    outcome.failed(POINTER, "no package conntrack")
    assert report.waiting().status == "FAILURE"


class Clock:
    now = 1000.0


@pytest.fixture
def aws(host, monkeypatch):
    """Tag and pointer as a test sets them. Nothing is set up, and nothing is sent."""
    answers = {"tag": B, "pointer": Altered("not yet"), "changes": 0}

    def read_pointer():
        if isinstance(answers["pointer"], Exception):
            raise answers["pointer"]
        return answers["pointer"]

    def change(text):
        answers["changes"] += 1
        return 0

    monkeypatch.setattr(content, "read_tag", lambda: answers["tag"])
    monkeypatch.setattr(content, "read_pointer", read_pointer)
    monkeypatch.setattr(content, "parse_pointer", lambda text: POINTER)
    monkeypatch.setattr(content, "change", change)
    monkeypatch.setattr(content, "try_to_send", lambda: 0)
    monkeypatch.setattr(content.time, "monotonic", lambda: Clock.now)
    Clock.now = 1000.0
    return answers


def test_a_pointer_that_stays_away_fails_the_deploy(host, aws):
    assert content.live() == 1
    assert report.waiting() is None
    Clock.now += 76
    assert content.live() == 1
    assert report.waiting().status == "FAILURE"


def test_the_wait_for_a_pointer_begins_anew_each_time(host, aws):
    assert content.live() == 1
    aws["pointer"] = TEXT
    assert content.live() == 0
    assert aws["changes"] == 1
    # Hours later the same content is deployed again, and its pointer is late again.
    Clock.now += 9999
    aws["pointer"] = Altered("not yet")
    assert content.live() == 1
    assert report.waiting() is None


POINTER_A = (
    f'{{"content":"{parts.digest("")}","live":"GatewayLive{parts.digest("")[:16]}","stack":"Portway","values":[]}}\n'
)


def test_a_pointer_that_stays_away_is_reported_while_the_content_is_fetched_anew(host, aws, monkeypatch):
    # The good tree was damaged, or `portway apply --now` was called.
    monkeypatch.setattr(content, "parse_pointer", parts.parse_pointer)
    monkeypatch.setattr(reconcile, "POINTER", paths.POINTER)
    (host / "pointer").write_text(POINTER_A.rstrip())
    reconcile.fetch_anew()
    assert (host / "pointer").read_text() != POINTER_A.rstrip()
    assert content.live() == 1
    Clock.now += 76
    assert content.live() == 1
    assert report.waiting()[:3] == ("FAILURE", B, f"GatewayLive{B[:16]}")


def test_without_a_tag_the_pointer_ends_a_failure(host, aws):
    aws["tag"], aws["pointer"] = "", TEXT
    (host / "pointer").write_text(TEXT)
    (host / "good/etc/portway/portway.env").write_text(f"PORTWAY_CONTENT='{B}'\n")
    (host / f"state/signalled-{A}").write_text(f"{URL}\n")
    outcome.failed(POINTER._replace(content=A), "no package conntrack")
    assert content.live() == 0
    # If it is deployed again, it is tried again, and its old report is not sent.
    assert not (host / "failed").exists()
    assert report.waiting() is None


@pytest.mark.parametrize("reported, uptime, changes", [(True, 400, 0), (False, 400, 1), (False, 4000, 0)])
def test_a_boot_that_is_still_waited_for_is_reported(host, aws, reported, uptime, changes):
    Clock.now = uptime
    aws["pointer"] = TEXT
    (host / "pointer").write_text(TEXT)
    (host / "good/etc/portway/portway.env").write_text(f"PORTWAY_CONTENT='{B}'\n")
    if reported:
        (host / f"state/signalled-{A}").write_text(f"{URL}\n")
    assert content.live() == 0
    assert aws["changes"] == changes


@pytest.mark.parametrize(
    "word, name, started", [("boot", "boot", True), ("again", "unreadable", True), ("live", "live", False)]
)
def test_the_service_starts_even_if_a_boot_cannot_be_finished(monkeypatch, word, name, started):
    def full(*words):
        raise OSError(28, "No space left on device")

    calls, said = [], []
    monkeypatch.setattr(content, name, full)
    monkeypatch.setattr(boot.lock, "hold", lambda: True)
    monkeypatch.setattr(boot.os, "umask", lambda mode: 0)
    monkeypatch.setattr(content, "start_resident", lambda: calls.append(word))
    monkeypatch.setattr(boot, "say_once", said.append)
    with pytest.raises(SystemExit):
        content.main([word])
    assert (calls == [word]) == started
    assert "No space left" in said[0]


def test_a_pointer_that_was_just_read_is_read_again_only_after_a_failure(host, aws, monkeypatch):
    aws["pointer"], read, altered = TEXT, [], [Altered("programs.1 is not what was deployed")]
    monkeypatch.setattr(deployed, "read_pointer", lambda: read.append(1) or TEXT)
    monkeypatch.setattr(deployed, "parse_pointer", lambda text: POINTER)
    monkeypatch.setattr(deployed, "check_content", lambda pointer: None)
    monkeypatch.setattr(deployed, "parameters", lambda names: {})
    monkeypatch.setattr(deployed, "part_names", lambda pointer: [])
    monkeypatch.setattr(deployed.time, "sleep", lambda seconds: None)

    def files_of(pointer, found):
        if altered:
            raise altered.pop()
        return []

    monkeypatch.setattr(deployed, "files_of", files_of)
    altered_once = deployed.read_content(TEXT)
    assert (altered_once.text, len(read)) == (TEXT, 1)
    assert (deployed.read_content(TEXT).text, len(read)) == (TEXT, 1)


@pytest.mark.parametrize("reason, sent", [("", 1), ("nginx: port 80 is held", 0)])
def test_a_boot_reports_its_content_at_once(host, aws, monkeypatch, reason, sent):
    tries = []
    monkeypatch.setattr(content, "read_content", a_content)
    monkeypatch.setattr(content.report, "check_right", lambda pointer: None)
    monkeypatch.setattr(content, "apply", lambda new, url, set_up: reason)
    monkeypatch.setattr(content, "try_to_send", lambda: tries.append(report.waiting().status))
    assert content.boot() == (1 if reason else 0)
    assert tries == ["SUCCESS"] * sent
