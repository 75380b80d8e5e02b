import os
from pathlib import Path
from subprocess import CompletedProcess

import pytest
from portway import offenders as offenders_module
from portway import protect
from portway.offenders import COUNTED, MOST, REMEMBERED, TIMES, Offenders, network, overlaps, source_of

NOW = 1_000_000.0
CLIENT = "198.51.100.7"


def offenders(most: int = 3, never: tuple[str, ...] = ()) -> Offenders:
    return Offenders({"refused": most}, never)


def offend(some: Offenders, address: str = CLIENT, now: float = NOW, times: int = 3) -> list[str]:
    return [source for source in (some.note(address, "refused", now) for _ in range(times)) if source]


def test_as_many_offences_as_allowed_lead_to_a_block_and_fewer_do_not() -> None:
    some = offenders()
    assert offend(some, times=2) == []
    assert offend(some, times=1) == [CLIENT]
    assert str(some.known[CLIENT]) == "refused 3 0 1000000.0 1000060.0"


def test_offences_count_within_their_window() -> None:
    some = offenders()
    assert offend(some, times=2) + offend(some, now=NOW + 10, times=2) == []
    assert offend(some, now=NOW + 11, times=1) == [CLIENT]


def test_offences_of_a_clock_that_was_put_back_begin_anew() -> None:
    some = offenders()
    assert offend(some, times=2) + offend(some, now=NOW - 5, times=2) == []


def test_what_is_not_counted_leads_to_nothing() -> None:
    some = offenders()
    assert [some.note(CLIENT, "logins", NOW) for _ in range(9)] == [""] * 9


def test_each_further_block_is_longer_and_a_day_after_its_end_a_source_begins_anew() -> None:
    some = offenders()
    now, times = NOW, []
    for _ in range(5):
        assert offend(some, now=now) == [CLIENT]
        block = some.known[CLIENT]
        times.append(block.until - block.since)
        now = block.until
    assert times == [*TIMES, TIMES[-1]]
    now += REMEMBERED
    some.tidy(now)
    assert not some.known
    offend(some, now=now)
    assert some.known[CLIENT].level == 0


def test_a_blocked_source_is_not_blocked_again() -> None:
    some = offenders()
    offend(some)
    assert offend(some, now=NOW + 30, times=20) == []
    assert some.known[CLIENT].level == 0


def test_all_addresses_of_a_64_are_one_source() -> None:
    some = offenders()
    offend(some, "2001:db8:1:2::1", times=1)
    offend(some, "2001:db8:1:3::1", times=2)
    assert offend(some, "2001:db8:1:2:ffff::1", times=2) == ["2001:db8:1:2::/64"]


@pytest.mark.parametrize(
    ("address", "source"),
    [
        ("::ffff:198.51.100.7", CLIENT),
        (CLIENT, CLIENT),
        ("2001:DB8::1", "2001:db8::/64"),
        ("2001:db8::/64", "2001:db8::/64"),
    ],
)
def test_the_source_of_an_address(address: str, source: str) -> None:
    assert source_of(address) == source


@pytest.mark.parametrize("text", ["", "host", "198.51.100", "198.51.100.7/24", "1.2.3.4.5", ":", "2001:db8::g"])
def test_anything_else_has_no_source(text: str) -> None:
    with pytest.raises(ValueError, match="no address"):
        source_of(text)


@pytest.mark.parametrize(
    ("source", "other", "is_in"),
    [
        (CLIENT, "198.51.100.0/24", True),
        (CLIENT, "198.51.101.0/24", False),
        (CLIENT, "2001:db8::/32", False),
        ("2001:db8:1:2::/64", "2001:db8::/32", True),
        # A /64 with an admin in it.
        ("2001:db8:1:2::/64", "2001:db8:1:2::7/128", True),
        ("2001:db8:1:2::/64", "2001:db8:1:3::7/128", False),
    ],
)
def test_networks_that_are_never_blocked(source: str, other: str, is_in: bool) -> None:
    assert overlaps(source, [network(other)]) is is_in
    some = offenders(never=(other,))
    assert offend(some, source.removesuffix("/64")) == ([] if is_in else [source])


def test_many_sources_take_bounded_room() -> None:
    some = offenders(most=2)
    for number in range(MOST + 10):
        offend(some, f"203.{number >> 16}.{number >> 8 & 255}.{number & 255}", NOW + number / 1000, times=2)
    assert len(some.known) == MOST
    # Those whose block ends first have been let go.
    assert "203.0.0.9" not in some.known
    assert "203.0.0.10" in some.known
    for number in range(COUNTED + 10):
        offend(some, f"198.{number >> 16}.{number >> 8 & 255}.{number & 255}", times=1)
    assert len(some.counts) == COUNTED


def test_who_is_forgiven_begins_anew() -> None:
    some = offenders()
    offend(some)
    assert some.forgive(CLIENT)
    assert not some.forgive(CLIENT)
    assert some.blocked(NOW) == {}
    assert offend(some, times=2) == []
    offend(some, times=1)
    assert some.known[CLIENT].level == 0


def test_blocks_are_restored_unless_they_may_not_be() -> None:
    some = offenders()
    offend(some)
    offend(some, "2001:db8:1:2::1")
    saved = some.save()
    rest = "refused 9 1 999990.0 1000590.0"
    wrong = [
        f"192.0.2.1 {rest}",
        # One made while the clock was ahead, one that lasts too long, and damage.
        "198.51.100.8 refused 9 1 1009000.0 1009600.0",
        "198.51.100.9 refused 9 0 1000000.0 9000000.0",
        "198.51.100.9 refused 9 7 1000000.0 1000060.0",
        f"2001:db8:1:2::5/64 {rest}",
        f"x {rest}",
        "198.51.100.9 refused",
        "dry-run",
    ]
    other = offenders(never=("192.0.2.0/24",))
    other.restore("\n".join([*wrong, saved]), NOW)
    assert other.save() == saved
    assert sorted(other.known) == [CLIENT, "2001:db8:1:2::/64"]


