import json
import os
import random
import subprocess
import time

import pytest
from portway import blocked, metrics, metrics_forwards, metrics_host, metrics_logs
from portway.metrics_logs import Logs
from portway.offenders import Block

ONE = b"web,0.0052001 100 200\t1\n"


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.setattr(metrics_logs, "FOLDER", str(tmp_path))
    monkeypatch.setattr(metrics_logs, "STATE", str(tmp_path / "metrics.json"))
    return tmp_path


def add(path, data):
    with open(path, "ab") as log:
        log.write(data)


def looked():
    logs = Logs()
    logs.look()
    return logs


def codes(logs):
    return logs.requests["web"]["codes"]


def test_a_request_is_in_all_of_its_sums(folder):
    add(folder / "metrics.log", ONE + b"web,0.0004290 10 20\t7\nweb,1.2344990 10 0\t7\nweb,11.000502 1 2\t7\n")
    assert looked().requests["web"] == {
        "connections": 1,
        "bytes": 100 + 200 + 10 + 20 + 10 + 1 + 2,
        "codes": {"200": 1, "429": 1, "499": 1, "502": 1},
        "refused": {"limit": 1},
        "milliseconds": 5 + 1234 + 11000,
        "buckets": [2, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 1],
    }


def test_a_session_is_in_all_of_its_sums(folder):
    add(folder / "metrics_stream.log", b"db,200 10 20\t1\ndb,403 0 0\t1\ndb,503 0 0\t1\ndb,500 0 0\t1\n")
    one = looked().sessions["db"]
    assert (one["connections"], one["bytes"]) == (4, 30)
    assert one["refused"] == {"source": 1, "limit": 1, "other": 1}


def test_what_is_not_a_line_is_left_out(folder):
    # A full disk cuts lines, and joins what comes after them.
    add(folder / "metrics.log", ONE + b"web,1" + ONE + b"\n\nweb,200\n" + ONE + b"web,0.0052001 1 2")
    logs = looked()
    assert (codes(logs), logs.requests["web"]["milliseconds"]) == ({"200": 2}, 10)
    add(folder / "metrics.log", b"00\t1\n")
    logs.look()
    assert (codes(logs), logs.requests["web"]["bytes"]) == ({"200": 3}, 300 + 300 + 201)


def test_the_bytes_of_several_forwards_stay_apart(folder):
    add(folder / "metrics.log", ONE + b"api,0.0012001 1 2\t7\n" + ONE + b"api,0.0014040 3 4\t7\n")
    sums = looked().requests
    assert (sums["web"]["bytes"], sums["api"]["bytes"]) == (600, 10)
    assert sums["api"]["codes"] == {"200": 1, "404": 1}


@pytest.mark.parametrize(
    "line",
    [
        b"web,0.0052001 100 x\t1\n",
        b"web,0.0052001 100 200\nx\n",
        b"web,0.00520001 1 2\t1\n",
        b"web,0.0052001 1 2 1\t1\n",
        b"\xff 1 2\t1\n",
        b"web 1 2\t1\n",
    ],
)
def test_a_wrong_line_spoils_no_other(folder, line):
    add(folder / "metrics.log", ONE + line + ONE)
    assert (codes(looked()), looked().requests["web"]["bytes"]) == ({"200": 2}, 600)


def test_wrong_lines_alone_are_nothing(folder):
    add(folder / "metrics.log", b"\nweb 1\nx\n")
    assert looked().requests == {}


@pytest.mark.parametrize("cut", [b"web,200\t1\n", b"web\n", b"web,0.0052001 100 2x\t1\n"])
def test_what_comes_after_a_cut_line_is_not_lost(folder, cut):
    add(folder / "metrics.log", ONE + cut + b"api,0.0012010 1 2\t7\napi,0.0012020 3 4\t7\n" + ONE)
    sums = looked().requests
    assert (sums["web"]["codes"], sums["web"]["bytes"]) == ({"200": 2}, 600)
    assert (sums["api"]["codes"], sums["api"]["bytes"]) == ({"201": 1, "202": 1}, 10)


def test_many_kinds_are_counted_as_few_are(folder):
    lines = [f"web,0.{n:03}2001 10 {n}\t{1 + n % 2}\n" for n in range(30)]
    add(folder / "metrics.log", "".join(lines * 2).encode())
    one = looked().requests["web"]
    assert (one["codes"], one["connections"], one["milliseconds"]) == ({"200": 60}, 30, 870)
    assert one["bytes"] == 600 + 870


