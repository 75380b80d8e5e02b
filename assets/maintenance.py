#!/usr/bin/env python3
"""Closes the HTTP and HTTPS forwards for maintenance and opens them again, without a deploy; no request is lost by it.

  portway maintenance on [ADDRESS...]   503 for everyone but these clients
  portway maintenance off
  portway maintenance                   tells which

Each server of nginx.conf includes a file of the folder below if it is there, so that a restart of the host changes nothing."""

import ipaddress
import os
import re
import shutil
import socket
import subprocess
import sys
import time

FOLDER = "/etc/portway/maintenance"


def read(name):
    try:
        with open(f"{FOLDER}/{name}") as file:
            return file.read()
    except FileNotFoundError:
        return ""


def close(clients):
    # The one form in which nginx writes an address.
    names = [str(ipaddress.ip_address(client)) for client in clients]
    others = '"^(%s)$"' % "|".join(map(re.escape, names))
    os.makedirs(FOLDER, exist_ok=True)
    files = {
        "plain.conf": f"if ($remote_addr !~ {others}) {{ return 503; }}",
        # A server with limits answers from behind them.
        "limited.conf": f"if ($remote_addr !~ {others}) {{ rewrite ^ /.portway/503 last; }}",
        "stamp.conf": f'return 200 "closed {time.time()}";',
        "clients": " ".join(names),
    }
    for name, text in files.items():
        with open(f"{FOLDER}/{name}", "w") as file:
            file.write(text + "\n")


def reload():
    """Until the running nginx tells the stamp that there is now, or none."""
    subprocess.run(["nginx", "-s", "reload"], check=True)
    stamp = read("stamp.conf")
    for _ in range(50):
        with socket.socket(socket.AF_UNIX) as client:
            client.connect("/run/portway-nginx.sock")
            client.send(b"GET / HTTP/1.0\r\nHost: portway\r\n\r\n")
            body = client.makefile().read().partition("\n\n")[2]
        if body in stamp if stamp else "closed" not in body:
            return
        time.sleep(0.2)
    sys.exit("portway: nginx goes on as before; see /var/log/portway/error.log")


words = sys.argv[1:]
if words[:1] == ["on"]:
    try:
        close(words[1:])
    except ValueError as error:
        sys.exit(f"portway: {error}")
    reload()
elif words == ["off"]:
    if os.path.exists(FOLDER):
        shutil.rmtree(FOLDER)
        reload()
elif words:
    sys.exit(__doc__)
print(f"maintenance: on except for {read('clients')}".rstrip() if read("stamp.conf") else "maintenance: off")
