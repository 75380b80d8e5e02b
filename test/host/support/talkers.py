"""Clients that count what they do. Each prints it as JSON, bytes both ways unless said otherwise.

talkers.py http SOURCE ADDRESS PORT COUNT STATUS PATH   requests, each over a connection of its own; `bytes` are those of the answers
talkers.py echo SOURCE ADDRESS PORT COUNT SIZE          connections, each of which sends SIZE bytes and reads them again
talkers.py serve PORT                                   sends back what comes, for `echo`
talkers.py send SOURCE ADDRESS PORT COUNT               datagrams, which nobody answers
talkers.py hold SOURCE ADDRESS PORT COUNT               keeps connections open until it is killed; prints `ready`
"""

import json
import socket
import sys
import threading
import time


def connect(source, address, port):
    return socket.create_connection((address, int(port)), timeout=10, source_address=(source, 0))


def http(source, address, port, count, status, path):
    done = {"requests": 0, "bytes": 0, "statuses": {}}
    head = (
        f"GET {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\nX-Test-Status: {status}\r\nUser-Agent: \x1b[2J\r\n\r\n"
    )
    for _ in range(int(count)):
        with connect(source, address, port) as connection:
            connection.sendall(head.encode())
            answer = b""
            while piece := connection.recv(65536):
                answer += piece
        done["requests"] += 1
        done["bytes"] += len(answer)
        got = answer.split(b" ", 2)[1].decode()
        done["statuses"][got] = done["statuses"].get(got, 0) + 1
    print(json.dumps(done))


def echo(source, address, port, count, size):
    done = {"connections": 0, "bytes": 0}
    for _ in range(int(count)):
        with connect(source, address, port) as connection:
            connection.sendall(b"x" * int(size))
            left = int(size)
            while left > 0:
                got = len(connection.recv(65536))
                if not got:
                    sys.exit("a connection was cut")
                left -= got
        done["connections"] += 1
        done["bytes"] += 2 * int(size)
    print(json.dumps(done))


def serve(port):
    def answer(connection):
        with connection:
            while piece := connection.recv(65536):
                connection.sendall(piece)

    listener = socket.create_server(("::", int(port)), family=socket.AF_INET6, dualstack_ipv6=True, backlog=500)
    print("ready", flush=True)
    while True:
        threading.Thread(target=answer, args=(listener.accept()[0],), daemon=True).start()


def send(source, address, port, count):
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
        client.bind((source, 0))
        for _ in range(int(count)):
            client.sendto(b"x", (address, int(port)))
    print(json.dumps({"datagrams": int(count)}))


def hold(source, address, port, count):
    kept = [connect(source, address, port) for _ in range(int(count))]
    print("ready", flush=True)
    time.sleep(600)
    del kept


{"http": http, "echo": echo, "serve": serve, "send": send, "hold": hold}[sys.argv[1]](*sys.argv[2:])
