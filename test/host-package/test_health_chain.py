from portway.health_chain import marks, places, rules


def forward(*up, chain=None):
    targets = [{"target": f"10.0.1.{number}:5432", "up": state} for number, state in enumerate(up)]
    entries = [{"target": number, "share": 1, "jump": f"-j TARGET-{number}"} for number in range(len(up))]
    return {
        "forward": "db",
        "transport": "tcp",
        "targets": targets,
        "chains": {"4": {"entries": entries, **(chain or {})}},
    }


NAME = '-A PORTWAY-db -p tcp -m statistic --mode random --probability {} -m comment --comment "portway:db" -j TARGET-{}'
LAST = '-A PORTWAY-db -p tcp -m comment --comment "portway:db" -j TARGET-{}'
OUT = '-A PORTWAY-db -m comment --comment "portway:db out: 10.0.1.{}:5432"'


def test_living_targets_share_the_connections_evenly():
    assert list(rules(forward(True, True, True), "4")) == [
        NAME.format("0.33333333", 0),
        NAME.format("0.50000000", 1),
        LAST.format(2),
    ]


def test_a_dead_target_is_marked_and_left_out():
    assert list(rules(forward(True, False, True), "4")) == [OUT.format(1), NAME.format("0.50000000", 0), LAST.format(2)]


def test_all_targets_are_in_when_none_answers():
    dead = forward(False, False)
    assert marks(dead, "4") == []
    assert list(rules(dead, "4")) == [NAME.format("0.50000000", 0), LAST.format(1)]


def test_places_of_living_targets_stay_and_those_of_a_dead_one_are_shared():
    entries = [{"target": number, "share": share, "jump": ""} for number, share in enumerate((2, 2, 2))]
    assert [entry["target"] for entry in places(entries, entries)] == [0, 0, 1, 1, 2, 2]
    assert [entry["target"] for entry in places(entries, [entries[0], entries[2]])] == [0, 0, 2, 0, 2, 2]
    assert [entry["target"] for entry in places(entries, [entries[1]])] == [1] * 6


def test_with_balance_source_each_place_has_a_rule_of_its_own():
    chain = {"draw": "-j DRAW", "matches": ["-m mark --mark 0", "-m mark --mark 1"]}
    assert list(rules(forward(True, False, chain=chain), "4")) == [
        OUT.format(1),
        '-A PORTWAY-db -m comment --comment "portway:db" -j DRAW',
        '-A PORTWAY-db -p tcp -m mark --mark 0 -m comment --comment "portway:db" -j TARGET-0',
        '-A PORTWAY-db -p tcp -m mark --mark 1 -m comment --comment "portway:db" -j TARGET-0',
    ]
