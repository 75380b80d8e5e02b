"""One of several targets: says in JSON who it is and which request of its this was. Arguments: port, name, a file that it adds a line to
for each request that it gets, such as `GET /path`.

What it does can be asked for, by headers: X-Test-Status (its status), X-Test-Header ("name: value", as often as wanted), X-Test-Size (so
many bytes in place of the JSON), X-Test-Pause (seconds before it answers), X-Test-Break (closes instead of answering). With X-Test-At (a
name) only the target of that name does so."""

import http.server
import itertools
import json
import socket
import socketserver
import sys
import time

NAME = sys.argv[2]
# Each line is written at once: it outlives whoever wrote it.
seen = open(sys.argv[3], "a", buffering=1)
count = itertools.count(1)


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    # An answer leaves in one piece: who is killed has answered or has not.
    wbufsize = -1

    def answer(self):
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        seen.write(f"{self.command} {self.path}\n")
        asked = self.headers if self.headers.get("X-Test-At", NAME) == NAME else {}
        time.sleep(float(asked.get("X-Test-Pause", 0)))
        if asked.get("X-Test-Break"):
            self.close_connection = True
            return
        about = {
            "name": NAME,
            "count": next(count),
            "method": self.command,
            "path": self.path,
            "headers": {name.lower(): value for name, value in self.headers.items()},
            "length": len(body),
            # The same number in two answers: they came over one connection.
            "connection": self.client_address[1],
        }
        size = asked.get("X-Test-Size")
        content = json.dumps(about).encode() if size is None else b"x" * int(size)
        headers = asked.get_all("X-Test-Header", []) if asked else []
        self.send(int(asked.get("X-Test-Status", 200)), content, headers)

    do_GET = do_HEAD = do_POST = do_PUT = do_DELETE = do_PATCH = do_OPTIONS = do_PROPFIND = answer

    def send(self, status, content, headers):
        # As send_response, which would add a Date beside one that was asked for.
        self.send_response_only(status)
        if not any(header.startswith("Date: ") for header in headers):
            self.send_header("Date", self.date_time_string())
        for header in headers:
            self.send_header(*header.split(": ", 1))
        if status != 304:
            self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        if self.command != "HEAD" and status != 304:
            self.wfile.write(content)

    def log_message(self, *_):
        pass


class Server(socketserver.ThreadingTCPServer):
    address_family = socket.AF_INET6
    allow_reuse_address = True
    daemon_threads = True
    request_queue_size = 512

    def handle_error(self, *_):
        pass


server = Server(("::", int(sys.argv[1])), Handler)
print("ready", flush=True)
server.serve_forever()
