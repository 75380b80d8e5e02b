# A request to AWS with the rights of the instance's role; part of the programs beside it.
#
# By hand, since the distributions' images have no SDK: signed with Signature Version 4.
# https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html
import hashlib
import hmac
import json
import time
import urllib.error
import urllib.request

IMDS = "http://169.254.169.254/latest/"
# Nobody between this host and its metadata.
direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))


def metadata(path, method="GET", **headers):
    headers = {f"X-aws-ec2-metadata-{name}": value for name, value in headers.items()}
    with direct.open(urllib.request.Request(IMDS + path, headers=headers, method=method), timeout=4) as answer:
        return answer.read().decode()


# The answer to an operation, such as AmazonSSM.GetParameter, in this host's region or another one.
def call(service, operation, arguments, region=None):
    token = metadata("api/token", "PUT", **{"token-ttl-seconds": "60"})
    role = "meta-data/iam/security-credentials/"
    keys = json.loads(metadata(role + metadata(role, token=token).split()[0], token=token))
    region = region or metadata("meta-data/placement/region", token=token)
    host = f"{service}.{region}.{metadata('meta-data/services/domain', token=token)}"
    body = json.dumps(arguments).encode()
    headers = {
        "content-type": "application/x-amz-json-1.1",
        "host": host,
        "x-amz-date": time.strftime("%Y%m%dT%H%M%SZ", time.gmtime()),
        "x-amz-security-token": keys["Token"],
        "x-amz-target": operation,
    }
    headers["authorization"] = authorization(headers, body, f"{region}/{service}", keys)
    try:
        with urllib.request.urlopen(urllib.request.Request(f"https://{host}/", body, headers), timeout=10) as answer:
            return json.load(answer)
    except urllib.error.HTTPError as error:
        raise OSError(error.read(500).decode("utf8", "replace")) from None


def authorization(headers, body, place, keys):
    def digest(data):
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
