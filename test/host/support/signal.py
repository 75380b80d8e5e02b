"""Records signals as the wait condition's URL takes them. Arguments: port, file. A line of JSON for each request."""

import http.server
import json
import sys


class Handler(http.server.BaseHTTPRequestHandler):
    def do_PUT(self):
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        # As the presigned URLs of S3: a Content-Type is not part of what was signed.
        status = 403 if self.headers.get("Content-Type") or "denied" in self.path else 200
        with open(sys.argv[2], "a") as file:
            file.write(json.dumps({"path": self.path, "status": status, "body": body.decode("ascii")}) + "\n")
        self.send_response(status)
        self.end_headers()

    def log_message(self, *_):
        pass


# Otherwise the kernel drops connections beyond five, and clients try again after a second.
http.server.ThreadingHTTPServer.request_queue_size = 128
server = http.server.ThreadingHTTPServer(("0.0.0.0", int(sys.argv[1])), Handler)
print("ready", flush=True)
server.serve_forever()
