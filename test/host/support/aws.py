"""What a host of EC2 with a role finds: its metadata (IMDSv2) on port 80; Secrets Manager, Parameter Store, CloudFormation and CloudWatch Logs on port
443, over TLS. Arguments: a folder and the file of a certificate with its key. The folder holds `secret`, the text of the one secret,
`parameters`, an object of them by name, `keys`, the role's credentials as IMDS tells them, `tag`, the value of the instance's tag
portway:content, and `progress`, the names of the stack's resources that are in progress, one a line; where there is no such file, nothing
is told, and the stack is in no operation. `denied` names a service that the role may not use, and `clock` has the seconds by which the
host's clock is behind. `streams` has the streams of CloudWatch Logs as GROUP:STREAM, one a line; with `outage` it answers nothing. The events that it took
are added to `events`. `endpoint` has the path of a unix socket, to which all that is asked of Route 53 is passed on. Each request to the services is added to its file `requests`, a line of JSON, and each signal that was taken to `signals`.
Whether a request is signed right, others judge."""

import calendar
import http.server
import json
import os
import ssl
import sys
import threading
import time
import urllib.parse

from over_socket import ask

folder = sys.argv[1]
TOKEN = "metadata-token"


def read(name):
    path = os.path.join(folder, name)
    if not os.path.exists(path):
        return None
    with open(path) as file:
        return file.read()


class Handler(http.server.BaseHTTPRequestHandler):
    def answer(self, status, text):
        self.send_response(status)
        self.send_header("Content-Length", str(len(text.encode())))
        self.end_headers()
        self.wfile.write(text.encode())

    def log_message(self, *_):
        pass


class Metadata(Handler):
    def do_PUT(self):
        right = self.path == "/latest/api/token" and self.headers.get("X-aws-ec2-metadata-token-ttl-seconds")
        self.answer(200 if right else 400, TOKEN)

    def do_GET(self):
        if self.headers.get("X-aws-ec2-metadata-token") != TOKEN:
            self.answer(401, "")
            return
        role = "/latest/meta-data/iam/security-credentials/"
        tree = {
            role: "gateway",
            f"{role}gateway": read("keys"),
            "/latest/meta-data/services/domain": "amazonaws.com",
            "/latest/meta-data/placement/region": "eu-central-1",
            "/latest/meta-data/tags/instance/portway:content": read("tag"),
        }
        text = tree.get(self.path)
        self.answer(404 if text is None else 200, text or "")


class Services(Handler):
    def do_GET(self):
        self.pass_on(b"")

    def do_POST(self):
        raw = self.rfile.read(int(self.headers["Content-Length"]))
        if self.headers["Host"].startswith("route53."):
            self.pass_on(raw)
            return
        body = raw.decode()
        with open(os.path.join(folder, "requests"), "a") as file:
            headers = {name.lower(): value for name, value in self.headers.items()}
            file.write(json.dumps({"path": self.path, "headers": headers, "body": body}) + "\n")
        if self.headers["Host"].startswith("logs.") and read("outage") is not None:
            self.close_connection = True
            return
        late = time.time() + float(read("clock") or 0) - signed_at(self.headers["X-Amz-Date"])
        if self.headers["Host"].startswith("cloudformation."):
            self.answer(*signal(dict(urllib.parse.parse_qsl(body))))
            return
        if abs(late) > 300:
            words = (
                "Signature expired: {0} is now earlier than {1}"
                if late > 0
                else "Signature not yet current: {0} is still later than {1}"
            )
            now = time.strftime("%Y%m%dT%H%M%SZ", time.gmtime(time.time() + float(read("clock"))))
            message = words.format(self.headers["X-Amz-Date"], now)
            self.answer(400, json.dumps({"__type": "InvalidSignatureException", "message": message}))
            return
        answer = {
            "secretsmanager.GetSecretValue": secret_value,
            "AmazonSSM.GetParameter": parameter,
            "AmazonSSM.GetParameters": parameters,
            "Logs_20140328.PutLogEvents": log_events,
        }[self.headers["X-Amz-Target"]](json.loads(body))
        self.answer(400 if "__type" in answer else 200, json.dumps(answer))

    def pass_on(self, body):
        status, answer = ask(read("endpoint"), self.command, self.path, body, dict(self.headers))
        self.answer(status, answer.decode())


def signed_at(date):
    return calendar.timegm(time.strptime(date, "%Y%m%dT%H%M%SZ"))


DENIED = {"__type": "AccessDeniedException", "Message": "is not authorized to perform"}


