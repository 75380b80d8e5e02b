"""Start the local AWS endpoint: ministack with Portway's additions. Prints one line of JSON when it answers.

usage: serve.py --socket PATH --api-socket PATH --signal-host http://NAME [--signal-expires SECONDS]

It listens on a free port of 127.0.0.1 and on a unix socket (for hosts, which reach no port of this machine), keeps everything in memory, and ends when its standard input closes: whoever
started it cannot leave it behind.
"""

import argparse
import asyncio
import json
import os
import socket
import sys
import threading


def _arguments():
    parser = argparse.ArgumentParser()
    parser.add_argument("--socket", required=True)
    parser.add_argument("--api-socket", required=True)
    parser.add_argument("--signal-host", required=True)
    parser.add_argument("--signal-expires", type=int, default=86399)
    return parser.parse_args()


def _end_with_parent():
    def watch():
        while sys.stdin.buffer.read(4096):
            pass
        os._exit(0)

    threading.Thread(target=watch, name="parent", daemon=True).start()


def _listen():
    """A socket on a free port, held from here on: two runs can never get the same one."""
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    listener.bind(("127.0.0.1", 0))
    listener.listen(64)
    return listener


def _install(arguments):
    """Everything Portway adds. Import order matters: ministack reads its environment when it is imported."""
    import address
    import describe
    import engine
    import flow_log
    import gateway_attachment
    import group_limit
    import group_rule
    import instance
    import instance_profile
    import ipv6
    import key_pair
    import public_address
    import route
    import signal_server
    import wait_condition
    from signal_store import SignalStore
    from signal_url import Signer

    parts = (
        public_address,
        describe,
        ipv6,
        route,
        instance,
        instance_profile,
        address,
        key_pair,
        group_rule,
        group_limit,
        flow_log,
        gateway_attachment,
    )
    for part in parts:
        part.install()
    store = SignalStore()
    signer = Signer(arguments.signal_host, arguments.signal_expires)
    wait_condition.install(signer, store)
    engine.wait_late(wait_condition.CONDITION)
    engine.events_in_order()
    engine.new_resources_are_created()
    signal_server.start(arguments.socket, signer, store)


async def _serve(app, listener, path):
    from hypercorn.asyncio import serve
    from hypercorn.config import Config

    config = Config()
    config.bind = [f"fd://{listener.fileno()}", f"unix:{path}"]
    config.keep_alive_timeout = 75
    config.loglevel = "WARNING"
    await serve(app, config)


def main():
    arguments = _arguments()
    listener = _listen()
    port = listener.getsockname()[1]
    os.environ["GATEWAY_PORT"] = str(port)
    _end_with_parent()
    _install(arguments)
    from ministack import app as ministack

    # Scripts that the machine keeps for another emulator are none of our business.
    ministack._run_init_scripts = lambda: None
    # The socket listens already: whoever connects from now on waits for the server instead of being refused.
    print(json.dumps({"port": port}), flush=True)
    asyncio.run(_serve(ministack.app, listener, arguments.api_socket))


if __name__ == "__main__":
    main()
