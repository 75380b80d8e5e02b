"""How long Portway and another program may go on undoing each other's work, and what people are told."""

import json
import stat

import pytest
from portway import certificate_copies, drift_rules, history, paths, pause, reconcile, rollback, setting_up
from portway.reconcile import stopped_until


@pytest.mark.parametrize(
    ("times", "now", "until"),
    [
        ([], 1000, 0),
        ([100, 200], 201, 0),
        # The third within five minutes.
        ([100, 150, 200], 201, 500),
        ([100, 150, 200], 499, 500),
        ([100, 150, 200], 500, 0),
        # Goes on after that, and waits again only after three more.
        ([100, 150, 200, 510], 511, 0),
        ([100, 150, 200, 510, 515, 520], 521, 820),
        # Rare ones do not count.
        ([100, 300, 401], 402, 0),
        ([100, 300, 400], 401, 700),
        # The clock was put back: moves of the future say nothing.
        ([9100, 9150, 9200], 300, 0),
    ],
)
def test_stops_fighting_after_three_moves_in_five_minutes(times, now, until):
    assert stopped_until(times, now) == until


def test_what_cannot_be_put_right_is_tried_again_after_a_while():
    known = [{"time": 100, "what": ["a"], "left": []}, {"time": 200, "what": ["a", "b"], "left": ["b"]}]
    assert reconcile.is_hopeless(["b"], known, 300)
    assert not reconcile.is_hopeless(["b"], known, 500)
    assert not reconcile.is_hopeless(["a"], known, 300)
    assert not reconcile.is_hopeless(["a", "b"], known, 300)
    assert not reconcile.is_hopeless(["b"], known, 100)
    assert not reconcile.is_hopeless(["b"], [], 300)


def test_a_cut_record_costs_one_line():
    good = {"time": 1, "what": ["x"], "left": []}
    text = f'{json.dumps(good)}\n{{"time": 2, "wh\n[]\n{{"time": 3}}\n{json.dumps(good)}\n'
    assert reconcile.moves(text) == [good, good]


def test_the_record_is_bounded(tmp_path, monkeypatch):
    monkeypatch.setattr(reconcile, "RECORD", str(tmp_path / "record"))
    monkeypatch.setattr(reconcile, "KEPT", 3)
    for number in range(5):
        reconcile.record({"time": number, "what": [], "left": []})
    assert [move["time"] for move in reconcile.moves((tmp_path / "record").read_text())] == [2, 3, 4]


def test_status_tells_how_often_and_when_last(tmp_path, monkeypatch):
    monkeypatch.setattr(reconcile, "RECORD", str(tmp_path / "record"))
    monkeypatch.setattr(reconcile.fingerprint, "PAUSED", str(tmp_path / "paused"))
    now = 1_800_000_000
    monkeypatch.setattr(reconcile.time, "time", lambda: now)
    assert reconcile.collect() == []
    reconcile.record({"time": now - 40 * 86400, "what": ["long ago"], "left": []})
    assert reconcile.collect() == []
    reconcile.record({"time": now - 60, "what": ["rules of iptables: PORTWAY-DNAT"], "left": []})
    assert reconcile.collect() == [
        "changed by others once in 30 days, last at 2027-01-15T07:59:00Z: rules of iptables: PORTWAY-DNAT"
    ]
    for _ in range(2):
        reconcile.record({"time": now - 60, "what": ["a", "b"], "left": ["b"]})
    (tmp_path / "paused").write_text(f"{now + 60}\n")
    assert reconcile.collect() == [
        "paused until 2027-01-15T08:01:00Z: changes by others are left alone (portway pause off)",
        "changed by others 3 times in 30 days, last at 2027-01-15T07:59:00Z: a; b, and could not be put right: b",
        "changed by others again and again: left alone until 2027-01-15T08:04:00Z",
    ]


