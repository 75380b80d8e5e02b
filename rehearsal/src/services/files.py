"""Serves a folder over HTTP/1.1: the lab's package repository. Connections are kept, as apt likes it."""

import argparse
import functools
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer


class Files(SimpleHTTPRequestHandler):
    protocol_version = "HTTP/1.1"


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--address", required=True)
    parser.add_argument("--folder", required=True)
    options = parser.parse_args()
    server = ThreadingHTTPServer((options.address, 80), functools.partial(Files, directory=options.folder))
    server.daemon_threads = True
    server.serve_forever()


if __name__ == "__main__":
    main()
