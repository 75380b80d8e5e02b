"""What a host of EC2 with a role finds: its metadata (IMDSv2) on port 80; Secrets Manager and Parameter Store on port 443, over TLS.
Arguments: a folder and the file of a certificate with its key. The folder holds `secret`, the text of the one secret, `parameters`, an
object of them by name, and `keys`, the role's credentials as IMDS tells them; where there is no such file, nothing is told. Each
request to the services is added to its file `requests`, a line of JSON. Whether it is signed right, others judge."""

import http.server
import json
import os
import ssl
import sys
import threading

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
        }
        text = tree.get(self.path)
        self.answer(404 if text is None else 200, text or "")


class Services(Handler):
    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"])).decode()
        with open(os.path.join(folder, "requests"), "a") as file:
            headers = {name.lower(): value for name, value in self.headers.items()}
            file.write(json.dumps({"path": self.path, "headers": headers, "body": body}) + "\n")
        answer = {
            "secretsmanager.GetSecretValue": secret_value,
            "AmazonSSM.GetParameter": parameter,
        }[self.headers["X-Amz-Target"]](json.loads(body))
        self.answer(400 if "__type" in answer else 200, json.dumps(answer))


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


context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
context.load_cert_chain(sys.argv[2])
services = http.server.ThreadingHTTPServer(("0.0.0.0", 443), Services)
services.socket = context.wrap_socket(services.socket, server_side=True)
threading.Thread(target=services.serve_forever, daemon=True).start()
metadata = http.server.ThreadingHTTPServer(("0.0.0.0", 80), Metadata)
print("ready", flush=True)
metadata.serve_forever()