@pytest.mark.parametrize(
    ("text", "size"),
    [
        ("90s", 90),
        ("30m", 1800),
        ("2h", 7200),
        ("24h", 86400),
        ("25h", 0),
        ("0m", 0),
        ("2", 0),
        ("2d", 0),
        ("-1h", 0),
    ],
)
def test_pause_takes_up_to_a_day(text, size):
    assert pause.seconds(text) == size


def test_people_are_told_the_first_ones():
    assert reconcile.some(list("abcdef")) == "a; b; c; d; e; f"
    assert reconcile.some(list("abcdefgh")) == "a; b; c; d; e; f; 2 more"


def test_clears_the_way_for_folders(tmp_path):
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder" / "kept").write_text("kept")
    (tmp_path / "file").write_text("in the way")
    (tmp_path / "link").symlink_to("/nonexistent")
    reconcile.clear_way(
        [f"{tmp_path}/{path}" for path in ("folder/kept", "folder/more", "file/a/b", "link/c", "none/d")]
    )
    assert sorted(path.name for path in tmp_path.iterdir()) == ["folder"]
    assert (tmp_path / "folder" / "kept").read_text() == "kept"


REFUSED = """iptables is not as wanted; this would put it right:
*nat
:PORTWAY-DNAT - [0:0]
:PORTWAY-SNAT - [0:0]
-I PREROUTING 1 -m addrtype --dst-type LOCAL -j PORTWAY-DNAT
COMMIT

nftables is not as wanted; this would put it right:
add table inet portway
delete table inet portway
"""


def test_names_the_chains_that_are_not_as_wanted():
    assert drift_rules.words_of_rules(REFUSED) == [
        "rules of iptables: PORTWAY-DNAT PORTWAY-SNAT",
        "rules of nftables: the table inet portway",
    ]
    assert drift_rules.words_of_rules("iptables must be the nf_tables variant,\n got: legacy") == [
        "iptables must be the nf_tables variant, got: legacy"
    ]


def test_certificates_are_those_of_nginx():
    text = (
        "  ssl_certificate /etc/portway/tls/b.pem;\n ssl_certificate_key /k;\nssl_certificate /etc/portway/tls/a.pem;\n"
        * 2
    )
    assert certificate_copies.certificates_of(text) == ["/etc/portway/tls/a.pem", "/etc/portway/tls/b.pem"]


def test_a_copy_of_a_key_is_for_root_alone(tmp_path):
    path, copy = tmp_path / "a.pem", tmp_path / "copies" / "a.pem"
    path.write_text("key")
    certificate_copies.copy(str(path), str(copy))
    assert copy.read_text() == "key"
    assert stat.S_IMODE(copy.stat().st_mode) == 0o600 and stat.S_IMODE(copy.parent.stat().st_mode) == 0o700


@pytest.fixture
def certificates(tmp_path, monkeypatch):
    """An nginx.conf with a certificate, and what was asked of nginx."""
    monkeypatch.setattr(certificate_copies, "COPIES", str(tmp_path / "copies"))
    asked = []
    monkeypatch.setattr(
        certificate_copies, "call", lambda *words: asked.append(words) or "bad" not in open(words[1]).read()
    )
    (tmp_path / "nginx.conf").write_text(f"ssl_certificate {tmp_path}/a.pem;\n")
    return tmp_path / "a.pem", asked, lambda: certificate_copies.damaged(str(tmp_path / "nginx.conf"))


def test_nginx_is_asked_only_about_new_certificates(certificates):
    path, asked, damaged = certificates
    for text, found, count in (
        ("one", False, 1),
        ("one", False, 1),
        ("two", False, 2),
        ("bad", True, 3),
        ("two", False, 3),
    ):
        path.write_text(text)
        assert (damaged() == [str(path)]) is found
        assert len(asked) == count


def test_a_copy_is_better_than_what_stands_in(certificates):
    path, _, damaged = certificates
    path.write_text("# stands in\n")
    # The first certificate has not come yet.
    assert damaged() == []
    path.write_text("one")
    damaged()
    path.write_text("# stands in\n")
    assert damaged() == [str(path)]


