"""A small web application that keeps connections open: says in JSON which request it got. Arguments: port, name, the IPv4
address that it listens on (default: all of the host's, IPv6 too).
A WebSocket handshake is answered, with what it got in X-Test-Handshake, and every byte after it comes back.

What it answers can be asked for: X-Test-Status (its status), X-Test-Header ("name: value", as often as wanted), X-Test-Pieces (so many
server-sent events, one a second), X-Test-Pause (seconds before it answers), X-Test-Filler (so many
bytes more), X-Test-Body (so many bytes of the request's body at most)."""

import base64
import hashlib
import http.server
import json
import socket
import socketserver
import sys
import time


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    # Otherwise a body waits 40 ms for the acknowledgement of its head.
    disable_nagle_algorithm = True

    def answer(self):
        if self.headers.get("Upgrade") == "websocket" and self.headers.get("Connection") == "upgrade":
            self.echo()
            return
        request = {
            "name": sys.argv[2],
            "method": self.command,
            "path": self.path,
            # Python makes one slash of those that a path begins with.
            "asked": self.requestline.split()[1],
            "headers": [[name.lower(), value] for name, value in self.headers.items()],
            "body": self.rfile.read(int(self.headers.get("Content-Length", 0))).decode()[: self.most_of_body()],
            "address": self.connection.getsockname()[0].removeprefix("::ffff:"),
            # The same number in two answers: they came over one connection.
            "connection": self.client_address[1],
        }
        if filler := int(self.headers.get("X-Test-Filler", 0)):
            request["filler"] = "x" * filler
        time.sleep(float(self.headers.get("X-Test-Pause", 0)))
        if pieces := int(self.headers.get("X-Test-Pieces", 0)):
            self.events(pieces)
            return
        body = json.dumps(request).encode()
        self.send_response(int(self.headers.get("X-Test-Status", 200)))
        self.send_header("Content-Type", "application/json")
        for header in self.headers.get_all("X-Test-Header", []):
            self.send_header(*header.split(": ", 1))
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def most_of_body(self):
        return int(self.headers.get("X-Test-Body", 1 << 30))

    do_GET = do_POST = do_PUT = do_DELETE = do_PATCH = do_COPY = do_MOVE = answer

    def events(self, pieces):
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream")
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        for i in range(pieces):
            event = f"data: {i}\n\n".encode()
            self.wfile.write(b"%x\r\n%s\r\n" % (len(event), event))
            time.sleep(1)
        self.wfile.write(b"0\r\n\r\n")

    def echo(self):
        # RFC 6455, section 1.3
        key = self.headers["Sec-WebSocket-Key"] + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
        self.send_response(101)
        self.send_header("Upgrade", "websocket")
        self.send_header("Connection", "Upgrade")
        request = {"path": self.path, "headers": [[name.lower(), value] for name, value in self.headers.items()]}
        self.send_header("X-Test-Handshake", json.dumps(request))
        self.send_header("Sec-WebSocket-Accept", base64.b64encode(hashlib.sha1(key.encode()).digest()).decode())
        self.end_headers()
        while data := self.rfile.read1(4096):
            self.wfile.write(data)
        self.close_connection = True

    def log_message(self, *_):
        pass


class Server(socketserver.ThreadingTCPServer):
    address_family = socket.AF_INET6
    allow_reuse_address = True
    daemon_threads = True
    # Beyond its default of 5, the kernel drops what opens a connection, and the client tries again after a second.
    request_queue_size = 512


address = "::ffff:" + sys.argv[3] if len(sys.argv) > 3 else "::"
server = Server((address, int(sys.argv[1])), Handler)
print("ready", flush=True)
server.serve_forever()
