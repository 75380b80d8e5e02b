"""A TLS server: tls.py PORT NAME CERTIFICATE [proxy]. Tells who it is, for which name it was asked and whom it saw, in HTTP.

With `proxy` each connection must begin with the PROXY protocol, version 1. CERTIFICATE is a PEM file with the key in it."""

import json
import socket
import ssl
import sys
import threading

port, name, certificate = int(sys.argv[1]), sys.argv[2], sys.argv[3]
told = sys.argv[4:] == ["proxy"]
context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
context.load_cert_chain(certificate)
asked = threading.local()


def remember(_, server_name, __):
    asked.name = server_name


context.sni_callback = remember


def proxy_line(client):
    line = b""
    while not line.endswith(b"\r\n"):
        line += client.recv(1)
    return line.decode().strip()


def serve(client, address):
    asked.name = None
    said = {"server": name, "seen": address[0].removeprefix("::ffff:")}
    try:
        if told:
            said["proxy"] = proxy_line(client)
        with context.wrap_socket(client, server_side=True) as secure:
            said["asked"] = asked.name
            while not secure.recv(65536).endswith(b"\r\n\r\n"):
                pass
            body = json.dumps(said)
            secure.sendall(f"HTTP/1.0 200 OK\r\nContent-Length: {len(body)}\r\n\r\n{body}".encode())
    except OSError:
        pass  # what the client did not like is for the client to tell


listener = socket.create_server(("::", port), family=socket.AF_INET6, dualstack_ipv6=True, backlog=128)
print("ready", flush=True)
while True:
    threading.Thread(target=serve, args=listener.accept(), daemon=True).start()
