"""A client that does to a TCP connection what it is told, in order. Arguments: address, port, and steps:
send:TEXT (with Python's escapes), hello:NAME (sends what TLS begins with), fill:BYTES (sends so many, or as many as are taken), shut (ends its direction), reset (breaks off),
sleep:SECONDS, until:TEXT (reads until that came), read (reads until the end, and prints all that came and how it ended),
udp:SIZE:WORDS (a datagram of that size that begins with those words), datagrams:COUNT (prints the sizes and beginnings of so many)."""

import socket
import ssl
import struct
import sys
import time

address, port, steps = sys.argv[1], int(sys.argv[2]), sys.argv[3:]
family = socket.AF_INET6 if ":" in address else socket.AF_INET
datagrams = steps[0].startswith("udp:")
s = socket.socket(family, socket.SOCK_DGRAM if datagrams else socket.SOCK_STREAM)
s.settimeout(15)
s.connect((address, port))
came = b""
for step in steps:
    word, _, value = step.partition(":")
    if word == "send":
        s.sendall(value.encode().decode("unicode_escape").encode("latin1"))
    elif word == "hello":
        incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        tls = ssl.create_default_context().wrap_bio(incoming, outgoing, server_hostname=value)
        try:
            tls.do_handshake()
        except ssl.SSLWantReadError:
            s.sendall(outgoing.read())
    elif word == "fill":
        try:
            s.sendall(b"x" * int(value))
        except OSError:
            pass
    elif word == "shut":
        s.shutdown(socket.SHUT_WR)
    elif word == "reset":
        s.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        s.close()
    elif word == "sleep":
        time.sleep(float(value))
    elif word == "until":
        while value.encode() not in came:
            chunk = s.recv(65536)
            if not chunk:
                sys.exit(f"ended before {value}: {came!r}")
            came += chunk
    elif word == "read":
        how = "end"
        try:
            while chunk := s.recv(65536):
                came += chunk
        except TimeoutError:
            how = "silence"
        except OSError:
            how = "reset"
        print(came.decode("latin1") + " " + how)
    elif word == "udp":
        size, words = value.split(":")
        s.send(words.encode() + b" " * (int(size) - len(words)))
    elif word == "datagrams":
        for _ in range(int(value)):
            data = s.recv(65536)
            print(len(data), *data[:40].split()[:2])
