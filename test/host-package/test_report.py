import os

import pytest
from portway import report
from portway.parts import Pointer

POINTER = Pointer("c" * 64, {}, "GatewayLive0123456789abcdef", "Portway", [])


@pytest.mark.parametrize(
    "reason, cause",
    [
        (
            'nginx needs port tcp/80, which another program holds: LISTEN 0 5 0.0.0.0:80 0.0.0.0:* users:(("apache2",pid=7,fd=3))',
            "nginx: port 80 is held by apache2",
        ),
        ("nginx needs port udp/53, which another program holds: UNCONN 0 0 :53", "nginx: port 53 is held"),
        (
            'try the new content: nginx -t -q -c "$NGINX.portway-new": nginx: [emerg] unknown directive "xyz" in '
            "/etc/nginx/nginx.conf.portway-new:12 nginx: configuration file /etc/nginx/nginx.conf.portway-new test failed",
            'nginx: line 12: unknown directive "xyz"',
        ),
        (
            "nginx does not take the new configuration: 2026/11/29 20:00:00 [emerg] 7#7: bind() to 0.0.0.0:80 failed (98: "
            "Address already in use)",
            "nginx: bind() to 0.0.0.0:80 failed (98: Ad..",
        ),
        (
            'try the new content: "$PORTWAY" rules try "$STAGE/etc/portway": portway rules: iptables: iptables-restore '
            "v1.8.11 (nf_tables): line 5 failed: No such file or directory iptables refused: -A PORTWAY-DNAT -j NOWHERE",
            "iptables refused -A PORTWAY-DNAT -j NOWHERE",
        ),
        ("install conntrack: E: Unable to locate package conntrack", "no package conntrack"),
        (
            "firstBootScript ended with 3: see /var/log/portway/first-boot.log on the host",
            "firstBootScript ended with 3",
        ),
        (
            "the content could not be read: etc/nginx/nginx.conf.12 is not what was deployed",
            "altered: etc/nginx/nginx.conf",
        ),
        ("the content could not be read: the pointer is not what was deployed", "altered: pointer"),
        (
            'the content could not be read: {"__type":"AccessDeniedException","Message":"User: arn:aws:sts is not authorized"}',
            "AccessDenied: see bootstrap.log",
        ),
        ("ufw is active: disable it and use the security group", "ufw is active: disable it and use the secu.."),
        ("\x1b[31mrötlich\x1b[0m", "r?tlich"),
    ],
)
def test_a_cause_fits_into_the_event(reason, cause):
    assert report.shorten(reason) == cause
    assert len(cause) <= 44


@pytest.fixture
def cloudformation(tmp_path, monkeypatch):
    monkeypatch.setattr(report, "FILE", str(tmp_path / "live-signal"))
    monkeypatch.setattr(report, "instance", lambda: "i-0123456789abcdef0")
    calls = []

    def post(service, body, headers):
        calls.append((service, dict(pair.split("=") for pair in body.decode().split("&"))))
        if calls[-1][1]["StackName"] == "gone":
            raise OSError("<Code>ValidationError</Code>")

    monkeypatch.setattr(report.aws, "post", post)
    return calls


def test_a_failure_is_signalled_once_with_its_cause(cloudformation, tmp_path):
    report.keep("FAILURE", POINTER, "install conntrack: E: Unable to locate package conntrack")
    assert (tmp_path / "live-signal").read_text() == f"FAILURE {'c' * 64} {POINTER.live} Portway no package conntrack\n"
    assert report.send() == f"FAILURE was signalled to {POINTER.live}"
    assert cloudformation == [
        (
            "cloudformation",
            {
                "Action": "SignalResource",
                "Version": "2010-05-15",
                "StackName": "Portway",
                "LogicalResourceId": POINTER.live,
                "UniqueId": "i-0123456789abcdef0+no+package+conntrack",
                "Status": "FAILURE",
            },
        )
    ]
    assert report.send() == ""
    assert len(cloudformation) == 1


def test_the_longest_cause_fits_into_an_id(cloudformation):
    report.keep("FAILURE", POINTER, "x" * 99)
    report.send()
    assert len(cloudformation[0][1]["UniqueId"]) == 64


def test_a_success_has_no_cause(cloudformation):
    report.keep("SUCCESS", POINTER)
    assert report.waiting() == ("SUCCESS", "c" * 64, POINTER.live, "Portway", "")
    report.send()
    assert cloudformation[0][1]["UniqueId"] == "i-0123456789abcdef0"


@pytest.mark.parametrize("age", [601, -601])
def test_what_is_refused_waits_for_ten_minutes(cloudformation, age):
    report.keep("SUCCESS", POINTER._replace(stack="gone"))
    with pytest.raises(OSError, match="ValidationError"):
        report.send()
    assert report.waiting()
    now = os.path.getmtime(report.FILE)
    os.utime(report.FILE, (now - age, now - age))
    assert report.send() == f"SUCCESS was not taken by {POINTER.live}: <Code>ValidationError</Code>"
    assert report.waiting() is None


STACK = "arn:aws:cloudformation:eu-central-1:123456789012:stack/Portway/1"


@pytest.mark.parametrize(
    "answer, is_over",
    [
        (f"Stack {STACK} is in UPDATE_COMPLETE state and cannot be signaled", True),
        (f"Stack {STACK} is in UPDATE_ROLLBACK_FAILED state and cannot be signaled", True),
        # The condition may be created yet.
        (f"Stack {STACK} is in UPDATE_IN_PROGRESS state and cannot be signaled", False),
        (f"Stack {STACK} is in UPDATE_COMPLETE_CLEANUP_IN_PROGRESS state and cannot be signaled", False),
        ("Resource GatewayLive0123456789abcdef is in DELETE_COMPLETE state", False),
        ("Rate exceeded", False),
    ],
)
def test_a_report_that_nothing_will_wait_for_is_dropped(cloudformation, monkeypatch, answer, is_over):
    def post(*words):
        raise OSError(f"<Error><Message>{answer}</Message></Error><RequestId>1</RequestId>")

    monkeypatch.setattr(report.aws, "post", post)
    report.keep("SUCCESS", POINTER)
    if is_over:
        assert report.send() == f"SUCCESS was not taken by {POINTER.live}: <Error><Message>{answer}</Message></Error>"
    else:
        with pytest.raises(OSError, match="</Error>$"):
            report.send()
    assert (report.waiting() is None) == is_over


@pytest.mark.parametrize("code, is_denied", [("AccessDenied", True), ("ValidationError", False), ("Throttling", False)])
def test_only_a_missing_right_to_signal_fails_a_boot(cloudformation, monkeypatch, code, is_denied):
    asked = []

    def post(service, body, headers):
        asked.append(body.decode())
        raise OSError(f"<Code>{code}</Code>")

    monkeypatch.setattr(report.aws, "post", post)
    if is_denied:
        with pytest.raises(OSError, match="AccessDenied"):
            report.check_right(POINTER)
    else:
        report.check_right(POINTER)
    # Nothing has this id, which could take it for the report.
    assert f"LogicalResourceId={POINTER.live}None&" in asked[0]
