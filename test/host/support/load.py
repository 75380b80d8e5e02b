"""Clients that ask without a pause, each over one connection for as long as it is kept open. They end when a file appears; then the
number of each kind of answer is printed as JSON. Targets are asked to take a moment, so that there is always something under way. Arguments: URL, how many clients, that file, how many requests at most in all (0: no
bound), the methods that they take turns with."""

import collections
import http.client
import itertools
import json
import os
import sys
import threading
import urllib.parse

url, clients, stop, most = urllib.parse.urlsplit(sys.argv[1]), int(sys.argv[2]), sys.argv[3], int(sys.argv[4])
methods = sys.argv[5:] or ["GET"]
answers = collections.Counter()
numbers = itertools.count()


def run():
    connection = None
    while not os.path.exists(stop):
        number = next(numbers)
        if most and number >= most:
            return
        method = methods[number % len(methods)]
        try:
            connection = connection or http.client.HTTPConnection(url.netloc, timeout=30)
            body = b"x" if method in ("PUT", "POST") else None
            connection.request(method, f"{url.path or '/'}?{number}", body, {"X-Test-Pause": "0.02"})
            answer = connection.getresponse()
            answer.read()
            said = f"{method} {answer.status}"
        except (OSError, http.client.HTTPException) as error:
            connection, said = None, f"{method} {type(error).__name__}"
        answers[said] += 1


threads = [threading.Thread(target=run) for _ in range(clients)]
for thread in threads:
    thread.start()
print("ready", flush=True)
for thread in threads:
    thread.join()
print(json.dumps(answers), flush=True)