@pytest.mark.parametrize(
    ("source", "names"),
    [
        (CLIENT, {CLIENT}),
        ("2001:db8:1:2::/64", {"2001:db8:1:2:"}),
        ("2001:db8::/64", {"2001:db8:0:0:", "2001:db8::", "2001:db8::0:", "2001:db8:0::"}),
        ("2001:0:0:5::/64", {"2001:0:0:5:", "2001::5:", "2001::0:5:", "2001:0::5:"}),
        (
            "::/64",
            {"0:0:0:0:", "::", "::0:", "::0:0:", "::0:0:0:", "0::", "0::0:", "0::0:0:", "0:0::", "0:0::0:", "0:0:0::"},
        ),
    ],
)
def test_the_files_that_nginx_looks_for(source: str, names: set[str]) -> None:
    assert set(protect.names(source)) == names


def test_messages_of_nginx() -> None:
    head = b"<190>Nov 30 07:44:01 portway: "
    assert protect.offence(head + b"refused 198.51.100.7") == ("198.51.100.7", "refused", False)
    assert protect.offence(head + b"logins 2001:db8::1") == ("2001:db8::1", "logins", False)


@pytest.mark.parametrize(("peer", "named"), [(b"198.51.100.7", False), (b"unix:", False), (b"10.0.0.9", True)])
def test_messages_with_who_connected(peer: bytes, named: bool) -> None:
    message = b"<190>Nov 30 07:44:01 portway: refused " + peer + b" 198.51.100.7"
    assert protect.offence(message) == ("198.51.100.7", "refused", named)


def test_the_kernel_drops_nobody_by_the_word_of_a_proxy() -> None:
    some = offenders()
    assert [some.note(CLIENT, "refused", NOW, True) for _ in range(3)][-1] == CLIENT
    assert str(some.known[CLIENT]) == "refused 3 0 1000000.0 1000060.0 named"
    assert protect.elements(some.blocked(NOW), NOW) == ""
    again = offenders()
    again.restore(some.save(), NOW)
    assert again.known[CLIENT].named
    # What it does itself is counted apart, and blocks it in the kernel too.
    assert some.note(CLIENT, "refused", NOW, True) == ""
    assert offend(some, times=2) == []
    assert offend(some, times=1) == [CLIENT]
    assert (some.known[CLIENT].named, some.known[CLIENT].level) == (False, 1)
    assert CLIENT in protect.elements(some.blocked(NOW), NOW)
    assert [some.note(CLIENT, "refused", NOW, True) for _ in range(3)] == ["", "", ""]


@pytest.mark.parametrize(
    "end", [b"logins unix:", b"refused 198.51.100.7\n", b"x 198.51.100.7", b"refused", b"", b"\xff"]
)
def test_other_messages_say_nothing(end: bytes) -> None:
    with pytest.raises(ValueError, match=r"no|unpack|codec"):
        protect.offence(b"<190>Nov 30 07:44:01 portway: " + end)


LISTING = """\
table inet portway_protect {
	set open_v4 {
		type ipv4_addr . inet_service
		size 2048
		flags dynamic,timeout
		timeout 10s
		elements = { 198.51.100.7 . 40001 expires 9s123ms, 198.51.100.8 . 40001 expires 1s,
			     198.51.100.7 . 40002 expires 9s123ms }
	}
}
"""


def test_open_connections_in_a_set() -> None:
    assert protect.flooding(LISTING) == {CLIENT: 2, "198.51.100.8": 1}
    six = LISTING.replace("198.51.100.7", "2001:db8:1:2::").replace("198.51.100.8", "2001:db8:1:3::")
    assert protect.flooding(six) == {"2001:db8:1:2::/64": 2, "2001:db8:1:3::/64": 1}
    assert protect.flooding(LISTING.partition("elements")[0] + "}\n}\n") == {}
    assert protect.flooding("") == {}


def test_nginx_refuses_nobody_who_was_let_go_for_lack_of_room(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    asked: list[str] = []
    monkeypatch.setattr(protect, "FILES", f"{tmp_path}/blocked")
    monkeypatch.setattr(protect, "STATE", f"{tmp_path}/state")
    monkeypatch.setattr(protect, "LOG", f"{tmp_path}/log")
    monkeypatch.setattr(protect, "run", lambda *_, text="": asked.append(text) or CompletedProcess("", 0))
    monkeypatch.setattr(offenders_module, "MOST", 2)
    (tmp_path / "blocked").mkdir()
    service = protect.Service()
    service.settings = {"proxied": ["true"]}
    service.offenders = offenders(most=1)
    for address in (CLIENT, "203.0.113.1", "2001:db8:1:2::1"):
        service.note([(address, "refused", False)])
    assert len(os.listdir(protect.FILES)) == 3
    service.write()
    assert sorted(os.listdir(protect.FILES)) == ["2001:db8:1:2:", "203.0.113.1"]
    # The kernel blocks it still, until somebody says otherwise.
    service.forgive(["unblock", CLIENT])
    assert asked[-1] == protect.removals(CLIENT)
    service.forgive(["unblock", "203.0.113.1"])
    assert os.listdir(protect.FILES) == ["2001:db8:1:2:"]
