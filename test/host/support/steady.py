"""A client that connects every 20 ms, never waiting for an earlier answer, and tells in JSON lines what became of each connection.
Arguments: address, port, a file whose appearance ends it, seconds that an answer may take."""

import json
import os
import socket
import sys
import threading
import time

address, port, stop, patience = sys.argv[1], int(sys.argv[2]), sys.argv[3], float(sys.argv[4])


def attempt():
    at = time.time()
    try:
        with socket.create_connection((address, port), patience) as s:
            s.sendall(b"GET / HTTP/1.0\r\n\r\n")
            answer = b""
            while chunk := s.recv(4096):
                answer += chunk
        name = json.loads(answer.split(b"\r\n\r\n")[-1])["name"]
    except (OSError, ValueError) as error:
        name = f"none: {error!r}"
    print(json.dumps({"at": at * 1000, "took": (time.time() - at) * 1000, "name": name}) + "\n", end="", flush=True)


threads = []
while not os.path.exists(stop):
    threads.append(threading.Thread(target=attempt))
    threads[-1].start()
    time.sleep(0.02)
for thread in threads:
    thread.join()
