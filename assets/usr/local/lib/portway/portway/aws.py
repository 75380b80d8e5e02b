"""
Requests to AWS with the rights of the instance's role.

Signed by hand with Signature Version 4, since the distributions' images have no SDK.
https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html
"""

import hashlib
import hmac
import json
import time
import urllib.error
import urllib.request
from typing import Any

METADATA = "http://169.254.169.254/latest/"
# Never uses a proxy for the metadata service.
direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))


def metadata(path: str, method: str = "GET", **headers: str) -> str:
    named = {f"X-aws-ec2-metadata-{name}": value for name, value in headers.items()}
    with direct.open(urllib.request.Request(METADATA + path, headers=named, method=method), timeout=4) as answer:
        return str(answer.read(), "utf8")


def call(service: str, operation: str, arguments: dict[str, Any], region: str = "") -> Any:
    """The answer to an operation, such as AmazonSSM.GetParameter. The default `region` is this host's.

    @raise OSError with AWS's message
    """
    body = json.dumps(arguments).encode()
    headers = {"content-type": "application/x-amz-json-1.1", "x-amz-target": operation}
    return json.loads(post(service, body, headers, region))


def post(service: str, body: bytes, headers: dict[str, str], region: str = "") -> bytes:
    """The answer to a signed request.

    @raise OSError with AWS's message
    """
    token = metadata("api/token", "PUT", **{"token-ttl-seconds": "60"})
    role = "meta-data/iam/security-credentials/"
    keys = json.loads(metadata(role + metadata(role, token=token).split()[0], token=token))
    region = region or metadata("meta-data/placement/region", token=token)
    host = f"{service}.{region}.{metadata('meta-data/services/domain', token=token)}"
    date = time.strftime("%Y%m%dT%H%M%SZ", time.gmtime())
    headers = {**headers, "host": host, "x-amz-date": date, "x-amz-security-token": keys["Token"]}
    # Sorted by name, as the signature requires.
    headers = dict(sorted(headers.items()))
    headers["authorization"] = authorization(headers, body, f"{region}/{service}", keys)
    try:
        with urllib.request.urlopen(urllib.request.Request(f"https://{host}/", body, headers), timeout=10) as answer:
            return bytes(answer.read())
    except urllib.error.HTTPError as error:
        raise OSError(error.read(500).decode("utf8", "replace")) from None


def authorization(headers: dict[str, str], body: bytes, place: str, keys: dict[str, str]) -> str:
    """The Authorization header of a POST to `/` with these headers, which must be sorted by name. `place` is
    region/service."""

    def digest(data: bytes) -> str:
        return hashlib.sha256(data).hexdigest()

    names = ";".join(headers)
    lines = "".join(f"{name}:{value}\n" for name, value in headers.items())
    request = f"POST\n/\n\n{lines}\n{names}\n{digest(body)}"
    date = headers["x-amz-date"]
    scope = f"{date[:8]}/{place}/aws4_request"
    key = b"AWS4" + keys["SecretAccessKey"].encode()
    for part in [*scope.split("/"), f"AWS4-HMAC-SHA256\n{date}\n{scope}\n{digest(request.encode())}"]:
        key = hmac.digest(key, part.encode(), "sha256")
    return f"AWS4-HMAC-SHA256 Credential={keys['AccessKeyId']}/{scope}, SignedHeaders={names}, Signature={key.hex()}"
