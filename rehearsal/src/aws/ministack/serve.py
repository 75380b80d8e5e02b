"""Start the local AWS endpoint: ministack with Portway's additions. Prints one line of JSON when it answers.

usage: serve.py --socket PATH --api-socket PATH --signal-host http://NAME --haste TIMES

It listens on a free port of 127.0.0.1 and on a unix socket (for hosts, which reach no port of this machine), keeps
everything in memory, and ends when its standard input closes: whoever started it cannot leave it behind. Lines there:
"next day" lets the URLs expire that hosts report to, "parameters late SECONDS" shows changed parameters so much later,
"console INSTANCE PATH" says which file has the text of an instance's console,
"short ZONE TYPE ..." lets a zone have no more of these types, and of others again.
"""

import argparse
import asyncio
import json
import os
import socket
import sys
import threading

from signal_url import Signer


def _arguments():
    parser = argparse.ArgumentParser()
    parser.add_argument("--socket", required=True)
    parser.add_argument("--api-socket", required=True)
    parser.add_argument("--signal-host", required=True)
    parser.add_argument(
        "--haste", required=True, type=float, help="how many times faster than on AWS hosts leave a group"
    )
    return parser.parse_args()


def _listen_to_parent(signer):
    def watch():
        for line in sys.stdin.buffer:
            if line == b"next day\n":
                signer.next_day()
            elif line.startswith(b"parameters late "):
                import parameter_store

                parameter_store.visibility.seconds = float(line.split()[-1])
            elif line.startswith(b"console "):
                import console

                _, instance, path = line.decode().rstrip("\n").split(" ", 2)
                console.files[instance] = path
            elif line.startswith(b"short "):
                import instance_types

                _, zone, *types = line.decode().split()
                instance_types.be_short(zone, types)
        os._exit(0)

    threading.Thread(target=watch, name="parent", daemon=True).start()


def _listen():
    """A socket on a free port, held from here on: two runs can never get the same one."""
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    listener.bind(("127.0.0.1", 0))
    listener.listen(64)
    return listener


def _install(arguments, signer):
    """Everything Portway adds. Import order matters: ministack reads its environment when it is imported."""
    import account
    import address
    import auto_scaling
    import balancer
    import connect_endpoint
    import console
    import creation_signal
    import describe
    import draining
    import engine
    import flow_log
    import gateway_attachment
    import group_described
    import group_limit
    import group_rule
    import host_rights
    import instance
    import instance_profile
    import ipv6
    import key_pair
    import pace
    import parameter_store
    import public_address
    import route
    import signal_server
    import wait_condition
    import watching
    from signal_store import SignalStore

    parts = (
        public_address,
        describe,
        console,
        connect_endpoint,
        account,
        ipv6,
        route,
        instance,
        instance_profile,
        address,
        key_pair,
        group_rule,
        group_limit,
        flow_log,
        watching,
        gateway_attachment,
        parameter_store,
        creation_signal,
        host_rights,
        auto_scaling,
        group_described,
        balancer,
        draining,
    )
    pace.set_times(arguments.haste)
    for part in parts:
        part.install()
    store = SignalStore()
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
    signer = Signer(arguments.signal_host)
    _listen_to_parent(signer)
    _install(arguments, signer)
    from ministack import app as ministack

    # Scripts that the machine keeps for another emulator are none of our business.
    ministack._run_init_scripts = lambda: None
    # The socket listens already: whoever connects from now on waits for the server instead of being refused.
    print(json.dumps({"port": port}), flush=True)
    asyncio.run(_serve(ministack.app, listener, arguments.api_socket))


if __name__ == "__main__":
    main()
