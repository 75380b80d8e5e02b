"""A web server of lists over TLS: lists.py PORT FOLDER, with cert.pem and key.pem in it. /moved leads to plain HTTP."""

import http.server
import ssl
import sys


class Lists(http.server.SimpleHTTPRequestHandler):
    def do_GET(self):
        if self.path != "/moved":
            return super().do_GET()
        self.send_response(302)
        self.send_header("Location", "http://lists.example/drop.txt")
        self.end_headers()

    def __init__(self, *words):
        super().__init__(*words, directory=sys.argv[2])


server = http.server.ThreadingHTTPServer(("", int(sys.argv[1])), Lists)
context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
context.load_cert_chain(f"{sys.argv[2]}/cert.pem", f"{sys.argv[2]}/key.pem")
server.socket = context.wrap_socket(server.socket, server_side=True)
print("ready", flush=True)
server.serve_forever()
