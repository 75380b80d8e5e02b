"""One HTTPS request behind the PROXY protocol: tls_ask.py ADDRESS PORT NAME CLIENT SOURCE. Prints the body of the answer."""

import socket
import ssl
import sys

address, port, name, client, source = sys.argv[1], int(sys.argv[2]), *sys.argv[3:]
context = ssl.create_default_context()
context.check_hostname = False
context.verify_mode = ssl.CERT_NONE
with socket.create_connection((address, port), 5, (source, 0)) as connection:
    connection.sendall(f"PROXY TCP4 {client} {address} 40000 {port}\r\n".encode())
    with context.wrap_socket(connection, server_hostname=name) as secure:
        secure.sendall(f"GET / HTTP/1.0\r\nHost: {name}\r\n\r\n".encode())
        print(secure.makefile("rb").read().decode().partition("\r\n\r\n")[2])
