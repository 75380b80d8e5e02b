"""Numbered traffic, to count what is lost. Arguments:
serve PORT                    answers each datagram with itself, and each TCP connection with all numbers from 0 on
udp ADDRESS PORT FILE         a datagram each millisecond until FILE is there; prints how many were sent, and which did not come back
tcp ADDRESS PORT FILE         reads numbers until FILE is there; prints how many came, and whether each was the next one
both as JSON."""

import json
import os
import socket
import struct
import sys
import threading
import time

# Python names it only from 3.13 on: include/uapi/asm-generic/socket.h
SO_RCVBUFFORCE, RECEIVE_BUFFER = 33, 8 << 20


def datagrams(port):
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
        s.setsockopt(socket.SOL_SOCKET, SO_RCVBUFFORCE, RECEIVE_BUFFER)
        s.bind(("", port))
        print("ready", flush=True)
        while True:
            data, client = s.recvfrom(2048)
            s.sendto(data, client)


def count_up(connection):
    number = 0
    try:
        while True:
            connection.sendall(struct.pack("!512Q", *range(number, number + 512)))
            number += 512
            # A long download, not a fast one: others measure on this machine.
            time.sleep(0.002)
    except OSError:
        connection.close()


def numbers(port):
    server = socket.create_server(("", port))
    while True:
        threading.Thread(target=count_up, args=[server.accept()[0]], daemon=True).start()


def udp(address, port, stop):
    came = set()
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
        s.setsockopt(socket.SOL_SOCKET, SO_RCVBUFFORCE, RECEIVE_BUFFER)
        s.connect((address, port))

        def receive():
            while True:
                try:
                    came.add(struct.unpack("!Q", s.recv(2048))[0])
                except ConnectionError:
                    # What an unreachable target answers: a loss like any other.
                    pass
                except OSError:
                    return

        threading.Thread(target=receive, daemon=True).start()
        sent = 0
        print("ready", flush=True)
        while not os.path.exists(stop):
            try:
                s.send(struct.pack("!Q", sent))
            except ConnectionError:
                pass
            sent += 1
            time.sleep(0.001)
        time.sleep(1)
    print(json.dumps({"sent": sent, "lost": sorted(set(range(sent)) - came)}))


def tcp(address, port, stop):
    with socket.create_connection((address, port), 5) as s:
        stream = s.makefile("rb")
        print("ready", flush=True)
        expected, in_order = 0, True
        while not os.path.exists(stop):
            block = struct.unpack("!512Q", stream.read(4096))
            in_order = in_order and block == tuple(range(expected, expected + 512))
            expected += 512
    print(json.dumps({"received": expected, "inOrder": in_order}))


if sys.argv[1] == "serve":
    threading.Thread(target=numbers, args=[int(sys.argv[2])], daemon=True).start()
    datagrams(int(sys.argv[2]))
else:
    (udp if sys.argv[1] == "udp" else tcp)(sys.argv[2], int(sys.argv[3]), sys.argv[4])
