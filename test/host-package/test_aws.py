import pytest
from portway import aws
from portway.aws import authorization

KEYS = {"AccessKeyId": "AKIDEXAMPLE", "SecretAccessKey": "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"}


def test_signature_of_the_published_test_suite():
    """@see post-vanilla in https://docs.aws.amazon.com/general/latest/gr/signature-v4-test-suite.html"""
    headers = {"host": "example.amazonaws.com", "x-amz-date": "20150830T123600Z"}
    assert authorization(headers, b"", "us-east-1/service", KEYS) == (
        "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/service/aws4_request, "
        "SignedHeaders=host;x-amz-date, "
        "Signature=5da7c1a2acd57cee7505fc6676e4e544621c30862966e37dddb68e92efbe5d6b"
    )


def test_body_and_headers_are_part_of_the_signature():
    headers = {"host": "example.amazonaws.com", "x-amz-date": "20150830T123600Z"}
    one, other = (authorization(headers, body, "us-east-1/service", KEYS) for body in (b"{}", b"{ }"))
    assert one != other
    assert authorization({**headers, "host": "example.org"}, b"{}", "us-east-1/service", KEYS) != one


@pytest.fixture
def service(monkeypatch):
    """A metadata service that renews its token, and an AWS that ends connections: what each was asked."""
    asked, told = [], []
    valid = {"token": "one"}
    answers = {
        "meta-data/iam/security-credentials/": "role\n",
        "meta-data/iam/security-credentials/role": '{"AccessKeyId": "A", "SecretAccessKey": "S", "Token": "T"}',
        "meta-data/placement/region": "eu-central-1",
        "meta-data/services/domain": "amazonaws.com",
    }

    def ask(method, path, headers):
        asked.append(path)
        if method == "PUT":
            return 200, f"{valid['token']}\n"
        if headers != {"X-aws-ec2-metadata-token": valid["token"]}:
            return 401, ""
        return (200, answers[path]) if path in answers else (404, "not here")

    class Connection:
        def __init__(self, host, timeout):
            self.host, self.is_open = host, True

    def exchange(connection, method, path, headers, body):
        if not connection.is_open:
            raise OSError("closed")
        told.append((connection, headers))
        return (200, '{"said": 1}') if body != b"{}" else (400, "AccessDenied: no")

    monkeypatch.setattr(aws, "ask", ask)
    monkeypatch.setattr(aws, "exchange", exchange)
    monkeypatch.setattr(aws.http.client, "HTTPSConnection", Connection)
    monkeypatch.setattr(aws, "connections", {})
    monkeypatch.setattr(aws, "known", {})
    return asked, told, valid


def test_several_calls_need_the_keys_and_a_connection_once(service):
    asked, told, _ = service
    for _ in range(3):
        assert aws.call("ssm", "AmazonSSM.GetParameters", {"Names": ["a"]}) == {"said": 1}
    assert len(asked) == 5 and asked.count("api/token") == 1
    assert {connection.host for connection, _ in told} == {"ssm.eu-central-1.amazonaws.com"}
    assert len({id(connection) for connection, _ in told}) == 1


def test_all_is_learned_anew_after_a_refusal(service):
    asked, _, _ = service
    with pytest.raises(OSError, match="AccessDenied: no"):
        aws.call("ssm", "x", {})
    aws.call("ssm", "x", {"a": 1})
    assert asked.count("api/token") == asked.count("meta-data/iam/security-credentials/role") == 2


def test_a_connection_that_was_ended_is_made_anew(service):
    _, told, _ = service
    aws.call("ssm", "x", {"a": 1})
    told[0][0].is_open = False
    assert aws.call("ssm", "x", {"a": 1}) == {"said": 1}
    assert told[0][0] is not told[1][0]


def test_another_region_has_a_host_of_its_own(service):
    _, told, _ = service
    aws.call("ssm", "x", {"a": 1})
    aws.call("secretsmanager", "x", {"a": 1}, "us-east-1")
    assert [connection.host for connection, _ in told][1] == "secretsmanager.us-east-1.amazonaws.com"


def test_a_token_that_is_no_longer_valid_is_renewed(service):
    asked, _, valid = service
    assert aws.metadata("meta-data/placement/region") == "eu-central-1"
    valid["token"] = "two"
    with pytest.raises(OSError, match="answers 401"):
        aws.metadata("meta-data/placement/region")
    assert aws.metadata("meta-data/placement/region") == "eu-central-1"
    assert asked.count("api/token") == 2


def test_only_404_means_that_there_is_no_such_thing(service, monkeypatch):
    assert aws.metadata("meta-data/tags/instance/x", missing="") == ""
    with pytest.raises(OSError, match="answers 404 to meta-data/tags/instance/x"):
        aws.metadata("meta-data/tags/instance/x")
    monkeypatch.setattr(aws, "ask", lambda *words: (503, ""))
    with pytest.raises(OSError, match="503"):
        aws.metadata("meta-data/tags/instance/x", missing="")
