"""EC2's instance metadata service, version 2, for the instances of one rehearsal.

Who asks is told by the source address, as on EC2: each instance has FOLDER/<private address>.json and, beside it,
<private address>.user-data with the exact bytes. Files are read at each request, so a change holds at once.

{"httpTokens": "required"|"optional", "metadata": {tree}, "dynamic": {tree}}: a tree's leaves are texts, its branches
objects; a branch's listing is made here. The hop limit is not: it is the answers' TTL, which the router sets.
"""

import argparse
import json
import os
import secrets
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

TOKEN_LIFE_MAX = 21600
tokens = {}


def look_up(tree, parts):
    """A text for a leaf, a listing for a branch, None where there is nothing."""
    for part in parts:
        if not isinstance(tree, dict):
            return None
        # public-keys/ lists "0=name", and is then asked for "0/": EC2's one oddity.
        tree = tree.get(part) if part in tree else tree.get(next((k for k in tree if k.split("=")[0] == part), None))
    if not isinstance(tree, dict):
        return tree
    return "\n".join(key + ("/" if isinstance(value, dict) and "=" not in key else "") for key, value in tree.items())


class Metadata(BaseHTTPRequestHandler):
    server_version = "EC2ws"
    sys_version = ""
    protocol_version = "HTTP/1.1"
    wbufsize = -1

    def reply(self, status, body=b"", content_type="text/plain", headers=()):
        body = body.encode() if isinstance(body, str) else body
        self.send_response(status)
        self.send_header("Content-Type", content_type)
        self.send_header("Content-Length", str(len(body)))
        for name, value in headers:
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)
        self.wfile.flush()

    def instance(self):
        path = os.path.join(self.server.folder, self.client_address[0])
        try:
            with open(path + ".json", encoding="utf-8") as file:
                found = json.load(file)
            with open(path + ".user-data", "rb") as file:
                return found, file.read()
        except FileNotFoundError:
            return None, b""

    def do_PUT(self):
        if self.path != "/latest/api/token":
            return self.reply(404)
        # A proxy that forwards such a request is how tokens get stolen; EC2 refuses it.
        if "X-Forwarded-For" in self.headers:
            return self.reply(403)
        life = self.headers.get("X-aws-ec2-metadata-token-ttl-seconds", "")
        if not life.isdecimal() or not 1 <= int(life) <= TOKEN_LIFE_MAX:
            return self.reply(400)
        token = secrets.token_urlsafe(40)
        tokens[token] = (self.client_address[0], time.monotonic() + int(life))
        self.reply(200, token, headers=[("X-Aws-Ec2-Metadata-Token-Ttl-Seconds", life)])

    def allowed(self, found):
        token = self.headers.get("X-aws-ec2-metadata-token")
        if token is None:
            return found["httpTokens"] == "optional"
        address, until = tokens.get(token, (None, 0))
        return address == self.client_address[0] and time.monotonic() < until

    def do_GET(self):
        found, user_data = self.instance()
        if found is None:
            return self.reply(404)
        if not self.allowed(found):
            return self.reply(401)
        # The first part is the version: "latest" or a date. All have the same content here.
        _version, *parts = [part for part in self.path.split("?")[0].split("/") if part] or [""]
        if not parts:
            return self.reply(200, "dynamic\nmeta-data\nuser-data")
        if parts == ["user-data"]:
            # No user-data at all is a 404 on EC2.
            if user_data:
                return self.reply(200, user_data, "application/octet-stream")
            return self.reply(404)
        tree = {"meta-data": found["metadata"], "dynamic": found["dynamic"]}
        answer = look_up(tree, parts)
        if answer is None:
            return self.reply(404)
        self.reply(200, answer)

    def log_message(self, format, *args):
        print(time.strftime("%H:%M:%S"), self.client_address[0], format % args, flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--address", required=True)
    parser.add_argument("--folder", required=True)
    options = parser.parse_args()
    server = ThreadingHTTPServer((options.address, 80), Metadata)
    server.daemon_threads = True
    server.folder = options.folder
    server.serve_forever()


if __name__ == "__main__":
    main()
