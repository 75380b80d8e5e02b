"""The pure parts of `portway cache`, `maintenance` and `status`."""

import pytest
from portway import cache, maintenance, status

KEY = "web https 8080 www.example.com /logo.png?v=2"


@pytest.mark.parametrize(
    ("address", "matches"),
    [
        ("https://www.example.com/logo.png?v=2", True),
        ("https://www.example.com/logo.png", False),
        ("http://www.example.com/logo.png?v=2", False),
        ("https://www.example.com/*", True),
        ("https://www.example.com/other*", False),
    ],
)
def test_cache_finds_the_answers_of_an_address(address, matches):
    assert cache.matches(KEY, address) is matches


def test_cache_finds_answers_of_which_only_some_parameters_count():
    key = "web https 8080 www.example.com v=2 /a b.png"
    assert cache.matches(key, "https://www.example.com/a%20b.png?utm=1&v=2")
    assert not cache.matches(key, "https://www.example.com/a%20b.png?v=3")
    assert not cache.matches("no key", "https://www.example.com/")


@pytest.mark.parametrize(
    ("text", "address"),
    [("198.51.100.7", "198.51.100.7"), ("::ffff:198.51.100.7", "198.51.100.7"), ("2001:DB8:0::1", "2001:db8::1")],
)
def test_maintenance_writes_addresses_as_nginx_does(text, address):
    assert maintenance.address(text) == address


@pytest.mark.parametrize("text", ["fe80::1%eth0", "example.com", "198.51.100.0/24"])
def test_maintenance_takes_addresses_only(text):
    with pytest.raises(ValueError):
        maintenance.address(text)


def test_maintenance_closes_for_all_but_the_clients():
    files = maintenance.files_for(["198.51.100.7", "2001:db8::1"], "ab")
    assert files["plain.conf"] == r'if ($remote_addr !~ "^(198\.51\.100\.7|2001:db8::1)$") { return 503; }'
    assert files["stamp.conf"] == 'return 200 "closed ab";'


def test_status_gives_a_forward_its_counts_and_the_state_of_its_targets():
    health = {("web", "a:1"): {"target": "a:1", "up": False}}
    row = status.row(["web", "tcp/80", "iptables", "a:1", "b:2"], [5, 500, 7], health)
    assert (row.packets, row.bytes, row.connections) == (5, 500, 7)
    assert row.targets == [{"target": "a:1", "up": False}, {"target": "b:2"}]


def test_status_counts_nothing_for_nginx():
    row = status.row(["web", "tcp/80", "nginx", "a:1"], None, {})
    assert (row.packets, row.bytes, row.connections) == (None, None, None)
