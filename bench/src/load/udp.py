"""Sends or receives datagrams of 64 bytes that carry sequence numbers, and counts them.

udp.py receive PORT
    Prints `ready`, waits for a first datagram (10 s), and ends when none has come for half a second.
udp.py send HOST PORT SECONDS RATE [new-flows]
    One datagram a system call, as applications send them, RATE in a second; 0 is as fast as it can. With `new-flows`, every
    second datagram comes from a new socket: rules for new flows are asked about it.

Both print one JSON object at the end.
"""

import ctypes
import json
import socket
import struct
import sys
import time

SIZE = 64
NUMBER = struct.Struct("!Q")
# Datagrams between two looks at the clock.
BURST = 16
# Received with one system call, so that the receiver is not the limit.
BATCH = 64
SO_RCVBUFFORCE = 33
MSG_WAITFORONE = 0x10000


class Iovec(ctypes.Structure):
    _fields_ = [("base", ctypes.c_void_p), ("length", ctypes.c_size_t)]


class Header(ctypes.Structure):
    _fields_ = [
        ("name", ctypes.c_void_p),
        ("name_length", ctypes.c_uint32),
        ("vector", ctypes.POINTER(Iovec)),
        ("vector_length", ctypes.c_size_t),
        ("control", ctypes.c_void_p),
        ("control_length", ctypes.c_size_t),
        ("flags", ctypes.c_int),
    ]


class Message(ctypes.Structure):
    _fields_ = [("header", Header), ("length", ctypes.c_uint)]


def batch_over(buffer):
    """Messages for recvmmsg(2), which the standard library does not have, each of a part of the buffer."""
    memory = (ctypes.c_char * len(buffer)).from_buffer(buffer)
    vectors = (Iovec * BATCH)()
    messages = (Message * BATCH)()
    for i in range(BATCH):
        vectors[i].base = ctypes.addressof(memory) + i * SIZE
        vectors[i].length = SIZE
        messages[i].header.vector = ctypes.pointer(vectors[i])
        messages[i].header.vector_length = 1
    return messages


def receive(port):
    sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    # What waits for this process to be scheduled is not lost on the way.
    sock.setsockopt(socket.SOL_SOCKET, SO_RCVBUFFORCE, 256 << 20)
    sock.bind(("", port))
    buffer = bytearray(SIZE * BATCH)
    messages = batch_over(buffer)
    recvmmsg = ctypes.CDLL(None, use_errno=True).recvmmsg
    wait_at_most(sock, 10)
    print("ready", flush=True)
    received, seen = 0, bytearray(1 << 24)
    first = last = 0.0
    while (count := recvmmsg(sock.fileno(), messages, BATCH, MSG_WAITFORONE, None)) > 0:
        last = time.monotonic()
        if received == 0:
            first = last
            wait_at_most(sock, 0.5)
        received += count
        for i in range(count):
            seen[NUMBER.unpack_from(buffer, i * SIZE)[0]] = 1
    print(json.dumps({"received": received, "distinct": seen.count(1), "seconds": last - first}))


def wait_at_most(sock, seconds):
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVTIMEO, struct.pack("ll", int(seconds), int(seconds % 1 * 1e6)))


def send(host, port, seconds, rate, new_flows):
    def connected():
        sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        sock.connect((host, port))
        return sock

    sock = connected()
    datagram = bytearray(SIZE)
    sent = 0
    start = time.monotonic()
    while (now := time.monotonic() - start) < seconds:
        # What was missed is caught up.
        if rate and sent > now * rate:
            time.sleep(0.0002)
            continue
        for number in range(sent, sent + BURST):
            NUMBER.pack_into(datagram, 0, number)
            if new_flows and number % 2:
                with connected() as other:
                    other.send(datagram)
            else:
                sock.send(datagram)
        sent += BURST
    print(json.dumps({"sent": sent, "seconds": time.monotonic() - start}))


if __name__ == "__main__":
    command, *words = sys.argv[1:]
    if command == "receive":
        receive(int(words[0]))
    else:
        send(words[0], int(words[1]), float(words[2]), float(words[3]), "new-flows" in words)
