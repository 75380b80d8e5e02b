"""Short and long connections through a forward.

carry.py serve PORT                           sends back what comes, over TCP
carry.py ask ADDRESS PORT SHORT LONG FILE     opens LONG connections that talk all the time, and beside them SHORT ones, one
                                              after another; writes how many of these are done to FILE now and then
"""

import select
import socket
import sys

EVERY = 250


def exchange(connection, size):
    connection.sendall(b"x" * size)
    while size > 0:
        got = len(connection.recv(65536))
        if not got:
            sys.exit("a connection was cut")
        size -= got


def serve(port):
    listener = socket.create_server(("", port), backlog=1000)
    poll, open_ones = select.epoll(), {}
    poll.register(listener, select.EPOLLIN)
    print("ready", flush=True)
    while True:
        for file, _ in poll.poll():
            if file == listener.fileno():
                connection = listener.accept()[0]
                open_ones[connection.fileno()] = connection
                poll.register(connection, select.EPOLLIN)
                continue
            text = open_ones[file].recv(65536)
            if text:
                open_ones[file].sendall(text)
            else:
                open_ones.pop(file).close()


def ask(address, port, short, long, record):
    long_ones = [socket.create_connection((address, port)) for _ in range(long)]
    for number in range(short):
        if number % EVERY == 0:
            for connection in long_ones:
                exchange(connection, 20_000)
            with open(record, "w") as file:
                file.write(f"{number}")
        with socket.create_connection((address, port)) as connection:
            exchange(connection, 100)
    for connection in long_ones:
        connection.close()


if sys.argv[1] == "serve":
    serve(int(sys.argv[2]))
else:
    ask(sys.argv[2], int(sys.argv[3]), int(sys.argv[4]), int(sys.argv[5]), sys.argv[6])
