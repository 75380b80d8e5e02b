"""Tells which TCP ports of an address answer: {"80": "open", "22": "filtered", ...} on standard output.

open: the handshake was answered; closed: a reset came; filtered: nothing came, or a router said no.
"""

import argparse
import asyncio
import json


async def state(address, port, limit):
    try:
        _reader, writer = await asyncio.wait_for(asyncio.open_connection(address, port), limit)
    except ConnectionRefusedError:
        return "closed"
    except (asyncio.TimeoutError, OSError):
        return "filtered"
    writer.close()
    return "open"


async def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("address")
    parser.add_argument("ports", nargs="+", type=int)
    parser.add_argument("--seconds", type=float, default=1.0)
    options = parser.parse_args()
    states = await asyncio.gather(*(state(options.address, port, options.seconds) for port in options.ports))
    print(json.dumps(dict(zip(map(str, options.ports), states))))


if __name__ == "__main__":
    asyncio.run(main())
