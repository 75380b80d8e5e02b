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