def make_tree(folder, content, forwards="web tcp/80 nginx 127.0.0.1:8080\n", url="https://x"):
    """What `portway history` reads of a tree."""
    for path, text in {
        history.SETTINGS: f"PORTWAY_CONTENT='{content}'\nPORTWAY_SIGNAL_URL='{url}'\nPORTWAY_ATTEMPT=0\n",
        history.FORWARDS: forwards,
        history.SUMS: f"{content}  .{history.FORWARDS}\n{url}  .{history.SETTINGS}\n",
    }.items():
        file = folder / path[1:]
        file.parent.mkdir(parents=True, exist_ok=True)
        # Not written again: others link to it.
        file.unlink(missing_ok=True)
        file.write_text(text)


@pytest.fixture
def trees(tmp_path, monkeypatch):
    for module in (history, rollback):
        monkeypatch.setattr(module, "GOOD", str(tmp_path / "good"))
    monkeypatch.setattr(history, "FOLDER", str(tmp_path / "history"))
    monkeypatch.setattr(rollback, "HELD", str(tmp_path / "held"))
    monkeypatch.setattr(rollback, "FAILED", str(tmp_path / "failed"))
    return tmp_path / "good"


def test_history_keeps_the_last_five_good_trees(trees):
    assert history.entries() == []
    history.keep()
    for content in ("a", "b", "b", "a", "c", "d", "e", "f"):
        make_tree(trees, content)
        history.keep()
    assert [history.content_of(entry.path) for entry in history.entries()] == ["a", "c", "d", "e", "f"]
    assert [entry.number for entry in history.entries()] == [3, 4, 5, 6, 7]


def test_history_takes_another_url_for_the_same_tree(trees):
    make_tree(trees, "a")
    history.keep()
    make_tree(trees, "a", url="")
    history.keep()
    assert len(history.entries()) == 1


def test_history_tells_what_each_tree_changed(trees):
    make_tree(trees, "a", "web tcp/80 nginx a:1\nold tcp/81 nginx a:1\n")
    history.keep()
    make_tree(trees, "b", "web tcp/80 nginx a:2\nnew tcp/82 nginx a:1\n")
    history.keep()
    first, second = history.lines()
    assert first.split()[0] == "1" and first.endswith("2 forwards")
    assert second.endswith("runs +new -old ~web")


def test_rollback_chooses_the_tree_before_or_one_by_its_number(trees):
    known = [history.Entry(3, "x"), history.Entry(4, "y"), history.Entry(5, "z")]
    assert rollback.choose(known, "") == known[1]
    assert rollback.choose(known, "3") == known[0]
    assert rollback.choose(known, "5") is None
    assert rollback.choose(known[:1], "") is None


def test_rollback_keeps_the_deployed_content_away_until_it_runs_again(trees):
    make_tree(trees, "old")
    rollback.hold("new")
    assert (trees.parent / "held").read_text() == (trees.parent / "failed").read_text() == "new"
    make_tree(trees, "new")
    rollback.hold("new")
    assert not (trees.parent / "held").exists() and not (trees.parent / "failed").exists()


def test_a_former_tree_signals_nothing(trees, monkeypatch):
    monkeypatch.setattr(paths, "STAGE", str(trees.parent / "stage"))
    make_tree(trees, "a", url="https://x?a=1&b")
    setting_up.copy(str(trees))
    settings = (trees.parent / f"stage{history.SETTINGS}").read_text()
    assert settings == "PORTWAY_CONTENT='a'\nPORTWAY_SIGNAL_URL=''\nPORTWAY_ATTEMPT=0\n"
    assert not (trees.parent / f"stage{history.SUMS}").exists()
    # The files of the former tree stay as they were proved.
    assert "https://x?a=1&b" in (trees / history.SETTINGS[1:]).read_text()