@pytest.mark.parametrize("seed", range(20))
def test_lines_of_few_kinds_are_what_any_lines_are(seed):
    of = random.Random(seed)
    lines = [
        f"web,0.00{of.randrange(2)}{of.choice(['2001', '404', '4290'])} 95 {of.choice([0, 323])}\t{of.randrange(1, 4)}\n"
        for _ in range(1000)
    ]
    # Not always, and not always where a sample shows it, there is something else.
    for other in of.sample(
        ["api,0.0002001 1 2\t1\n", "web,0.0002001 95\n", "\n", "web,0.0032001 95 7\t1\n"], of.randrange(3)
    ):
        lines.insert(of.randrange(1001), other)
    data = "".join(lines).encode()
    few, any_kinds = {}, {}
    metrics_logs.add_requests(few, data)
    found = metrics_logs.kinds(any_kinds, data, metrics_logs.REQUEST)
    assert few["web"]["bytes"] == any_kinds["web"]["bytes"]
    assert few["web"]["connections"] == any_kinds["web"]["connections"]
    assert sum(few["web"]["codes"].values()) == sum(count for match, count in found if match[1] == "web")


def test_lines_of_few_kinds_are_counted_at_once():
    data = b"web,0.0002001 95 323\t1\n" + b"web,0.0002001 95 323\t17\nweb,0.0012001 95 323\t1\n" * 1000
    sums = {}
    few, others = metrics_logs.few_kinds(sums, data, metrics_logs.REQUEST)
    assert (sorted(count for _, count in few), others) == ([1000, 1001], b"")
    assert (sums["web"]["bytes"], sums["web"]["connections"]) == (2001 * 418, 1001)


def test_a_line_of_its_own_makes_few_others_dear():
    usual, other = b"web,0.0002001 95 323\t1\n", b"web,0.0072001 95 323\t2\n"
    sums = {}
    few, others = metrics_logs.few_kinds(sums, usual * 1500 + other + usual * 500, metrics_logs.REQUEST)
    assert (few[0][1], others.count(other)) == (2000 - others.count(usual), 1)
    assert len(others) < metrics_logs.BLOCK + len(usual)
    metrics_logs.add_requests(sums, others)
    assert (sums["web"]["bytes"], sums["web"]["connections"]) == (2001 * 418, 2000)


def test_many_lines_are_read_in_pieces(folder):
    count = 3 * metrics_logs.CHUNK // len(ONE)
    add(folder / "metrics.log", ONE * count)
    assert codes(looked()) == {"200": count}


def rotate(folder, number):
    os.rename(folder / "metrics.log", folder / f"metrics.log-{number:020}")
    add(folder / "metrics.log", b"")


def test_what_is_written_late_to_a_log_that_was_set_aside_counts(folder, monkeypatch):
    add(folder / "metrics.log", ONE)
    logs = looked()
    rotate(folder, 1)
    add(folder / f"metrics.log-{1:020}", ONE)
    add(folder / "metrics.log", ONE)
    logs.look()
    add(folder / f"metrics.log-{1:020}", ONE)
    # Its name is gone, but it is held.
    os.remove(folder / f"metrics.log-{1:020}")
    logs.look()
    assert codes(logs) == {"200": 4}
    now = time.monotonic()
    monkeypatch.setattr(time, "monotonic", lambda: now + 61)
    logs.look()
    assert len(logs.http.files) == 1


@pytest.mark.parametrize("keeps", [True, False])
def test_a_restart_loses_nothing_and_counts_nothing_twice(folder, keeps):
    add(folder / "metrics.log", ONE * 3)
    logs = looked()
    logs.keep()
    add(folder / "metrics.log", ONE)
    logs.look()
    if keeps:
        logs.keep()
    rotate(folder, 1)
    add(folder / f"metrics.log-{1:020}", ONE)
    add(folder / "metrics.log", ONE)
    rotate(folder, 2)
    add(folder / "metrics.log", ONE)
    logs = looked()
    assert (codes(logs), logs.gaps) == ({"200": 7}, 0)
    logs.keep()
    assert codes(looked()) == {"200": 7}


def test_a_log_that_is_gone_is_told(folder):
    add(folder / "metrics.log", ONE)
    looked().keep()
    os.rename(folder / "metrics.log", folder / "metrics.log-1.gz")
    add(folder / "metrics.log", b"")
    logs = looked()
    assert (codes(logs), logs.gaps) == ({"200": 1}, 1)


@pytest.mark.parametrize("state", ["", "{", "[]", "{}", '{"read": {}}'])
def test_damaged_sums_begin_again(folder, state):
    add(folder / "metrics.log", ONE)
    add(folder / "metrics.json", state.encode())
    assert codes(looked()) == {"200": 1}


def test_the_exposition_names_each_family_once_and_escapes():
    rows = [({"forward": 'a"b\\c\nd'}, 1), ({"__name__": "one_sum", "forward": "x"}, 2.5)]
    assert metrics.text([("one", "counter", "What it is.", rows), ("none", "gauge", "Nothing.", [])]) == (
        '# HELP one What it is.\n# TYPE one counter\none{forward="a\\"b\\\\c\\nd"} 1\none_sum{forward="x"} 2.5\n'
    )


