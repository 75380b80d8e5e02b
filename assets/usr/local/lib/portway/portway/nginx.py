"""What the running nginx reports about itself, on a socket that only root can use."""

import _socket
import sys

from portway.files import read

SOCKET = "/run/portway-nginx/host.sock"
CONFIGURATION = "/etc/nginx/nginx.conf"


def ask(path: str) -> str:
    """@raise OSError if nginx does not answer"""
    # The module socket takes longer to import than nginx to answer.
    client = _socket.socket(_socket.AF_UNIX)
    try:
        client.settimeout(3)
        client.connect(SOCKET)
        client.send(f"GET {path} HTTP/1.0\r\nHost: portway\r\n\r\n".encode())
        answer = b""
        while piece := client.recv(65536):
            answer += piece
    finally:
        client.close()
    return answer.decode().partition("\r\n\r\n")[2]


def is_current() -> bool:
    """Whether nginx runs the configuration on the disk. A reload succeeds even if it did not work, so only nginx itself
    can tell."""
    try:
        return f'200 "{ask("/generation").strip()}";' in read(CONFIGURATION)
    except OSError:
        return False


def main(words: list[str]) -> None:
    """portway nginx: fails unless nginx runs the configuration on the disk"""
    sys.exit(not is_current())
