"""Holds one TCP connection open and asks over it at a steady pace, until its standard input is closed; then tells how
that went, as one JSON object.

{"exchanges": 40, "broken": null, "longest": 0.04}

broken: what ended the connection before its time, and after how many exchanges. longest: the longest time that an
answer took, in seconds. Whoever answers must speak HTTP/1.1 and leave the connection open.
"""

import argparse
import json
import socket
import sys
import threading
import time


class Closed(Exception):
    pass


def exchange(connection, stream, host):
    """A request and its whole answer."""
    connection.sendall(f"GET /held HTTP/1.1\r\nHost: {host}\r\n\r\n".encode())
    length = 0
    while line := stream.readline().strip():
        name, _, value = line.partition(b":")
        if name.lower() == b"content-length":
            length = int(value)
    if not length or len(stream.read(length)) < length:
        raise Closed("closed by the other side")


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("address")
    parser.add_argument("port", type=int)
    parser.add_argument("--pause", type=float, default=0.5, help="seconds between two requests")
    parser.add_argument("--seconds", type=float, default=10, help="longest time for an answer")
    options = parser.parse_args()

    ended = threading.Event()
    exchanges = 0
    longest = 0.0
    broken = None
    with socket.create_connection((options.address, options.port), options.seconds) as connection:
        stream = connection.makefile("rb")
        threading.Thread(target=lambda: (sys.stdin.read(), ended.set()), daemon=True).start()
        while not ended.is_set() and broken is None:
            begin = time.monotonic()
            try:
                exchange(connection, stream, options.address)
                exchanges += 1
                longest = max(longest, time.monotonic() - begin)
            except (OSError, Closed) as error:
                broken = f"{type(error).__name__} after {exchanges} exchanges: {error}"
            ended.wait(options.pause)
        ended.wait()
    print(json.dumps({"exchanges": exchanges, "broken": broken, "longest": round(longest, 3)}))


if __name__ == "__main__":
    main()
