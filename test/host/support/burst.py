"""Opens connections (UDP: flows) all at once, keeps them open, and prints how many were answered within 0.9 s: a TCP client asks a
second time only after one second. Then, for each further argument, a number of them is closed and one more is tried, for 3 s.
Arguments: tcp or udp, address, port, source address, how many, numbers to close. Prints counts, separated by blanks."""

import select
import socket
import struct
import sys
import time

protocol, address, port, source, count = sys.argv[1], sys.argv[2], int(sys.argv[3]), sys.argv[4], int(sys.argv[5])
family = socket.AF_INET6 if ":" in address else socket.AF_INET
open_ones = []


def start():
    client = socket.socket(family, socket.SOCK_STREAM if protocol == "tcp" else socket.SOCK_DGRAM)
    client.setblocking(False)
    if protocol == "tcp":
        # Closing is then at an end at once, on both sides.
        client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    client.bind((source, 0))
    client.connect_ex((address, port))
    if protocol == "udp":
        client.send(b"?")
    return client


def answered(clients, seconds):
    waiting, good = list(clients), []
    end = time.monotonic() + seconds
    while waiting and time.monotonic() < end:
        read, write = (waiting, []) if protocol == "udp" else ([], waiting)
        for client in sum(select.select(read, write, [], max(0, end - time.monotonic()))[:2], []):
            waiting.remove(client)
            if client.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR) == 0:
                good.append(client)
    for client in waiting:
        client.close()
    return good


def main():
    global open_ones
    open_ones = answered([start() for _ in range(count)], 0.9)
    counts = [len(open_ones)]
    for number in map(int, sys.argv[6:]):
        for client in open_ones[:number]:
            client.close()
        del open_ones[:number]
        end, more = time.monotonic() + 3, []
        while not more and time.monotonic() < end:
            more = answered([start()], 0.5)
        open_ones += more
        counts.append(len(more))
    print(*counts)


main()
