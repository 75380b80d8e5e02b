"""Clients that never stop asking, while something happens to the gateway: half of them over one connection for as long as it is kept
open, half over a new one for each request. They end when a file appears; then what they saw is printed as JSON, counted.
Arguments: URL, how many clients, that file.

  kept 200, new 200   a whole answer of that status, by the kind of client
  kept closed         the gateway closed a connection after an answer; the request that was on its way was sent again over a new one,
                      as RFC 9110 (9.2.2) wants it from clients for requests like GET. A second failure in a row would count as lost
  kept ..., new ...   the name of an error: a request that was lost"""

import collections
import http.client
import json
import os
import ssl
import sys
import threading
import urllib.parse

url, clients, stop = urllib.parse.urlsplit(sys.argv[1]), int(sys.argv[2]), sys.argv[3]
tls = ssl._create_unverified_context()
SIZE = 20_000
HEADERS = {"X-Test-Size": str(SIZE), "X-Test-Pause": "0.01"}
counts = collections.Counter()


def connect():
    if url.scheme == "https":
        return http.client.HTTPSConnection(url.netloc, timeout=20, context=tls)
    return http.client.HTTPConnection(url.netloc, timeout=20)


def ask(connection):
    """The status of a whole answer."""
    connection.request("GET", "/", headers=HEADERS)
    answer = connection.getresponse()
    try:
        body = answer.read()
    except OSError as error:
        raise http.client.IncompleteRead(b"") from error
    if answer.status == 200 and len(body) != SIZE:
        raise http.client.IncompleteRead(body)
    return answer.status


def run(kind):
    connection, answered = None, False
    while not os.path.exists(stop):
        try:
            if kind == "new" or connection is None:
                connection, answered = connect(), False
            counts[f"{kind} {ask(connection)}"] += 1
            answered = True
            if kind == "new":
                connection.close()
        except (ConnectionResetError, BrokenPipeError, http.client.RemoteDisconnected, ssl.SSLEOFError) as error:
            # On a connection that has carried an answer, before anything of the next one came.
            counts["kept closed" if answered else f"{kind} {type(error).__name__}"] += 1
            connection = None
        except (OSError, http.client.HTTPException) as error:
            counts[f"{kind} {type(error).__name__}"] += 1
            connection = None


threads = [threading.Thread(target=run, args=[("kept", "new")[i % 2]]) for i in range(clients)]
for thread in threads:
    thread.start()
print("ready", flush=True)
for thread in threads:
    thread.join()
print(json.dumps(counts), flush=True)
