"""A small application that answers every request, and every datagram, with what it saw, as JSON.

It stands behind the gateway (in the VM and on the backend hosts), so that a check can tell which client address,
headers and port arrived. Python's standard library only: it runs as it is on a plain Debian.
"""

import argparse
import json
import os
import socket
import ssl
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from socketserver import BaseRequestHandler, ThreadingUDPServer

BODY_LIMIT = 1 << 20


def plain(address):
    """IPv4 comes in through the same socket as IPv6, and is written as what it is."""
    return address.removeprefix("::ffff:")


class Echo(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    # The answer goes out in one piece: no wait for an acknowledgement between headers and body.
    wbufsize = -1

    def answer(self):
        length = min(int(self.headers.get("Content-Length") or 0), BODY_LIMIT)
        body = self.rfile.read(length)
        seen = {
            "host": self.host,
            "address": plain(self.connection.getsockname()[0]),
            "port": self.server.server_port,
            "tls": isinstance(self.connection, ssl.SSLSocket),
            "client": {"address": plain(self.client_address[0]), "port": self.client_address[1]},
            "method": self.command,
            "path": self.path,
            "headers": {name.lower(): value for name, value in self.headers.items()},
            "body": body.decode("utf-8", "replace"),
        }
        data = (json.dumps(seen) + "\n").encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(data)
        self.wfile.flush()

    do_GET = do_HEAD = do_POST = do_PUT = do_DELETE = do_PATCH = do_OPTIONS = answer

    def log_message(self, format, *args):
        pass


class Server(ThreadingHTTPServer):
    address_family = socket.AF_INET6
    daemon_threads = True
    request_queue_size = 128
    context = None

    def finish_request(self, request, client_address):
        # The handshake belongs to the connection's own thread, or one silent client would stop all others.
        if self.context:
            request = self.context.wrap_socket(request, server_side=True)
        super().finish_request(request, client_address)

    def handle_error(self, request, client_address):
        # Scans and broken handshakes are part of the rehearsal.
        pass


class Datagram(BaseRequestHandler):
    def handle(self):
        data, own = self.request
        seen = {
            "host": self.host,
            "port": own.getsockname()[1],
            "client": {"address": plain(self.client_address[0]), "port": self.client_address[1]},
            "body": data.decode("utf-8", "replace"),
        }
        own.sendto((json.dumps(seen) + "\n").encode(), self.client_address)


class DatagramServer(ThreadingUDPServer):
    address_family = socket.AF_INET6
    daemon_threads = True


def listener(text):
    """`http-8080`, `https-8443` or `udp-5353`, as systemd can carry it in the name of a unit."""
    speech, port = text.split("-")
    if speech not in ("http", "https", "udp"):
        raise ValueError(text)
    return speech, int(port)


def server(speech, port, certificate):
    if speech == "udp":
        return DatagramServer(("::", port), Datagram)
    made = Server(("::", port), Echo)
    if speech == "https":
        made.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        made.context.load_cert_chain(certificate)
    return made


def tell_ready():
    """Tells systemd, where it has started this, that all ports are listened on (sd_notify(3))."""
    path = os.environ.get("NOTIFY_SOCKET")
    if path:
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as notify:
            notify.connect("\0" + path[1:] if path.startswith("@") else path)
            notify.send(b"READY=1")


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--http", type=int)
    parser.add_argument("--https", type=int)
    parser.add_argument(
        "--listen", type=listener, action="append", default=[], help="such as udp-5353; again and again"
    )
    parser.add_argument("--name", default=socket.gethostname(), help="what it calls its host")
    parser.add_argument("--certificate", help="PEM file with key and certificate")
    options = parser.parse_args()
    Echo.host = Datagram.host = options.name
    wanted = [*options.listen]
    if options.http:
        wanted.append(("http", options.http))
    if options.https:
        wanted.append(("https", options.https))
    servers = [server(*one, options.certificate) for one in wanted]
    tell_ready()
    threads = [threading.Thread(target=server.serve_forever) for server in servers]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


if __name__ == "__main__":
    main()