class Asking:
    def __init__(self, there, here):
        self.there, self.here = there, here

    def getpeername(self):
        return self.there, 40000

    def getsockname(self):
        return self.here, 9464


@pytest.mark.parametrize(
    ("there", "may"),
    [
        ("::ffff:10.0.5.9", True),
        ("10.0.5.9", True),
        ("2001:db8:5::9", True),
        ("::ffff:10.0.0.10", True),
        ("::ffff:10.0.6.9", False),
        ("2001:db8:6::9", False),
        ("fe80::1%eth0", False),
    ],
)
def test_the_networks_of_from_and_the_host_itself_may_ask(there, may):
    networks = ["10.0.5.0/24", "2001:db8:5::/48"]
    assert metrics.may_ask(Asking(there, "::ffff:10.0.0.10"), networks) == may


def series(words, logs, monkeypatch):
    """Each value by its family and labels; none may come twice."""
    monkeypatch.setattr(metrics_forwards, "forwards", lambda: words)
    monkeypatch.setattr(metrics_forwards, "in_kernel", lambda _: ({"moved": [9, 900, 3]}, 0))
    rows = [
        ((labels.get("__name__", name), *sorted(labels.items())), value)
        for name, _, _, rows in metrics_forwards.families(logs)
        for labels, value in rows
    ]
    assert len({key for key, _ in rows}) == len(rows)
    return dict(rows)


def test_what_nginx_counted_of_a_forward_that_the_kernel_carries_now_is_no_second_series(folder, monkeypatch):
    add(folder / "metrics.log", b"moved,0.0052001 100 200\t1\n")
    words = [["moved", "tcp/80", "iptables", "192.0.2.1:80"]]
    found = series(words, looked(), monkeypatch)
    assert found["portway_forward_connections_total", ("forward", "moved")] == 3


def test_a_forward_that_was_of_tcp_and_is_of_http_counts_on(folder, monkeypatch):
    add(folder / "metrics.log", ONE)
    before = series([["web", "tcp/80", "nginx", "192.0.2.1:80"]], looked(), monkeypatch)
    add(folder / "metrics_stream.log", b"web,200 10 20\t1\n")
    after = series([["web", "tcp/80", "nginx", "192.0.2.1:80"]], looked(), monkeypatch)
    connections = ("portway_forward_connections_total", ("forward", "web"))
    assert after[connections] == before[connections] + 1


def test_a_histogram_adds_up():
    rows = metrics_forwards.histogram("seconds", "web", {"buckets": [1] * 12, "milliseconds": 1500})
    assert [value for _, value in rows] == [*range(1, 13), 1.5, 12]
    assert [labels.get("le") for labels, _ in rows][-4:] == ["10", "+Inf", None, None]


@pytest.mark.parametrize("days", [30, 3650, 36500])
def test_the_end_of_a_certificate_is_what_openssl_says(tmp_path, days):
    path = tmp_path / "one.pem"
    make = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=a", "-days", str(days)]
    subprocess.run([*make, "-keyout", path, "-out", f"{path}.crt"], check=True, capture_output=True)
    text = path.read_text() + (tmp_path / "one.pem.crt").read_text()
    shown = subprocess.run(
        ["openssl", "x509", "-in", f"{path}.crt", "-noout", "-enddate"], capture_output=True, text=True
    )
    end = time.strptime(shown.stdout.strip().partition("=")[2], "%b %d %H:%M:%S %Y GMT")
    assert time.gmtime(metrics_forwards.end_of(text))[:6] == end[:6]


def test_no_certificate_has_no_end():
    assert metrics_forwards.end_of("no certificate") == 0


def test_mended_differences_are_added_up(tmp_path, monkeypatch):
    record = tmp_path / "reconciled"
    monkeypatch.setattr(metrics_host, "RECORD", str(record))
    assert metrics_host.mended() == 0
    record.write_text("".join(json.dumps({"what": what}) + "\n" for what in (["a"], ["b", "c"])) + '{"what": ["cut')
    assert metrics_host.mended() == 3


def test_blocked_sources_are_counted_by_reason(monkeypatch):
    now = time.time()
    blocks = {
        f"192.0.2.{n}": Block(reason, 9, 1, now, now + 60)
        for n, reason in enumerate(["refused", "refused", "logins", "connections"])
    }
    monkeypatch.setattr(blocked, "load", lambda: (False, blocks))
    assert metrics_host.blocked() == [
        ({"reason": "refused"}, 2),
        ({"reason": "logins"}, 1),
        ({"reason": "connections"}, 1),
    ]
