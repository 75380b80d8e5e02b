"""Presigned URLs like those of a real wait condition handle (S3, signature version 4), made and checked.

A real one: https://cloudformation-waitcondition-eu-north-1.s3.eu-north-1.amazonaws.com/arn%3A...%3Astack/demo/<uuid>/
<logical id>?X-Amz-Algorithm=AWS4-HMAC-SHA256&...&X-Amz-Signature=<64 hex digits>: 467 characters for a stack name of 4
and a logical id of 17 letters. The key is the stack's ARN and the logical id, nothing else. The rehearsal's bucket
stands in the path (the older, still valid form), which makes up for the shorter host name.
"""

import hashlib
import hmac
import secrets
from datetime import datetime, timedelta, timezone
from urllib.parse import quote, unquote, urlsplit

DAY = 86399  # seconds; what published URLs of wait conditions carry
_SERVICE = "s3"


class Refused(Exception):
    """The answer 403 that S3 gives, with its code and message."""

    def __init__(self, code, message):
        super().__init__(message)
        self.code = code


class Signer:
    """Signs and checks for one host. The secret lives as long as the process, as do the stacks."""

    def __init__(self, host_url):
        parts = urlsplit(host_url)
        if parts.scheme != "http" or not parts.netloc or parts.path.strip("/"):
            raise ValueError(f"the signal host must be http://name[:port] without a path, got: {host_url}")
        self.base = f"http://{parts.netloc}"
        self.host = parts.netloc
        self._ahead = timedelta()
        self._access_key = "AKIA" + secrets.token_hex(8).upper()
        self._secret = secrets.token_bytes(30)

    def next_day(self):
        """A day passes, for the URLs only: those made so far are refused from now on."""
        self._ahead += timedelta(seconds=DAY + 1)

    def _now(self):
        return datetime.now(timezone.utc) + self._ahead

    def url(self, stack_id, logical_id):
        region = stack_id.split(":")[3]
        now = self._now()
        path = f"/cloudformation-waitcondition-{region}/{quote(stack_id, safe='/')}/{quote(logical_id, safe='')}"
        query = {
            "X-Amz-Algorithm": "AWS4-HMAC-SHA256",
            "X-Amz-Date": now.strftime("%Y%m%dT%H%M%SZ"),
            "X-Amz-SignedHeaders": "host",
            "X-Amz-Expires": str(DAY),
            "X-Amz-Credential": f"{self._access_key}/{now:%Y%m%d}/{region}/{_SERVICE}/aws4_request",
        }
        signature = self._signature("PUT", path, query, self.host)
        text = "&".join(f"{name}={quote(value, safe='-_.~')}" for name, value in query.items())
        return f"{self.base}{path}?{text}&X-Amz-Signature={signature}"

    def check(self, method, target, host):
        """The key (stack id, logical id) that a request may write. Raises Refused."""
        path, _, text = target.partition("?")
        query = {}
        for pair in text.split("&"):
            name, _, value = pair.partition("=")
            query[unquote(name)] = unquote(value)
        given = query.pop("X-Amz-Signature", None)
        if given is None or "X-Amz-Date" not in query or "X-Amz-Credential" not in query:
            raise Refused("AccessDenied", "Access Denied")
        try:
            signed = datetime.strptime(query["X-Amz-Date"], "%Y%m%dT%H%M%SZ").replace(tzinfo=timezone.utc)
            lifetime = timedelta(seconds=int(query.get("X-Amz-Expires", "0")))
        except ValueError as error:
            raise Refused("AuthorizationQueryParametersError", "X-Amz-Date or X-Amz-Expires is malformed") from error
        if self._now() > signed + lifetime:
            raise Refused("AccessDenied", "Request has expired")
        if query["X-Amz-Credential"].split("/")[0] != self._access_key:
            raise Refused("InvalidAccessKeyId", "The AWS Access Key Id you provided does not exist in our records.")
        if not hmac.compare_digest(given, self._signature(method, path, query, host)):
            raise Refused(
                "SignatureDoesNotMatch",
                "The request signature we calculated does not match the signature you provided.",
            )
        stack_path, _, logical_id = path.split("/", 2)[2].rpartition("/")
        return unquote(stack_path), unquote(logical_id)

    def _signature(self, method, path, query, host):
        date, region = query["X-Amz-Credential"].split("/")[1:3]
        scope = f"{date}/{region}/{_SERVICE}/aws4_request"
        pairs = sorted((quote(name, safe="-_.~"), quote(value, safe="-_.~")) for name, value in query.items())
        canonical = "\n".join(
            [method, path, "&".join("=".join(p) for p in pairs), f"host:{host}", "", "host", "UNSIGNED-PAYLOAD"]
        )
        digest = hashlib.sha256(canonical.encode()).hexdigest()
        key = b"AWS4" + self._secret
        for part in (date, region, _SERVICE, "aws4_request"):
            key = hmac.new(key, part.encode(), hashlib.sha256).digest()
        text = "\n".join(["AWS4-HMAC-SHA256", query["X-Amz-Date"], scope, digest])
        return hmac.new(key, text.encode(), hashlib.sha256).hexdigest()
