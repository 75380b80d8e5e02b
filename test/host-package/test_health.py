import json
import time

import pytest
from portway import health


@pytest.fixture
def recalled(tmp_path, monkeypatch):
    """What a service that starts knows of its one target, by the state that is left of the one before."""
    monkeypatch.setattr(health, "STATE", str(tmp_path / "state"))

    def recall(state):
        (tmp_path / "state").write_text(state)
        service = health.Service([{"forward": "db", "targets": [{"target": "10.0.1.1:5432"}]}])
        service.recall()
        return service.forwards[0]["targets"][0]

    return recall


def line(**state):
    return json.dumps({"forward": "db", "target": "10.0.1.1:5432", **state}) + "\n"


def test_a_state_is_kept_over_a_restart(recalled):
    assert recalled(line(up=False, since=1000)) == {"target": "10.0.1.1:5432", "up": False, "since": 1000}


def test_a_state_of_the_future_is_known_and_begins_now(recalled):
    began = int(time.time())
    target = recalled(line(up=False, since=began + 10**9))
    assert not target["up"]
    assert began <= target["since"] <= time.time()


@pytest.mark.parametrize("state", ["", "{", "[]\n", line()])
def test_without_a_state_a_target_is_up(recalled, state):
    assert recalled(state)["up"]
