"""A client that counts what it got, while something happens to the gateway. Ends when a file appears, and prints its counts as JSON.
Arguments: the gateway's address; for each kind a word KIND:PORT:PATH; that file.

  http   requests over a connection for as long as it is kept open; https the same over TLS
  tcp    connections of one exchange each

For each word {"connections", "codes", "bytes"}: connections with at least one answer, answers by status (tcp: ""), and bytes
both ways (https: not counted, since TLS adds its own). A request on a connection that is closed before anything of an answer came is
sent again: nginx ends idle connections at a reload."""

import collections
import json
import os
import socket
import ssl
import sys
import threading
import time

address, *words, stop = sys.argv[1:]
tls = ssl._create_unverified_context()
counts = {word: {"connections": 0, "codes": collections.Counter(), "bytes": 0} for word in words}


def connect(kind, port):
    one = socket.create_connection((address, port), timeout=20)
    return tls.wrap_socket(one) if kind == "https" else one


def answer(connection):
    """The status and the size of a whole answer; nothing if the connection was closed before."""
    data = b""
    try:
        while b"\r\n\r\n" not in data:
            piece = connection.recv(65536)
            if not piece:
                break
            data += piece
    except ConnectionError:
        pass
    if not data:
        return None
    head = data.partition(b"\r\n\r\n")[0]
    length = next(int(line[15:]) for line in head.split(b"\r\n") if line.lower().startswith(b"content-length:"))
    whole = len(head) + 4 + length
    while len(data) < whole:
        data += connection.recv(65536) or sys.exit("an answer was cut")
    return data[9:12].decode(), len(data), b"Connection: close" in head


def ask(word, kind, port, path):
    mine = counts[word]
    text = f"GET {path} HTTP/1.1\r\nHost: gateway.example\r\nX-Test-Size: 2000\r\n\r\n".encode()
    connection, answered = None, 0
    while not os.path.exists(stop):
        connection = connection or connect(kind, port)
        try:
            connection.sendall(text)
            got = answer(connection)
        except ConnectionError:
            got = None
        if got is None:
            connection, answered = None, 0
            continue
        status, size, closes = got
        mine["codes"][status] += 1
        mine["bytes"] += size + len(text)
        mine["connections"] += answered == 0
        answered += 1
        # So that there are many connections, and so many requests as a small machine counts.
        if answered == 20 or closes:
            connection.close()
            connection, answered = None, 0
        time.sleep(0.002)


def exchange(word, kind, port, path):
    mine = counts[word]
    while not os.path.exists(stop):
        with connect(kind, port) as connection:
            connection.sendall(b"x" * 500)
            got = 0
            while got < 500:
                got += len(connection.recv(65536)) or sys.exit("a connection was cut")
            mine["connections"] += 1
            mine["codes"][""] += 1
            mine["bytes"] += 500 + got
        time.sleep(0.005)


threads = []
for word in words:
    kind, port, path = word.split(":")
    threads.append(threading.Thread(target=exchange if kind == "tcp" else ask, args=[word, kind, int(port), path]))
for thread in threads:
    thread.start()
print("ready", flush=True)
for thread in threads:
    thread.join()
print(json.dumps(counts), flush=True)
