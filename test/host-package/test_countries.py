import gzip

import pytest
from portway import countries

DATABASE = b"""# a comment
1.0.0.0,1.0.0.255,AU
1.0.1.0,1.0.3.255,CN

"1.0.4.0","1.0.7.255","AU","Oceania"
5.5.5.5\t5.5.5.9\tKR\t-
2001:200::,2001:200:ffff:ffff:ffff:ffff:ffff:ffff,JP
2001:220::,2001:220:ffff:ffff:ffff:ffff:ffff:ffff,KR
240.0.0.0,255.255.255.255,ZZ
"""


@pytest.mark.parametrize("data", [DATABASE, gzip.compress(DATABASE), DATABASE.replace(b"\n", b"\r\n")])
def test_the_networks_of_countries_are_merged(data):
    assert countries.networks(data, "KR") == ["5.5.5.5/32", "5.5.5.6/31", "5.5.5.8/31", "2001:220::/32"]
    assert countries.networks(data, "-AU,CN") == ["1.0.0.0/21"]


@pytest.mark.parametrize(
    ("data", "wrong"),
    [
        (b"", "it holds nothing of AU, KR"),
        (DATABASE.replace(b"AU", b"NZ"), "it holds nothing of AU"),
        (b"<html>no</html>\n", "line 1 is no range of a country: '<html>no</html>'"),
        (b"network,geoname_id,country\n1.0.0.0/24,2077456,AU\n", "line 2 is no range: '1.0.0.0/24,2077456,AU'"),
        (b"16777216,16777471,AU\n", "line 1 is no range: '16777216,16777471,AU'"),
        (b"1.0.0.9,1.0.0.1,AU\n", "line 1 is no range"),
        (b"1.0.0.0,2001:db8::,AU\n", "line 1 is no range"),
        (b"x" * 1000, "line 1 is one too many, or too long"),
        (gzip.compress(DATABASE)[:-12], "it is damaged: "),
        (b"\x1f\x8bnonsense", "it is damaged: "),
        (gzip.compress(DATABASE)[:30] + b"\0\0\0" + gzip.compress(DATABASE)[33:], "it is damaged: "),
    ],
)
def test_anything_else_is_refused(data, wrong):
    with pytest.raises(ValueError) as error:
        countries.networks(data, "AU,KR")
    assert wrong in str(error.value)


def test_a_bomb_ends(monkeypatch):
    monkeypatch.setattr(countries, "LINES", 1000)
    with pytest.raises(ValueError, match="line 1001 is one too many, or too long"):
        countries.networks(gzip.compress(b"1.0.0.0,1.0.0.0,AU\n" * 100_000), "AU")
