"""Asks a URL at a steady pace until its standard input is closed, then tells what came back, as one JSON object.

{"requests": 400, "lost": 2, "downtime": 0.31, "seen": {"200": 398, "ConnectionRefusedError": 2}}

Each request is a connection of its own and does not wait for the ones before it: a gateway that hangs is asked as
often as one that answers. downtime is the longest time without a good answer (below 500), in seconds.
"""

import argparse
import asyncio
import collections
import json
import ssl
import sys
import time
from urllib.parse import urlsplit


async def ask(url):
    """The status as text."""
    secure = url.scheme == "https"
    port = url.port or (443 if secure else 80)
    reader, writer = await asyncio.open_connection(
        url.hostname, port, ssl=ssl._create_unverified_context() if secure else None
    )
    try:
        path = (url.path or "/") + (f"?{url.query}" if url.query else "")
        writer.write(f"GET {path} HTTP/1.1\r\nHost: {url.netloc}\r\nConnection: close\r\n\r\n".encode())
        words = (await reader.readline()).split()
        return words[1].decode("ascii", "replace") if len(words) > 1 else "no answer"
    finally:
        writer.close()


async def outcome(url, limit):
    """The status as text, or the kind of error."""
    try:
        return await asyncio.wait_for(ask(url), limit)
    except asyncio.TimeoutError:
        return "timeout"
    except OSError as error:
        return type(error).__name__


def good(seen):
    return seen.isdecimal() and int(seen) < 500


class Record:
    def __init__(self):
        self.seen = collections.Counter()
        self.last_good = time.monotonic()
        self.downtime = 0.0

    def add(self, seen):
        self.seen[seen] += 1
        if good(seen):
            self.until(time.monotonic())
            self.last_good = time.monotonic()

    def until(self, now):
        """Counts the time since the last good answer."""
        self.downtime = max(self.downtime, now - self.last_good)


async def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("url", type=urlsplit)
    parser.add_argument("--rate", type=float, default=20, help="requests a second")
    parser.add_argument("--seconds", type=float, default=3, help="longest time for an answer")
    options = parser.parse_args()

    record = Record()
    ended = asyncio.Event()
    asyncio.get_running_loop().run_in_executor(None, sys.stdin.read).add_done_callback(lambda _: ended.set())

    async def one():
        record.add(await outcome(options.url, options.seconds))

    running = set()
    begin = time.monotonic()
    asked = 0
    while not ended.is_set():
        task = asyncio.create_task(one())
        running.add(task)
        task.add_done_callback(running.discard)
        asked += 1
        # By the clock and not by sleeping: a busy machine must not thin out the requests.
        await asyncio.sleep(max(0, begin + asked / options.rate - time.monotonic()))
    end = time.monotonic()
    if running:
        await asyncio.wait(running)
    record.until(end)
    lost = sum(count for seen, count in record.seen.items() if not good(seen))
    answer = {"requests": asked, "lost": lost, "downtime": round(record.downtime, 3), "seen": record.seen}
    print(json.dumps(answer))


if __name__ == "__main__":
    asyncio.run(main())
