import os

import pytest
from portway import fetched, lists


def test_networks_are_merged_and_sorted_by_version():
    text = "; head\n192.0.2.128/25 ; SBL1\n\n192.0.2.0/25\t; SBL2\n2001:db8::/32 # six\r\n198.51.100.7\n"
    assert fetched.networks(text) == ["192.0.2.0/24", "198.51.100.7/32", "2001:db8::/32"]


@pytest.mark.parametrize(
    ("text", "wrong"),
    [
        ("192.0.2.0/24\nnonsense\n", "line 2 is no network"),
        ('{"cidr":"192.0.2.0/24"}\n', "line 1 is no network"),
        ("192.0.2.0/33\n", "line 1 is no network"),
        ("::/0\n", "line 1 is too wide"),
        ("192.0.2.0/24 192.0.3.0/24\n", "line 1 is no network"),
        ("\x1b[31m\n", "line 1 is no network: '\\x1b[31m'"),
    ],
)
def test_anything_else_is_refused(text, wrong):
    with pytest.raises(ValueError) as error:
        fetched.networks(text)
    assert wrong in str(error.value)


@pytest.mark.parametrize(
    ("count", "old", "is_good"),
    [
        (1, 0, True),
        (0, 0, False),
        (0, 5, False),
        (100, 0, True),
        (101, 0, False),
        (50, 1, True),
        (51, 1, False),
        (5, 60, False),
        (6, 60, True),
    ],
)
def test_a_list_changes_within_bounds(count, old, is_good):
    new = [f"192.0.2.{i}/32" for i in range(count)]
    if is_good:
        fetched.check(new, old, 100)
    else:
        with pytest.raises(ValueError):
            fetched.check(new, old, 100)


@pytest.fixture
def one(tmp_path, monkeypatch):
    monkeypatch.setattr(lists, "STATE", str(tmp_path))
    return lists.Listed("url_1", 2, 100, "https://lists.example/drop.txt")


def tried(one, seconds, wrong=""):
    with open(one.tried, "w") as file:
        file.write(wrong)
    os.utime(one.tried, (1000 - seconds, 1000 - seconds))


def test_looks_again_when_its_time_has_come(one):
    assert lists.is_due(one, 1000)
    tried(one, 7199)
    assert not lists.is_due(one, 1000)
    tried(one, 7200)
    assert lists.is_due(one, 1000)
    # A clock that was wrong.
    tried(one, -500)
    assert lists.is_due(one, 1000)


def test_looks_sooner_after_a_failure_and_soonest_without_any_list(one):
    tried(one, 59, "down")
    assert not lists.is_due(one, 1000)
    tried(one, 60, "down")
    assert lists.is_due(one, 1000)
    with open(one.good, "w") as file:
        file.write("192.0.2.0/24\n")
    assert not lists.is_due(one, 1000)
    tried(one, 3600, "down")
    assert lists.is_due(one, 1000)


def test_sets_are_emptied_and_filled_in_one_text(one):
    with open(one.good, "w") as file:
        file.write("192.0.2.0/24\n198.51.100.0/24\n")
    assert lists.elements(one) == (
        "flush set inet portway_lists url_1_v4\n"
        "add element inet portway_lists url_1_v4 { 192.0.2.0/24, 198.51.100.0/24 }\n"
        "flush set inet portway_lists url_1_v6\n"
    )
