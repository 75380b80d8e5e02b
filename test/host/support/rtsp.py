"""A camera and a player of RTSP (RFC 2326), as far as a picture goes: the player asks over TCP, the camera sends numbered RTP
packets over UDP, or inside the connection. As players behind a NAT do, this one sends a datagram to the camera's port first, and the
camera answers to where that came from. Arguments:
    camera ADDRESS PORT RTP-PORT
    play ADDRESS PORT udp|tcp PACKETS    prints what came, as JSON"""

import json
import re
import socket
import sys
import threading
import time


def message(stream):
    head = b""
    while not head.endswith(b"\r\n\r\n"):
        byte = stream.read(1)
        if not byte:
            return ""
        head += byte
    return head.decode()


def packets(count):
    return [b"\x80\x60" + i.to_bytes(2, "big") + bytes(8) + b"picture" * 150 for i in range(count)]


def show(connection, media):
    stream = connection.makefile("rb")
    udp = True
    while request := message(stream):
        verb, sequence = request.split(" ", 1)[0], re.search(r"CSeq: (\d+)", request)[1]
        answer = f"RTSP/1.0 200 OK\r\nCSeq: {sequence}\r\nSession: 1\r\n"
        if verb == "SETUP":
            udp = "interleaved" not in request
            ports = f"server_port={media.getsockname()[1]}-{media.getsockname()[1] + 1}"
            transport = re.search(r"Transport: (.*)\r", request)[1]
            answer += f"Transport: {transport}" + (f";{ports}" if udp else "") + "\r\n"
        connection.sendall(f"{answer}\r\n".encode())
        if verb == "PLAY":
            count = int(re.search(r"Packets: (\d+)", request)[1])
            viewer = media.recvfrom(99)[1] if udp else None
            for packet in packets(count):
                if udp:
                    # About the rate of a film; all at once would not fit into the player's buffer.
                    time.sleep(0.002)
                    media.sendto(packet, viewer)
                else:
                    connection.sendall(b"$\0" + len(packet).to_bytes(2, "big") + packet)


def camera(address, port, rtp):
    media = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    media.bind((address, int(rtp)))
    with socket.create_server((address, int(port))) as server:
        print("ready", flush=True)
        while True:
            threading.Thread(target=show, args=(server.accept()[0], media), daemon=True).start()


def play(address, port, way, count):
    media = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    media.bind(("", 0))
    media.settimeout(3)
    mine = media.getsockname()[1]
    ways = {"udp": f"RTP/AVP;unicast;client_port={mine}-{mine + 1}", "tcp": "RTP/AVP/TCP;unicast;interleaved=0-1"}
    with socket.create_connection((address, int(port)), 3) as connection:
        stream = connection.makefile("rb")

        def ask(sequence, verb, *headers):
            lines = [f"{verb} rtsp://{address}:{port}/ RTSP/1.0", f"CSeq: {sequence}", *headers]
            connection.sendall(("\r\n".join(lines) + "\r\n\r\n").encode())
            return message(stream)

        ask(1, "OPTIONS")
        answer = ask(2, "SETUP", f"Transport: {ways[way]}")
        if way == "udp":
            theirs = int(re.search(r"server_port=(\d+)", answer)[1])
            media.sendto(bytes(4), (address, theirs))
        ask(3, "PLAY", f"Packets: {count}")
        came, sources = [], set()
        for _ in range(int(count)):
            if way == "udp":
                packet, source = media.recvfrom(2048)
                sources.add(f"{source[0]}:{source[1]}")
            else:
                packet = stream.read(int.from_bytes(stream.read(4)[2:], "big"))
            came.append(int.from_bytes(packet[2:4], "big"))
    print(json.dumps({"came": len(set(came)), "sources": sorted(sources)}))


{"camera": camera, "play": play}[sys.argv[1]](*sys.argv[2:])
