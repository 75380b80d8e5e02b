# Part of certificates.py: certificates out of Secrets Manager, read with the rights of the instance's role.
#
# By hand, since the distributions' images have no SDK: one request, signed with Signature Version 4.
# https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html
import hashlib
import hmac
import json
import os
import time
import urllib.error
import urllib.request

IMDS = "http://169.254.169.254/latest/"
# Nobody between this host and its metadata.
direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))


def certificate(entry, path, boot):
    # The file tells which secret it is of, and is touched each time that it is found to be right.
    title = f"# {entry['secret']}\n"
    if not boot and os.path.exists(path) and os.stat(path).st_mtime > time.time() - 3600:
        with open(path) as file:
            if file.readline() == title:
                return None
    text = fetch(entry["secret"])
    if text.startswith("-----BEGIN"):
        return title + text
    try:
        secret = json.loads(text)
        return f"{title}{secret['certificate'].strip()}\n{secret['privateKey'].strip()}\n"
    except (ValueError, KeyError, TypeError, AttributeError):
        # Without the cause: nothing of the secret may be told.
        raise ValueError('the secret must be {"certificate": "(PEM)", "privateKey": "(PEM)"}') from None


def metadata(path, method="GET", **headers):
    headers = {f"X-aws-ec2-metadata-{name}": value for name, value in headers.items()}
    with direct.open(urllib.request.Request(IMDS + path, headers=headers, method=method), timeout=4) as answer:
        return answer.read().decode()


def fetch(arn):
    token = metadata("api/token", "PUT", **{"token-ttl-seconds": "60"})
    role = "meta-data/iam/security-credentials/"
    keys = json.loads(metadata(role + metadata(role, token=token).split()[0], token=token))
    region = arn.split(":")[3]
    host = f"secretsmanager.{region}.{metadata('meta-data/services/domain', token=token)}"
    body = json.dumps({"SecretId": arn}).encode()
    headers = {
        "content-type": "application/x-amz-json-1.1",
        "host": host,
        "x-amz-date": time.strftime("%Y%m%dT%H%M%SZ", time.gmtime()),
        "x-amz-security-token": keys["Token"],
        "x-amz-target": "secretsmanager.GetSecretValue",
    }
    headers["authorization"] = authorization(headers, body, region, keys)
    try:
        with urllib.request.urlopen(urllib.request.Request(f"https://{host}/", body, headers), timeout=10) as answer:
            return json.load(answer)["SecretString"]
    except urllib.error.HTTPError as error:
        raise OSError(f"Secrets Manager: {error.read(500).decode()}") from None


def authorization(headers, body, region, keys):
    def digest(data):
        return hashlib.sha256(data).hexdigest()

    names = ";".join(headers)
    lines = "".join(f"{name}:{value}\n" for name, value in headers.items())
    request = f"POST\n/\n\n{lines}\n{names}\n{digest(body)}"
    date = headers["x-amz-date"]
    scope = f"{date[:8]}/{region}/secretsmanager/aws4_request"
    key = b"AWS4" + keys["SecretAccessKey"].encode()
    for part in [*scope.split("/"), f"AWS4-HMAC-SHA256\n{date}\n{scope}\n{digest(request.encode())}"]:
        key = hmac.digest(key, part.encode(), "sha256")
    return f"AWS4-HMAC-SHA256 Credential={keys['AccessKeyId']}/{scope}, SignedHeaders={names}, Signature={key.hex()}"
