import live
import pytest

A, B, C = "a" * 64, "b" * 64, "c" * 64


@pytest.fixture
def schedule():
    return live.Schedule(0)


def test_nothing_is_done_while_the_tag_names_what_runs(schedule):
    assert [schedule.next(now, A, A, "", False) for now in range(2, 300, 2)] == [""] * 149


def test_a_new_content_is_set_up_at_once(schedule):
    assert schedule.next(2, B, A, "", False) == "live"
    assert schedule.next(4, B, B, "", False) == ""


def test_what_cannot_be_set_up_yet_is_tried_less_and_less_often(schedule):
    tried = [now for now in range(0, 200, 2) if schedule.next(now, B, A, "", False)]
    assert tried == [0, 2, 6, 14, 30, 60, 90, 120, 150, 180]
    # The next content is not held up by it.
    assert schedule.next(201, C, A, "", False) == "live"


def test_a_content_that_failed_is_tried_again_only_when_the_tag_comes_back_to_it(schedule):
    assert schedule.next(2, B, A, "", False) == "live"
    assert [schedule.next(now, B, A, B, False) for now in range(4, 300, 2)] == [""] * 148
    assert schedule.next(300, A, A, B, False) == "forget"
    assert schedule.next(302, A, A, "", False) == "live"
    assert schedule.next(304, A, A, "", False) == ""
    assert schedule.next(306, B, A, "", False) == "live"


def test_another_content_follows_one_that_failed(schedule):
    assert schedule.next(2, C, A, B, False) == "live"


def test_contents_that_take_turns_are_each_set_up_at_once(schedule):
    good = A
    for now, tag in enumerate([B, A, B, A]):
        assert schedule.next(now, tag, good, "", False) == "live"
        good = tag


def test_after_a_rollback_by_hand_the_deployed_content_stays_away(schedule):
    assert [schedule.next(now, B, A, B, False) for now in range(2, 300, 2)] == [""] * 149


def test_a_signal_is_sent_until_it_is_taken(schedule):
    sent = [now for now in range(0, 20, 2) if schedule.next(now, A, A, "", True) == "signal"]
    assert sent == [0, 4, 8, 12, 16]


def test_a_new_content_comes_before_a_signal(schedule):
    assert schedule.next(2, B, A, "", True) == "live"


def test_the_pointer_is_looked_at_every_five_minutes(schedule):
    assert [now for now in range(0, 1000, 2) if schedule.next(now, A, A, "", False) == "live"] == [300, 600, 900]


def test_the_pointer_is_looked_at_while_nobody_answers(schedule):
    assert [now for now in range(0, 1000, 2) if schedule.next(now, "", A, "", False) == "live"] == [300, 600, 900]


def test_without_tags_the_pointer_is_asked_every_half_minute(schedule):
    assert [now for now in range(0, 100, 2) if schedule.next(now, "-", A, "", False)] == [30, 60, 90]
    # A deploy that goes back and comes again must not be missed.
    assert [now for now in range(100, 140, 2) if schedule.next(now, "-", A, B, False)] == [100, 110, 120, 130]


def answer(status, text=""):
    return f"HTTP/1.0 {status} Any\r\nServer: EC2ws\r\n\r\n{text}".encode()


@pytest.fixture
def metadata(monkeypatch):
    """A metadata service that gives these answers, one after another."""
    answers, asked = [], []

    class Socket:
        def __init__(self, *_):
            self.left = None

        def settimeout(self, seconds):
            pass

        def connect(self, address):
            if not answers:
                raise ConnectionRefusedError

        def send(self, data):
            asked.append(data.decode().split("\r\n"))
            self.left = answers.pop(0)

        def recv(self, size):
            piece, self.left = self.left[:5], self.left[5:]
            return piece

        def close(self):
            pass

    monkeypatch.setattr(live._socket, "socket", Socket)
    service = live.Metadata()
    service.answers, service.asked = answers, asked
    return service


def test_the_tag_is_read_with_one_token_for_hours(metadata):
    metadata.answers += [answer(200, "token=="), answer(200, A), answer(200, B)]
    assert [metadata.tag(), metadata.tag()] == [A, B]
    assert [lines[0] for lines in metadata.asked] == [
        "PUT /latest/api/token HTTP/1.0",
        *["GET /latest/meta-data/tags/instance/portway:content HTTP/1.0"] * 2,
    ]
    assert "X-aws-ec2-metadata-token-ttl-seconds: 21600" in metadata.asked[0]
    assert "X-aws-ec2-metadata-token: token==" in metadata.asked[2]


def test_a_token_that_ended_is_replaced(metadata):
    metadata.token = "old"
    metadata.answers += [answer(401), answer(200, "new"), answer(200, A)]
    assert metadata.tag() == A
    metadata.answers += [answer(200, B)]
    assert metadata.tag() == B


def test_an_instance_without_tags_is_told_from_a_service_that_does_not_answer(metadata):
    metadata.answers += [answer(200, "token"), answer(404)]
    assert metadata.tag() == "-"
    metadata.answers += [answer(503), answer(503)]
    assert metadata.tag() == ""
    assert metadata.tag() == ""
    metadata.answers += [b"nonsense"]
    assert metadata.tag() == ""
