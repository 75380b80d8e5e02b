"""
Requests to AWS with the rights of the instance's role.

Signed by hand with Signature Version 4, since the distributions' images have no SDK.
https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html
"""

import hashlib
import hmac
import http.client
import json
import time
from typing import Any, Optional

METADATA = "169.254.169.254"
TOKEN = "X-aws-ec2-metadata-token"
# What was learned, until it is refused: the token of the metadata service, the role's keys, this host's region and its
# domain.
known: dict[str, Any] = {}
Client = http.client.HTTPConnection
# Connections to AWS, by host. A new one takes a handshake.
connections: dict[str, Client] = {}


def exchange(client: Client, method: str, path: str, headers: dict[str, str], body: bytes = b"") -> tuple[int, str]:
    """Status and text of an answer.

    @raise OSError if none came
    """
    try:
        client.request(method, path, body or None, headers)
        answer = client.getresponse()
        return answer.status, answer.read().decode("utf8", "replace")
    except http.client.HTTPException as error:
        raise OSError(f"{error!r}") from None


def ask(method: str, path: str, headers: dict[str, str]) -> tuple[int, str]:
    return exchange(Client(METADATA, timeout=4), method, f"/latest/{path}", headers)


def metadata(path: str, missing: Optional[str] = None) -> str:
    """What the metadata service says; `missing` if it has no such thing.

    @raise OSError
    """
    if "token" not in known:
        known["token"] = ask("PUT", "api/token", {f"{TOKEN}-ttl-seconds": "21600"})[1].strip()
    status, text = ask("GET", path, {TOKEN: known["token"]})
    if status == 404 and missing is not None:
        return missing
    if status != 200:
        known.clear()
        raise OSError(f"the metadata service answers {status} to {path}")
    return text


def call(service: str, operation: str, arguments: dict[str, Any], region: str = "") -> Any:
    """The answer to an operation, such as AmazonSSM.GetParameter. The default `region` is this host's.

    @raise OSError with AWS's message
    """
    body = json.dumps(arguments).encode()
    headers = {"content-type": "application/x-amz-json-1.1", "x-amz-target": operation}
    return json.loads(post(service, body, headers, region))


def post(service: str, body: bytes, headers: dict[str, str], region: str = "") -> str:
    """The answer to a signed request.

    @raise OSError with AWS's message
    """
    if "domain" not in known:
        role = "meta-data/iam/security-credentials/"
        known["keys"] = json.loads(metadata(role + metadata(role).split()[0]))
        known["region"] = metadata("meta-data/placement/region")
        known["domain"] = metadata("meta-data/services/domain")
    keys, region = known["keys"], region or known["region"]
    host = f"{service}.{region}.{known['domain']}"
    date = time.strftime("%Y%m%dT%H%M%SZ", time.gmtime())
    headers = {**headers, "host": host, "x-amz-date": date, "x-amz-security-token": keys["Token"]}
    # Sorted by name, as the signature requires.
    headers = dict(sorted(headers.items()))
    headers["authorization"] = authorization(headers, body, f"{region}/{service}", keys)
    status, text = send(host, body, headers)
    if status != 200:
        known.clear()
        raise OSError(text[:500])
    return text


def send(host: str, body: bytes, headers: dict[str, str]) -> tuple[int, str]:
    try:
        return exchange(connections[host], "POST", "/", headers, body)
    # There is none, or AWS has ended it.
    except (KeyError, OSError):
        connections[host] = http.client.HTTPSConnection(host, timeout=10)
        return exchange(connections[host], "POST", "/", headers, body)


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
