"""An application that knows its user by the connection, as IIS does after a login by NTLM or, unless told otherwise, by Negotiate: what
follows on the connection is that user's. Argument: port.

  Authorization: NTLM hello        401 with a challenge, which counts on this connection alone
  Authorization: NTLM user=NAME    after the challenge: the connection is NAME's; without one: 401
  Authorization: SCHEME user=NAME  (Negotiate and others) the connection is NAME's at once
  /login/NAME                      the same, without a header
  /asks?VALUE&VALUE...             401 with a WWW-Authenticate of each value

It answers 200 with the user's name, a blank and the number of the connection, and 401 where the connection is nobody's. It never says
that it will close."""

import http.server
import socket
import socketserver
import sys
import urllib.parse


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    user, challenged = None, False

    def do_GET(self):
        scheme, _, proof = self.headers.get("Authorization", "").partition(" ")
        if self.path.startswith("/login/"):
            self.user = self.path.removeprefix("/login/")
        elif self.path.startswith("/asks?"):
            self.answer(401, "", *map(urllib.parse.unquote, self.path.partition("?")[2].split("&")))
            return
        elif scheme.lower() == "ntlm" and proof == "hello":
            self.challenged = True
            self.answer(401, "", "NTLM challenge")
            return
        elif proof.startswith("user=") and (scheme.lower() != "ntlm" or self.challenged):
            self.user = proof.removeprefix("user=")
        if self.user is None:
            self.answer(401, "", "Negotiate, NTLM")
        else:
            self.answer(200, f"{self.user} {self.client_address[1]}")

    def answer(self, status, text, *logins):
        body = text.encode()
        self.send_response(status)
        for login in logins:
            self.send_header("WWW-Authenticate", login)
        self.send_header("X-Asked-To", self.headers.get("Connection", "keep open"))
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


class Server(socketserver.ThreadingTCPServer):
    address_family = socket.AF_INET6
    allow_reuse_address = True
    daemon_threads = True
    request_queue_size = 512


server = Server(("::", int(sys.argv[1])), Handler)
print("ready", flush=True)
server.serve_forever()
