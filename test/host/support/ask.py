"""Asks the small application and prints its answers, one a line.
Arguments: tcp or udp, address, port, source port (0: any), how many times, source address ("": any)."""

import socket
import sys

protocol, address, port = sys.argv[1], sys.argv[2], int(sys.argv[3])
family = socket.AF_INET6 if ":" in address else socket.AF_INET
for _ in range(int(sys.argv[5])):
    with socket.socket(family, socket.SOCK_STREAM if protocol == "tcp" else socket.SOCK_DGRAM) as client:
        client.settimeout(2)
        client.bind((sys.argv[6], int(sys.argv[4])))
        client.connect((address, port))
        client.sendall(b"GET / HTTP/1.0\r\nHost: test\r\n\r\n" if protocol == "tcp" else b"?")
        answer = b""
        while chunk := client.recv(4096):
            answer += chunk
            if protocol == "udp":
                break
        print(answer.decode().split("\r\n\r\n")[-1])
