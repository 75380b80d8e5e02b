#!/usr/bin/env python3
"""Closes the HTTP and HTTPS forwards for maintenance and opens them again, without a deploy; no request is lost by it.

  portway maintenance on [ADDRESS...]   503 for everyone but these clients
  portway maintenance off
  portway maintenance                   tells which

Each server of nginx.conf includes a file of the folder below if it is there, so that a restart of the host changes nothing."""

import ctypes
import ipaddress
import os
import re
import secrets
import shutil
import socket
import subprocess
import sys
import time

FOLDER = "/etc/portway/maintenance"
# What is put in FOLDER's place, and then what was in it.
ASIDE = FOLDER + ".new"


def read(name):
    try:
        with open(f"{FOLDER}/{name}") as file:
            return file.read()
    except FileNotFoundError:
        return ""


def address(text):
    """The one form in which nginx writes a client's address."""
    found = ipaddress.ip_address(text)
    if getattr(found, "scope_id", None):
        raise ValueError(f"{text!r} must be an address without a zone")
    return str(getattr(found, "ipv4_mapped", None) or found)


def close(clients):
    names = [address(client) for client in clients]
    others = '"^(%s)$"' % "|".join(map(re.escape, names))
    os.mkdir(ASIDE)
    files = {
        "plain.conf": f"if ($remote_addr !~ {others}) {{ return 503; }}",
        # A server with limits answers from behind them.
        "limited.conf": f"if ($remote_addr !~ {others}) {{ rewrite ^ /.portway/503 last; }}",
        "stamp.conf": f'return 200 "closed {secrets.token_hex(8)}";',
        "clients": " ".join(names),
    }
    for name, text in files.items():
        with open(f"{ASIDE}/{name}", "w") as file:
            file.write(text + "\n")
    # All of it is on the disk before nginx can find any of it.
    os.sync()
    exchange()


def exchange():
    """One call of the kernel, so that there is the one state or the other whenever the power fails; either may be none."""
    if os.path.exists(FOLDER) and os.path.exists(ASIDE):
        if ctypes.CDLL(None).renameat2(-100, os.fsencode(FOLDER), -100, os.fsencode(ASIDE), 2):
            sys.exit("portway: the state could not be changed")
    elif os.path.exists(FOLDER):
        os.rename(FOLDER, ASIDE)
    else:
        os.rename(ASIDE, FOLDER)


def reload():
    """Until the running nginx tells the stamp that there is now, or none; where it does not, the files say what it goes on with."""
    if not reloaded():
        exchange()
        shutil.rmtree(ASIDE, ignore_errors=True)
        subprocess.run(["nginx", "-s", "reload"])
        sys.exit("portway: nginx goes on as before; see /var/log/portway/error.log")


def reloaded():
    if subprocess.run(["nginx", "-s", "reload"]).returncode:
        return False
    stamp = read("stamp.conf")
    for _ in range(50):
        with socket.socket(socket.AF_UNIX) as client:
            client.connect("/run/portway-nginx/host.sock")
            client.send(b"GET / HTTP/1.0\r\nHost: portway\r\n\r\n")
            body = client.makefile().read().partition("\n\n")[2]
        if body in stamp if stamp else "closed" not in body:
            return True
        time.sleep(0.2)
    return False


words = sys.argv[1:]
if words and os.geteuid():
    sys.exit("portway: must be run by root")
shutil.rmtree(ASIDE, ignore_errors=True)
if words[:1] == ["on"]:
    try:
        close(words[1:])
    except ValueError as error:
        sys.exit(f"portway: {error}")
    reload()
elif words == ["off"]:
    if os.path.exists(FOLDER):
        exchange()
        reload()
elif words:
    sys.exit(__doc__)
shutil.rmtree(ASIDE, ignore_errors=True)
print(f"maintenance: on except for {read('clients')}".rstrip() if read("stamp.conf") else "maintenance: off")
