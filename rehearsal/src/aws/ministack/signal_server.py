"""Where hosts report: a small HTTP server on a unix socket, as strict as S3 is with a presigned URL.

It needs no port of the machine. The lab listens inside its own network and passes the bytes on unchanged, the Host
header included, because that header is signed.
"""

import os
import socketserver
import threading
from http.server import BaseHTTPRequestHandler

from signal_url import Refused

LIMIT = 4096  # bytes: CloudFormation's quota for a signal


def _handler(signer, store):
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        server_version = "AmazonS3"
        sys_version = ""
        timeout = 30

        def address_string(self):
            return "host"  # a unix peer has no address

        def _error(self, status, code, message):
            error = f"<Error><Code>{code}</Code><Message>{message}</Message></Error>"
            data = f'<?xml version="1.0" encoding="UTF-8"?>\n{error}'.encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/xml")
            self.send_header("Content-Length", str(len(data)))
            self.send_header("Connection", "close")
            self.end_headers()
            if self.command != "HEAD":
                self.wfile.write(data)
            self.close_connection = True

        def _answer(self):
            if self.headers.get("Content-Type"):
                # Today's URLs sign only the host, so S3 may let a type pass; the user guide says it must be empty.
                return self._error(403, "SignatureDoesNotMatch", "Content-Type must be empty or left out.")
            try:
                key = signer.check(self.command, self.path, self.headers.get("Host", ""))
            except Refused as refused:
                return self._error(403, refused.code, refused)
            if self.headers.get("Transfer-Encoding"):
                return self._error(501, "NotImplemented", "Transfer-Encoding is not implemented.")
            length = self.headers.get("Content-Length", "")
            if not length.isdigit():
                return self._error(411, "MissingContentLength", "You must provide the Content-Length HTTP header.")
            if int(length) > LIMIT:
                return self._error(400, "EntityTooLarge", f"A signal may have {LIMIT} bytes, got: {length}")
            store.put(key, self.rfile.read(int(length)))
            self.send_response(200)
            self.send_header("Content-Length", "0")
            self.end_headers()
            return None

        do_PUT = do_GET = do_POST = do_HEAD = do_DELETE = _answer

    return Handler


class _Server(socketserver.ThreadingUnixStreamServer):
    daemon_threads = True


def start(socket_path, signer, store):
    """Listen on socket_path (mode 0600); runs in a thread until the process ends."""
    if os.path.exists(socket_path):
        os.unlink(socket_path)
    before = os.umask(0o177)
    try:
        server = _Server(socket_path, _handler(signer, store))
    finally:
        os.umask(before)
    threading.Thread(target=server.serve_forever, name="signals", daemon=True).start()
    return server
