"""Sends a datagram, up to three times, and writes what came back to standard output; nothing when nothing came."""

import argparse
import socket


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("address")
    parser.add_argument("port", type=int)
    parser.add_argument("--seconds", type=float, default=2)
    options = parser.parse_args()
    with socket.socket(socket.AF_INET6 if ":" in options.address else socket.AF_INET, socket.SOCK_DGRAM) as client:
        client.settimeout(options.seconds)
        # Connected: an answer of anybody else does not count, and a refusal is heard.
        client.connect((options.address, options.port))
        for _ in range(3):
            try:
                client.send(b"rehearsal")
                print(client.recv(65535).decode("utf-8", "replace"), end="")
                return
            except OSError:
                continue


if __name__ == "__main__":
    main()