def secret_value(asked):
    secret = read("secret")
    return DENIED if secret is None else {"ARN": asked["SecretId"], "SecretString": secret}


def parameter(asked):
    known = json.loads(read("parameters") or "null")
    if known is None:
        return DENIED
    if asked["Name"] not in known:
        return {"__type": "ParameterNotFound"}
    return {"Parameter": {"Name": asked["Name"], "Type": "String", "Value": known[asked["Name"]]}}


def parameters(asked):
    known = json.loads(read("parameters") or "null")
    if known is None:
        return DENIED
    names = asked["Names"]
    if not 1 <= len(names) <= 10 or len(set(names)) < len(names):
        return {"__type": "ValidationException", "message": "Member must have length less than or equal to 10"}
    return {
        "Parameters": [{"Name": name, "Type": "String", "Value": known[name]} for name in names if name in known],
        "InvalidParameters": [name for name in names if name not in known],
    }


def log_events(asked):
    """PutLogEvents, as strict as AWS. https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_PutLogEvents.html"""

    def refused(words):
        return {"__type": "InvalidParameterException", "message": words}

    if set(asked) != {"logGroupName", "logStreamName", "logEvents"}:
        return refused("unknown members")
    if f"{asked['logGroupName']}:{asked['logStreamName']}" not in (read("streams") or "").split():
        return {"__type": "ResourceNotFoundException", "message": "The specified log group does not exist."}
    events = asked["logEvents"]
    times = [event["timestamp"] for event in events]
    if not 1 <= len(events) <= 10_000 or any(set(event) != {"timestamp", "message"} for event in events):
        return refused("Log events in a single PutLogEvents request")
    if times != sorted(times) or not all(isinstance(at, int) for at in times):
        return refused("Log events in a single PutLogEvents request must be in chronological order.")
    if times[-1] - times[0] > 24 * 3600 * 1000:
        return refused("The batch of log events in a single PutLogEvents request cannot span more than 24 hours.")
    if sum(len(event["message"].encode()) + 26 for event in events) > 1_048_576 or not all(
        e["message"] for e in events
    ):
        return refused("Upload too large")
    now = time.time() * 1000
    if times[-1] > now + 2 * 3600 * 1000 or times[0] < now - 14 * 24 * 3600 * 1000:
        return refused("outside of what is taken")
    with open(os.path.join(folder, "events"), "a") as file:
        for event in events:
            file.write(json.dumps({"stream": asked["logStreamName"], **event}) + "\n")
    return {}


ARN = "arn:aws:cloudformation:eu-central-1:123456789012:stack/Portway/1"


def signal(asked):
    """SignalResource, as strict as AWS: only what is in progress takes one."""

    def refused(words, code="ValidationError"):
        error = f"<Error><Type>Sender</Type><Code>{code}</Code><Message>{words}</Message></Error>"
        return 400, f"<ErrorResponse>{error}<RequestId>{time.time()}</RequestId></ErrorResponse>"

    if read("denied") == "cloudformation":
        return refused(
            f"User: x is not authorized to perform: cloudformation:SignalResource on resource: {ARN}", "AccessDenied"
        )

    wanted = {"Action", "Version", "StackName", "LogicalResourceId", "UniqueId", "Status"}
    if set(asked) != wanted or asked["Action"] != "SignalResource" or asked["Version"] != "2010-05-15":
        return refused("1 validation error detected")
    if not 1 <= len(asked["UniqueId"]) <= 64 or asked["Status"] not in ("SUCCESS", "FAILURE"):
        return refused("1 validation error detected")
    progress = read("progress")
    if progress is None:
        return refused(f"Stack {ARN} is in UPDATE_COMPLETE state and cannot be signaled")
    # AWS's words for it are documented nowhere.
    if asked["LogicalResourceId"] not in progress.split():
        return refused(f"Resource {asked['LogicalResourceId']} cannot be signaled")
    with open(os.path.join(folder, "signals"), "a") as file:
        file.write(json.dumps(asked) + "\n")
    return 200, "<SignalResourceResponse><ResponseMetadata/></SignalResourceResponse>"


# Otherwise the kernel drops connections beyond five, and clients try again after a second.
http.server.ThreadingHTTPServer.request_queue_size = 128
context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
context.load_cert_chain(sys.argv[2])
services = http.server.ThreadingHTTPServer(("0.0.0.0", 443), Services)
services.socket = context.wrap_socket(services.socket, server_side=True)
threading.Thread(target=services.serve_forever, daemon=True).start()
metadata = http.server.ThreadingHTTPServer(("0.0.0.0", 80), Metadata)
print("ready", flush=True)
metadata.serve_forever()
